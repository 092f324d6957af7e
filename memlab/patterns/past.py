"""Noise, and what one could know of its past: what memory capacity is measured with."""

from itertools import combinations_with_replacement
from math import prod
from typing import Annotated, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from scipy.special import eval_legendre
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, replicated
from memlab.patterns.tasks import Lag, Steps, check_stream, delayed, in_time
from memlab.space import Space, Split

Scale = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]


@final
@checked(frozen=True)
class Past(PatternSource):
    """Even noise u in [-1, 1], and products of Legendre polynomials of it and of its past.

    Output "3" is u(t - 3), "3+3" is P₂(u(t - 3)), "0+3" is u(t) u(t - 3): as many lags as the
    degree. They are uncorrelated, so that what can be told of each adds up. An output is
    (1 + z) / 2; the input is (1 + scale · u) / 2, with the k-th of the scales, in turn, for item k.
    J. Dambre et al., Scientific Reports 2, 514 (2012).
    """

    lags: Lag = 40  # steps back that u itself is asked for
    second: Lag = 4  # and products of two; 0 for none but P₂(u(t))
    third: Lag = 2  # and of three
    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (0.01, 0.1, 0.3, 1.0)
    steps: Steps = 2000  # of the noise
    tested: Steps = 1000  # of them, at the end, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse noise that is too short."""
        check_stream(self.steps, self.tested, max(self.lags, self.second, self.third))

    @property
    def space(self) -> Space:
        named = tuple("+".join(map(str, term)) for term in self._terms())
        return Space((1, self.steps, 1 + len(named)), None, named)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        each, turns = len(self.scales), range(count)
        return tuple(f"scale_{self.scales[k % each]:g}_noise_{k // each}" for k in turns)

    def split(self, patterns: Tensor) -> Split:
        return in_time(patterns, self.space, self.tested, max(self.lags, self.second, self.third))

    def _terms(self) -> list[tuple[int, ...]]:
        """The lags of every output; one that stands n times is for the polynomial Pₙ."""
        reach = {1: self.lags, 2: self.second, 3: self.third}
        return [
            term
            for degree, last in reach.items()
            for term in combinations_with_replacement(range(last + 1), degree)
        ]

    def _one(self, k: int, draws: Draws) -> Tensor:
        u = 2 * draws.at("item", k).uniform("noise", (self.steps,)).double() - 1  # (1, T)
        furthest = max(self.lags, self.second, self.third)
        past = {lag: delayed(u, lag).numpy() for lag in range(furthest + 1)}
        columns = [self.scales[k % len(self.scales)] * u]
        for term in self._terms():
            each = [eval_legendre(term.count(lag), past[lag]) for lag in sorted(set(term))]
            columns.append(torch.from_numpy(prod(each)))
        return 0.5 + 0.5 * torch.stack(columns, -1)
