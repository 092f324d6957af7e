"""Strings of different lengths, one after the other in one array."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True)
class Strings:
    """N strings: the symbols ``text[starts[n]:starts[n + 1]]`` are those of string n."""

    text: Tensor  # int32
    starts: Tensor  # (N + 1) int64

    @property
    def count(self) -> int:
        """N."""
        return len(self.starts) - 1

    @property
    def lengths(self) -> Tensor:
        """Of each string, ``(N,)``."""
        return self.starts.diff()

    def lists(self) -> list[list[int]]:
        """Each as a list of symbols."""
        symbols, ends = self.text.tolist(), self.starts.tolist()
        return [symbols[first:last] for first, last in pairwise(ends)]

    def part(self, first: int, last: int) -> "Strings":
        """The strings ``first … last - 1``."""
        ends = self.starts[first : last + 1]
        return Strings(self.text[int(ends[0]) : int(ends[-1])], ends - ends[0])


def strung(patterns: Tensor, valid: Tensor) -> Strings:
    """Patterns ``(N, L)`` of symbols, of each only what is valid."""
    lengths = valid.sum(1)
    return Strings(patterns[valid].int().contiguous(), _starts(lengths))


def listed(strings: Iterable[Sequence[int]]) -> Strings:
    """Strings given as lists of symbols."""
    each = list(strings)
    text = torch.tensor([*chain.from_iterable(each)], dtype=torch.int32)
    return Strings(text, _starts(torch.tensor([len(one) for one in each], dtype=torch.int64)))


def _starts(lengths: Tensor) -> Tensor:
    return torch.cat([torch.zeros(1, dtype=torch.int64), lengths.long().cumsum(0)])
