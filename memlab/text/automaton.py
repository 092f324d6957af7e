"""The smallest automaton that accepts a set of strings: what ends alike is stored once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, final

from memlab.text.symbols import String, codes, shared

State: TypeAlias = tuple[bool, tuple[tuple[int, int], ...]]  # may end here?, (symbol, target) each


@final
@dataclass(frozen=True)
class Automaton:
    """A minimal acyclic automaton: no two states are followed by the same set of strings.

    The targets of a state stand before it, the start is the last.
    """

    states: tuple[State, ...]

    def accepts(self, string: String) -> bool:
        """Is the string in the set?"""
        accepting, edges = self.states[-1]
        for symbol in codes(string):
            target = dict(edges).get(symbol)
            if target is None:
                return False
            accepting, edges = self.states[target]
        return accepting

    def edges(self) -> list[tuple[int, int, int]]:
        """State, symbol and target of every edge."""
        return [(s, *edge) for s, (_, edges) in enumerate(self.states) for edge in edges]

    def in_degrees(self) -> list[int]:
        """How many edges lead to each state: more than one where something is shared."""
        degrees = Counter(target for _, _, target in self.edges())
        return [degrees[state] for state in range(len(self.states))]

    def count(self) -> int:
        """How many strings are in the set."""
        ways: list[int] = []
        for accepting, edges in self.states:
            ways.append(accepting + sum(ways[target] for _, target in edges))
        return ways[-1]


@final
class _Path:
    """The states of the string added last: still open, for the next may go through them."""

    def __init__(self) -> None:
        self.known: dict[State, int] = {}  # finished states and their numbers, in order
        self.string: tuple[int, ...] = ()
        self.accepting = [False]
        self.edges: list[list[tuple[int, int]]] = [[]]

    def add(self, string: tuple[int, ...]) -> None:
        """Add the next string of a sorted set."""
        self.close(shared(self.string, string))
        fresh = len(string) + 1 - len(self.edges)
        self.edges += [[] for _ in range(fresh)]
        self.accepting += [False] * fresh
        self.accepting[-1] = True
        self.string = string

    def close(self, depth: int) -> None:
        """Finish the states deeper than ``depth``: take the known one that is equal, if any."""
        while len(self.edges) > depth + 1:
            number = self.finish()
            self.edges[-1].append((self.string[len(self.edges) - 1], number))

    def finish(self) -> int:
        """The number of the deepest open state, which is open no longer."""
        state = self.accepting.pop(), tuple(self.edges.pop())
        return self.known.setdefault(state, len(self.known))


def minimal(strings: Iterable[String]) -> Automaton:
    """The minimal acyclic automaton of a set of strings, built in one pass in sorted order.

    A state can be compared with the finished ones as soon as no later string can go through it:
    Algorithm 1 of J. Daciuk et al., Computational Linguistics 26, 3 (2000).
    """
    path = _Path()
    for string in sorted({codes(string) for string in strings}):
        path.add(string)
    path.close(0)
    path.finish()
    return Automaton(tuple(path.known))
