"""Random images: independent pixels, smooth fields, and blobs."""

from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from scipy.ndimage import gaussian_filter
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import (
    Level,
    PatternSource,
    Portion,
    Side,
    distinct,
    numbered,
    replicated,
)
from memlab.space import Space

Width: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=64, allow_inf_nan=False)]

ADVICE = "raise size or ask for fewer"


@final
@checked(frozen=True)
class Random(PatternSource):
    """Pixels that are lit independently of each other."""

    size: Side = 32  # pixels / side
    density: Portion = 0.5  # probability that a pixel is lit
    level: Level = 1.0  # value of a lit pixel; 1 makes the space binary, less makes it graded
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    @property
    def space(self) -> Space:
        return Space((self.size, self.size), 2 if self.level == 1 else None)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: distinct(self._one, count, own, ADVICE), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("random", count)

    def _one(self, item: int, draws: Draws) -> Tensor:
        return self.level * (draws.uniform("lit", self.space.shape)[0] < self.density)


@final
@checked(frozen=True)
class Smooth(PatternSource):
    """Graded fields: uniform noise, smoothed on the torus, stretched to fill [0, 1]."""

    size: Annotated[Side, Field(ge=2)] = 32  # pixels / side
    smoothing: Width = 5.0  # σ of the Gaussian, 1/256 of the side
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    @property
    def space(self) -> Space:
        return Space((self.size, self.size), symbols=None)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: distinct(self._one, count, own, ADVICE), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("smooth", count)

    def _one(self, item: int, draws: Draws) -> Tensor:
        field = _smoothed(self.size, self.smoothing, draws)
        low, high = field.min(), field.max()
        return ((field - low) / (high - low)).float()


@final
@checked(frozen=True)
class Blobs(PatternSource):
    """Rounded islands: where smoothed noise is highest."""

    size: Annotated[Side, Field(ge=4)] = 32  # pixels / side
    coverage: Portion = 0.1  # share of the pixels that are lit, exactly
    smoothing: Width = 12.0  # σ of the Gaussian, 1/256 of the side
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a coverage that rounds to nothing or to all."""
        if not 0 < round(self.coverage * self.size**2) < self.size**2:
            raise ValueError(
                f"coverage must leave at least one pixel lit and one dark at size={self.size}, got "
                f"{self.coverage}; one pixel is {1 / self.size**2:.2g}"
            )

    @property
    def space(self) -> Space:
        return Space((self.size, self.size))

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: distinct(self._one, count, own, ADVICE), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("blobs", count)

    def _one(self, item: int, draws: Draws) -> Tensor:
        field = _smoothed(self.size, self.smoothing, draws).reshape(-1)
        highest = field.sort(descending=True, stable=True).indices
        lit = torch.zeros(field.numel())
        lit[highest[: round(self.coverage * field.numel())]] = 1
        return lit.reshape(self.space.shape)


def _smoothed(size: int, smoothing: float, draws: Draws) -> Tensor:
    """One field of smoothed uniform noise on the torus, ``(size, size)`` float64."""
    noise = draws.uniform("noise", (size, size))[0].double().numpy()
    return torch.from_numpy(gaussian_filter(noise, smoothing * size / 256, mode="wrap"))
