"""What ever more names cost, in time, memory and bits, and with which power of their number."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np

from memlab.draws import Draws
from memlab.statistics import estimate
from memlab.studies.plastic_tree.corpus import taken, written
from memlab.studies.plastic_tree.planted import described, grown, laid
from memlab.studies.plastic_tree.row import (
    AUTOMATON,
    BYTES,
    CODE,
    EXPONENTS,
    GROWTH,
    NODES,
    PARTING,
    PUBLISHED,
    RADIX,
    SECONDS,
    STATES,
    TREE,
    Row,
)
from memlab.studies.study import singles
from memlab.text.automaton import minimal
from memlab.text.contexts import Forest
from memlab.text.length import CODES
from memlab.text.published import PublishedTree
from memlab.text.radix import Radix
from memlab.text.strings import Strings
from memlab.text.twigs import twigs

Costs: TypeAlias = dict[tuple[str, str], float]  # by form and measure

SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
FITTED = 1_000  # names from which a power is fitted
SLOW = (250, 500, 1_000, 2_000)  # names that the published tree is given
SHARE = 6  # of the largest tree at most, so that a small study stays one
LEAST = SHARE * SLOW[1]
ROUNDS = 3  # of which the fastest counts
LINEAR = 1.1  # the largest power of what grows linearly
QUADRATIC = (1.7, 2.4)
ORDERS = "trees that differ in another order"
WRITTEN = ("adaptive", "zlib", "lzma", "trie", AUTOMATON)  # codes; a grammar takes far longer
POWERS = (
    *((TREE, measure) for measure in (SECONDS, NODES, PARTING, BYTES, CODE)),
    (RADIX, SECONDS),
    (AUTOMATON, STATES),
    *((form, CODE) for form in WRITTEN),
)


@final
@dataclass(frozen=True)
class Growth:
    """Trees of the first 100, 300, … names of an order, up to so many."""

    names: tuple[str, ...]
    most: int
    known: dict[tuple[int, Draws], Costs] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the trees."""
        return (*(n for n in SIZES if n < self.most), self.most)

    @property
    def slow(self) -> tuple[int, ...]:
        """Of the published ones."""
        return tuple(n for n in SLOW if n <= self.most // SHARE)

    def costs(self, n: int, draws: Draws) -> Costs:
        """What a tree of one replicate's first so many names costs, measured once."""
        if (n, draws) not in self.known:
            some = taken(self.names, n, draws.at("growth"))
            self.known[n, draws] = _costs(some) | self._of_order(some, draws)
        return self.known[n, draws]

    def slow_costs(self, n: int, draws: Draws) -> Costs:
        """The same of the published tree."""
        if (-n, draws) not in self.known:
            some = taken(self.names, n, draws.at("growth"))
            self.known[-n, draws] = {(PUBLISHED, SECONDS): _taught(PublishedTree().learn, some)}
        return self.known[-n, draws]

    def _of_order(self, some: list[str], draws: Draws) -> Costs:
        """Whether the largest tree is another one if its names come in another order."""
        if len(some) < self.most:
            return {}
        again = taken(tuple(some), self.most, draws.at("another order"))
        first, second = (laid(grown(written(one))) for one in (some, again))
        return {(TREE, ORDERS): float(first != second)}


def sizes_of(growth: Growth, n: int, draws: Draws) -> list[Row]:
    """The rows of trees of so many names."""
    each = [growth.costs(n, one) for one in singles(draws)]
    return [_row(n, each, key) for key in each[0]]


def slow_sizes_of(growth: Growth, n: int, draws: Draws) -> list[Row]:
    """The row of the published tree of so many names."""
    each = [growth.slow_costs(n, one) for one in singles(draws)]
    return [_row(n, each, key) for key in each[0]]


def exponents(growth: Growth, draws: Draws) -> list[Row]:
    """The power of n with which everything grows, fitted per replicate."""
    large = [n for n in growth.sizes if n >= FITTED]
    own = [[growth.costs(n, one) for n in large] for one in singles(draws)]
    slow = [[growth.slow_costs(n, one) for n in growth.slow] for one in singles(draws)]
    rows = [
        Row(
            EXPONENTS,
            large[0],
            form,
            measure,
            estimate([power(large, [c[form, measure] for c in costs]) for costs in own]),
            most=LINEAR if form == TREE else None,
        )
        for form, measure in POWERS
    ]
    found = [power(growth.slow, [c[PUBLISHED, SECONDS] for c in costs]) for costs in slow]
    published = (PUBLISHED, SECONDS, estimate(found), *QUADRATIC)
    return [*rows, Row(EXPONENTS, growth.slow[0], *published)]


def power(sizes: Iterable[int], costs: Iterable[float]) -> float:
    """The exponent b of costs a nᵇ, by least squares of their logarithms."""
    x, y = np.log([*sizes]), np.log([*costs])
    return float(np.polyfit(x, y, 1)[0])


def _row(n: int, each: list[Costs], key: tuple[str, str]) -> Row:
    exact = 0.0 if key[1] == ORDERS else None
    return Row(GROWTH, n, *key, estimate([one[key] for one in each]), exact, exact)


def _costs(names: list[str]) -> Costs:
    text = written(names)
    times = [_timed(lambda: grown(text)) for _ in range(ROUNDS)]
    forest = times[-1][1]
    used = int(forest.used[0])
    per_node = sum(one[0, 0].numel() * one.element_size() for one in (forest.nodes, forest.traces))
    return {
        (TREE, SECONDS): min(seconds for seconds, _ in times),
        (TREE, NODES): used,
        (TREE, PARTING): len(twigs(forest).labels),
        (TREE, BYTES): used * per_node + forest.slots.nbytes,
        (RADIX, SECONDS): min(_taught(Radix().learn, names) for _ in range(ROUNDS)),
        **_descriptions(names, text),
    }


def _descriptions(names: list[str], text: Strings) -> Costs:
    """Bits of the set of names by every code that is written soon, and states of its automaton."""
    return {
        (AUTOMATON, STATES): len(minimal(names).states),
        (TREE, CODE): described(text),
        **{(form, CODE): CODES[form](names) for form in WRITTEN},
    }


def _timed(what: Callable[[], Forest]) -> tuple[float, Forest]:
    """The thread's own time, s, and what came of it."""
    began = time.thread_time()
    found = what()
    return time.thread_time() - began, found


def _taught(learn: Callable[[str], None], names: list[str]) -> float:
    """The thread's own time to learn names one by one, s."""
    began = time.thread_time()
    for name in names:
        learn(name)
    return time.thread_time() - began
