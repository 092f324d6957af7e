"""Ways on from a prefix: the likeliest, and random ones."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, ulp
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Tensor

from memlab.checks import check_number, check_whole
from memlab.text.alphabet import END
from memlab.text.picking import picked, sharpened

Expected: TypeAlias = Callable[[list[list[int]]], Tensor]  # the chances (N, A) after N prefixes
Way: TypeAlias = tuple[list[int], float]  # all its symbols, and its chance from the prefix on

BROAD = 4  # ways that are followed for each that is wanted
LEAST = 16  # ways that are followed


@final
@dataclass(frozen=True)
class Taste:
    """How random ways are drawn."""

    temperature: float = 1.0
    top_k: int | None = None
    longest: int = 100  # symbols
    never: int | None = None  # a symbol that is not drawn

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, ulp(0), inf, holds="above 0 and finite")
        if self.top_k is not None:
            check_whole("top_k", self.top_k, 1)
        check_whole("longest", self.longest, 1)

    def weighed(self, chances: Tensor) -> Tensor:
        """What is drawn from, ``(N, A)``."""
        known = chances.clone()
        if self.never is not None:
            known[:, self.never] = 0
        return sharpened(known, self.temperature, self.top_k)


def likeliest(
    expected: Expected, begin: list[int], n: int, *, longest: int, never: int | None = None
) -> list[Way]:
    """The n likeliest ways from a beginning to an end, the likeliest first.

    A few times as many are followed at once, so that one which starts badly is seldom lost. Those
    without an end within ``longest`` symbols are dropped, and none goes on by the symbol ``never``.
    """
    check_whole("n", n, 1)
    check_whole("longest", longest, 1)
    open_ways: list[Way] = [(begin, 1.0)]
    done: list[Way] = []
    for _ in range(longest + 1):
        further = _stepped(expected, open_ways, never)
        done = _best([*done, *(way for way in further if way[0][-1] == END)], n)
        open_ways = _best([w for w in further if w[0][-1] != END], max(BROAD * n, LEAST))
        if not open_ways or (len(done) == n and done[-1][1] >= open_ways[0][1]):
            break
    return done


def drawn(
    expected: Expected, begin: list[int], generator: np.random.Generator, n: int, taste: Taste
) -> list[list[int]]:
    """N ways from a beginning to an end, or to the longest there may be."""
    check_whole("n", n, 1)
    ways = [list(begin) for _ in range(n)]
    going = list(range(n))
    while going:
        chances = expected([ways[k] for k in going])
        if not ways[going[0]]:
            chances[:, END] = 0
        falls = torch.from_numpy(generator.random(len(going)))
        symbols = picked(taste.weighed(chances), falls).tolist()
        for k, symbol in zip(going, symbols, strict=True):
            ways[k].append(symbol)
        going = [k for k in going if ways[k][-1] != END and len(ways[k]) < taste.longest]
    return ways


def _stepped(expected: Expected, ways: list[Way], never: int | None) -> list[Way]:
    """All ways one symbol further, but for the empty string, which there is not."""
    rows = expected([way for way, _ in ways]).tolist()
    return [
        ([*way, symbol], chance * then)
        for (way, chance), row in zip(ways, rows, strict=True)
        for symbol, then in enumerate(row)
        if symbol != never and (way or symbol != END)
    ]


def _best(ways: list[Way], count: int) -> list[Way]:
    """The likeliest, the first of equal ones first."""
    return sorted(ways, key=lambda way: -way[1])[:count]
