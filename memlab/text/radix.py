"""A plain radix trie of strings: the yardstick of the published tree and of its rivals."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final

from memlab.text.published import Counts
from memlab.text.symbols import Name, String, Symbol, padded


@final
@dataclass(slots=True)
class Node:
    """A string learned, or a prefix at which such strings part."""

    label: Name  # the symbols between the parent and here, one or more
    count: int = 0  # how often a string was learned whose way leads through here
    children: dict[Symbol, "Node"] = field(default_factory=dict)  # by the first of their label


@final
@dataclass
class Radix:
    """The strings learned and the prefixes at which they part; a string t costs O(|t|).

    count(node) = Σ count(children), and a leaf counts how often its string was learned. With
    published counts a node that splits an edge counts 2, whatever it was put above.
    D. R. Morrison, PATRICIA, Journal of the ACM 15, 514 (1968).
    """

    counts: Counts = "exact"
    root: Node | None = None

    def learn(self, string: String) -> None:
        """Add one string, or count it once more."""
        t, at = padded(string), 0
        node = self.root = self.root or Node(t)
        while True:
            here = _followed(node.label, t, at)
            if here < len(node.label):
                self._split(node, here)
            node.count += 1
            at += here
            if at == len(t):
                return
            if t[at] not in node.children:
                node.children[t[at]] = Node(t[at:])
            node = node.children[t[at]]

    def nodes(self) -> dict[Name, tuple[int, int]]:
        """The count and the level of every node."""
        return {name: (node.count, level) for name, node, level in self._walk()}

    def edges(self) -> list[tuple[Name, Name]]:
        """Pairs of parent and child."""
        return [
            (name, name + child.label)
            for name, node, _ in self._walk()
            for child in node.children.values()
        ]

    def labels(self) -> list[Name]:
        """What stands on every edge: the symbols between a parent and its child; the root's own."""
        return [node.label for _, node, _ in self._walk()]

    def levels(self) -> list[int]:
        """How many nodes there are at every level, the root's first."""
        depths = [level for _, _, level in self._walk()]
        return [depths.count(level) for level in range(max(depths, default=-1) + 1)]

    def _split(self, node: Node, at: int) -> None:
        """Leave ``node`` the first ``at`` symbols of its label; a new child takes over the rest."""
        below = Node(node.label[at:], node.count, node.children)
        node.label, node.children = node.label[:at], {below.label[0]: below}
        if self.counts == "published":
            node.count = 1

    def _walk(self) -> Iterator[tuple[Name, Node, int]]:
        """Every node with its name and its level, parents first."""
        stack = [] if self.root is None else [(self.root.label, self.root, 0)]
        while stack:
            name, node, level = stack.pop()
            yield name, node, level
            stack += [(name + n.label, n, level + 1) for n in node.children.values()]


def _followed(label: Name, t: Name, at: int) -> int:
    """How many symbols of a label ``t`` goes along with from ``at``."""
    end = min(len(label), len(t) - at)
    here = 0
    while here < end and label[here] == t[at + here]:
        here += 1
    return here
