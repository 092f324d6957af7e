"""Pairs of a key and a value: two symbols, the second to be said when the first is asked."""

from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, numbered, replicated
from memlab.space import Space

Keys: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=4096)]
Values: TypeAlias = Annotated[int, Field(strict=True, ge=2, le=4096)]


@final
@checked(frozen=True)
class Pairs(PatternSource):
    """A key, 0 … keys - 1, no two items the same, and any value, keys … keys + values - 1.

    A guess at a value is right once in ``values``.
    """

    keys: Keys = 8
    values: Values = 8
    repeat: bool = True  # whether a value may belong to several keys
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse fewer values than keys where each key is to have its own."""
        if not self.repeat and self.values < self.keys:
            raise ValueError(
                f"without repeat every key needs a value of its own: values must be at least keys="
                f"{self.keys}, got {self.values}"
            )

    @property
    def space(self) -> Space:
        return Space((2,), self.keys + self.values)

    def draw(self, count: int, draws: Draws) -> Tensor:
        if count > self.keys:
            raise ValueError(
                f"every pair needs a key of its own: at most keys={self.keys} items, got {count}; "
                "raise patterns.keys or ask for fewer"
            )
        return replicated(lambda own: self._all(own)[:count], draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("pair", count)

    def _all(self, draws: Draws) -> Tensor:
        """A pair for every key, ``(keys, 2)``, in the order in which they are drawn."""
        key = draws.permutation("key", self.keys)[0]
        if self.repeat:
            value = draws.integers("value", self.values, (self.keys,))[0]
        else:
            value = draws.permutation("value", self.values)[0, : self.keys]
        return torch.stack([key, self.keys + value], -1)
