"""Random vectors, without a plane: what the theory of attractor networks is about."""

from collections.abc import Callable
from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import ATTEMPTS, PatternSource, Portion, numbered, replicated
from memlab.space import Space

Units: TypeAlias = Annotated[int, Field(strict=True, ge=2, le=2**24)]
Whole: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=2**24)]
Correlation: TypeAlias = Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)]

TOGETHER = 2**16  # values drawn at once


@final
@checked(frozen=True)
class Signs(PatternSource):
    """Units that are on or off independently of each other; a network of ±1 takes off as -1."""

    units: Units = 500
    density: Portion = 0.5  # probability that a unit is on
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    @property
    def space(self) -> Space:
        return Space((self.units,))

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: _distinct(self._some, self.units, count, own), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("signs", count)

    def _some(self, items: range, draws: Draws) -> Tensor:
        return draws.uniform("on", (len(items), self.units))[0] < self.density


@final
@checked(frozen=True)
class Sparse(PatternSource):
    """Exactly so many units on, any of them; all patterns have the same norm."""

    units: Units = 500
    active: Whole = 25  # units that are on
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse patterns that are on everywhere."""
        if not self.active < self.units:
            raise ValueError(f"active must be below units={self.units}, got {self.active}")

    @property
    def space(self) -> Space:
        return Space((self.units,))

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: _distinct(self._some, self.units, count, own), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("sparse", count)

    def _some(self, items: range, draws: Draws) -> Tensor:
        rank = draws.uniform("rank", (len(items), self.units))[0]
        on = torch.zeros(rank.shape, dtype=torch.bool)
        return on.scatter_(1, rank.topk(self.active).indices, value=True)


@final
@checked(frozen=True)
class Correlated(PatternSource):
    """Families of patterns about a common prototype; half of the units are on in expectation.

    The prototype of a family copies a common ancestor, and an item its prototype, with
    independent errors per unit: correlations below are those of items as ±1, in expectation. An
    item has the correlation √within with its prototype. Item k is of family k mod families.
    """

    units: Units = 500
    families: Whole = 1
    within: Correlation = 0.5  # between items of one family
    between: Correlation = 0.0  # between items of different families
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse families that are nearer to each other than to themselves."""
        if self.between > self.within:
            raise ValueError(
                f"between must be at most within={self.within:g}, got {self.between:g}: items of "
                "one family also share what all families share"
            )

    @property
    def space(self) -> Space:
        return Space((self.units,))

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: self._own(count, own), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return tuple(f"family_{k % self.families}_item_{k // self.families}" for k in range(count))

    def _own(self, count: int, draws: Draws) -> Tensor:
        ancestor = draws.uniform("ancestor", (self.units,)) < 0.5
        likeness = (self.between / self.within) ** 0.5 if self.within else 0.0
        members = min(self.families, count)
        drawn = [draws.at("family", f).uniform("errors", (self.units,)) for f in range(members)]
        prototypes = ancestor ^ (torch.cat(drawn) < (1 - likeness) / 2)

        def some(items: range, draws: Draws) -> Tensor:
            errors = draws.uniform("errors", (len(items), self.units))[0]
            family = torch.tensor(items) % self.families % members
            own: Tensor = prototypes[family] ^ (errors < (1 - self.within**0.5) / 2)
            return own

        return _distinct(some, self.units, count, draws)


def _distinct(
    some: Callable[[range, Draws], Tensor], units: int, count: int, draws: Draws
) -> Tensor:
    """The items of one replicate, ``(count, units)``, redrawn where equal to an earlier one.

    Many are drawn at once, always the same many, so that item k does not depend on the count.
    """
    many = max(1, TOGETHER // units)
    blocks = [some(range(i, i + many), draws.at("block", i)) for i in range(0, count, many)]
    items = torch.cat(blocks)[:count]
    known: set[bytes] = set()
    for k, item in enumerate(items):
        attempt = 0
        while (content := item.numpy().tobytes()) in known:
            if attempt == ATTEMPTS:
                raise ValueError(
                    f"items must differ, but only {k} distinct ones of {count} were found; raise "
                    "units or ask for fewer"
                )
            item.copy_(some(range(k, k + 1), draws.at("item", k, attempt))[0])
            attempt += 1
        known.add(content)
    return items
