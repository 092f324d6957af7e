"""The published plastic memory of strings, step by step: the reference for few strings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

from memlab.absent import Absent
from memlab.text.symbols import Mark, Name, String, shared

Counts: TypeAlias = Literal["exact", "published"]
Edges: TypeAlias = dict[Name, dict[Name, None]]  # dictionaries for sets: they keep their order


@final
@dataclass
class PublishedTree:
    """A growing hierarchy of prefixes: match, split, lift, potentiate.

    To learn t, go from the deepest level up and find m, the longest prefix t shares with the
    strings M of a level, until a string of the level above lies inside m. Put m between that parent
    and M, hang t on it; a new m and all below it move one level down; t and all above it count one
    more. Every string learned is compared with nearly every node: n strings cost O(n²).
    (mayahq, plastic-memory.)

    As published, a new m counts 1 and then 2 for t, whatever hangs on it, and "inside" is tested
    anywhere in a string. Exact, m takes over the counts of M, so that a node always counts what its
    children do, and "inside" means that a string begins so. With the start mark, which no string
    has in its middle, the two tests agree; without it the published one cuts strings off.
    """

    counts: Counts = "exact"
    start: Name = (Mark.START,)  # what every string begins with; () shows what its absence breaks
    _count: dict[Name, int] = field(default_factory=dict, init=False)
    _level: dict[Name, int] = field(default_factory=dict, init=False)
    _children: Edges = field(default_factory=dict, init=False)
    _parents: Edges = field(default_factory=dict, init=False)

    def nodes(self) -> dict[Name, tuple[int, int]]:
        """The count and the level of every node, the oldest first."""
        return {name: (count, self._level[name]) for name, count in self._count.items()}

    def edges(self) -> list[tuple[Name, Name]]:
        """Pairs of parent and child."""
        return [(parent, child) for parent, below in self._children.items() for child in below]

    def learn(self, string: String) -> None:
        """Refactor the hierarchy around one string, and potentiate the way to it."""
        t = (*self.start, *string, Mark.END)
        if not self._count:
            self._add(t, count=1, level=0)
            return
        strings = self._by_level()
        level = max(strings)
        m, matches = _longest(t, strings[level])
        while level - 1 in strings and not self._inside(strings[level - 1], m):
            level -= 1
            m, matches = _longest(t, strings[level])
        self._insert(t, m, matches, self._inside(strings.get(level - 1, []), m), level - 1)

    def infer(self, prefix: String) -> Name | Absent:
        """The string reached from a node by the likeliest child each time; of equals, the oldest.

        As published it can only give what was learned, always the same, and only for a prefix that
        is itself a node: nothing backs off.
        """
        said = (*self.start, *prefix)
        while said[-1:] != (Mark.END,):
            if said not in self._count:
                return Absent(f"{prefix!r} is no node: no two strings learned part there")
            said += self._likeliest(said)
        return said[len(self.start) : -1]

    def _by_level(self) -> dict[int, list[Name]]:
        levels: dict[int, list[Name]] = {}
        for name, level in self._level.items():
            levels.setdefault(level, []).append(name)
        return levels

    def _inside(self, parts: list[Name], whole: Name) -> list[Name]:
        return [part for part in parts if self._contains(whole, part)]

    def _contains(self, whole: Name, part: Name) -> bool:
        last = len(whole) - len(part) if self.counts == "published" else 0
        return any(whole[at : at + len(part)] == part for at in range(last + 1))

    def _insert(
        self, t: Name, m: Name, matches: list[Name], parents: list[Name], level: int
    ) -> None:
        self._cut(parents, m)
        new = m not in self._count
        if new:
            self._add(m, count=self._held(matches), level=level)
        if t not in self._count:
            self._add(t, count=0, level=level + 1)

        for parent, child in [(m, t), *((m, v) for v in matches), *((b, m) for b in parents)]:
            self._link(parent, child)
        if new:
            for name in _reached(m, self._children):
                self._level[name] += 1
        for name in _reached(t, self._parents):
            self._count[name] += 1

    def _likeliest(self, node: Name) -> Name:
        """What most often follows ``node`` in its children, each counted as often as learned."""
        n, often = len(node), dict[Name, int]()
        for child in sorted(self._children[node], key=list(self._count).index):
            for at in range(len(child) - n):
                if child[at : at + n] == node:
                    rest = child[at + n :]
                    often[rest] = often.get(rest, 0) + self._count[child]
        return max(often, key=lambda rest: often[rest])

    def _add(self, name: Name, *, count: int, level: int) -> None:
        self._count[name], self._level[name] = count, level
        self._children[name], self._parents[name] = {}, {}

    def _link(self, parent: Name, child: Name) -> None:
        if parent != child:
            self._children[parent][child] = self._parents[child][parent] = None

    def _cut(self, parents: list[Name], m: Name) -> None:
        """Drop the edges on which ``m`` belongs."""
        for parent in parents:
            for child in [v for v in self._children[parent] if self._contains(v, m)]:
                del self._children[parent][child], self._parents[child][parent]

    def _held(self, matches: list[Name]) -> int:
        """What a new node counts before the string it is made for is counted."""
        return 1 if self.counts == "published" else sum(self._count[v] for v in matches)


def _longest(t: Name, strings: list[Name]) -> tuple[Name, list[Name]]:
    """The longest prefix of ``t`` that any of the strings shares, and those that share it."""
    lengths = [shared(t, string) for string in strings]
    most = max(lengths)
    return t[:most], [v for v, length in zip(strings, lengths, strict=True) if length == most]


def _reached(start: Name, edges: Edges) -> Iterator[Name]:
    """``start`` and all it leads to, once for every way there."""
    stack = [start]
    while stack:
        name = stack.pop()
        yield name
        stack.extend(edges[name])
