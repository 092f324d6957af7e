"""Patterns as sequences: row by row, with what a cue gives of them."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import pad

from memlab.draws import Draws
from memlab.space import Space


@final
@dataclass(frozen=True)
class Rows:
    """A pattern cut along its last axis, H×W into H steps of W values.

    A vector is cut into rows of ``length`` values; what the last one lacks is padding.
    """

    space: Space
    length: int  # of a row of a vector

    @property
    def width(self) -> int:
        """Values in a row, W."""
        shape = self.space.shape
        return shape[-1] if len(shape) > 1 else min(self.length, shape[0])

    @property
    def steps(self) -> int:
        """Rows in a pattern, T."""
        return -(-self.space.size // self.width)

    def cut(self, values: Tensor) -> Tensor:
        """``(R, B, *shape)`` as rows ``(R, B, T, W)``."""
        flat = values.flatten(2)
        padded = pad(flat, (0, self.steps * self.width - self.space.size))
        return padded.reshape(*flat.shape[:2], self.steps, self.width)

    def joined(self, rows: Tensor) -> Tensor:
        """Rows ``(R, B, T, W)`` as patterns ``(R, B, *shape)``."""
        flat = rows.flatten(2)[..., : self.space.size]
        return flat.reshape(*rows.shape[:2], *self.space.shape)

    def presented(self, values: Tensor, given: Tensor) -> Tensor:
        """What a cell is shown of patterns ``(R, B, *shape)``: ``(R, B, T, 2 W)``.

        ±1 for a value of 1 or 0 that is given, 0 where none is, beside 1 and 0 for given or not.
        """
        shown = torch.where(given, 2 * values - 1, 0.0)
        return torch.cat([self.cut(shown), self.cut(given.to(values.dtype))], -1)


@final
@dataclass(frozen=True)
class Damage:
    """How the versions of an item are spoilt from which a cell learns to complete it."""

    least_given: float  # of the values; each version draws its share between this and 1
    flips: float  # share of the given values that are wrong, x shown as 1 - x

    def to(self, values: Tensor, valid: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
        """Values and what is given of them, for ``values (R, B, *shape)``."""
        shape, (batch, axes) = tuple(values.shape[1:]), (values.shape[1], values.ndim - 2)
        share = self.least_given + (1 - self.least_given) * draws.uniform("share", (batch,))
        given = valid & (draws.uniform("given", shape) < share[(..., *[None] * axes)])
        wrong = draws.uniform("flips", shape) < self.flips
        return torch.where(wrong, 1 - values, values), given
