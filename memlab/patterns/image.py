"""Drawn images: geometric shapes, the default patterns."""

from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.geometry import Kind, published, scale_free
from memlab.patterns.salience import Salience
from memlab.patterns.source import (
    Level,
    PatternSource,
    Portion,
    Side,
    distinct,
    numbered,
    replicated,
    told_apart,
)
from memlab.space import Space

Drawn: TypeAlias = Literal[Kind, "random"]
Move: TypeAlias = Annotated[int, Field(strict=True, ge=-16_384, le=16_384)]


@final
@checked(frozen=True)
class Shapes(PatternSource):
    """Simple shapes on an empty plane, by default at a random place of the torus.

    Random placement cycles through the kinds in an order of each replicate's own, so that item k
    is another kind in another replicate. Fixed placement shows the list as it stands, to all.
    """

    size: Side = 32  # pixels / side
    shapes: tuple[Drawn, ...] = ("square_spots", "ring", "line", "cross")
    placement: Literal["random", "fixed"] = "random"
    level: Level = 1.0  # value of a lit pixel; 1 makes the space binary, less makes it graded
    pixels: Literal["scale_free", "published"] = "scale_free"  # published: dimensions in pixels
    offsets: tuple[tuple[Move, Move], ...] = ()  # (x, y) per shape, 1/256 side or published pixels
    density: Portion = 0.1  # share of lit pixels of the kind "random"
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse offsets that fit no shape, and shapes of which the grid shows nothing."""
        if not self.shapes:
            raise ValueError("shapes must name at least one shape, got none, for example [ring]")
        if self.offsets and self.placement == "random":
            raise ValueError("offsets need placement=fixed; random placement draws its own")
        if self.offsets and len(self.offsets) != len(self.shapes):
            raise ValueError(
                f"offsets must be none or one per shape, got {len(self.offsets)} for "
                f"{len(self.shapes)} shapes"
            )
        for k, kind in enumerate(self.shapes):
            mask = self._mask(k)
            if mask is not None and not 0 < mask.sum() < mask.numel():
                raise ValueError(
                    f"shape {k} ({kind}) must show on the grid, but at size={self.size} "
                    f"with pixels={self.pixels} it is blank; raise size"
                    + (" or set pixels=scale_free" if self.pixels == "published" else "")
                )

    @property
    def space(self) -> Space:
        return Space((self.size, self.size), 2 if self.level == 1 else None)

    def draw(self, count: int, draws: Draws) -> Tensor:
        self._check(count)
        masks = [self._mask(k) for k in range(len(self.shapes))]
        return replicated(lambda own: self._own(count, masks, own), draws)

    def names(self, count: int) -> tuple[str, ...]:
        self._check(count)
        if self.placement == "random":
            return numbered("shape", count)
        return told_apart(tuple(self.shapes[:count]))

    def _check(self, count: int) -> None:
        if self.placement == "fixed" and count > len(self.shapes):
            raise ValueError(
                f"{count} patterns were asked for, but fixed placement lists "
                f"{len(self.shapes)}; list more shapes, or set placement=random"
            )

    def _own(self, count: int, masks: list[Tensor | None], draws: Draws) -> Tensor:
        """The items of one replicate, ``(count, H, W)``."""
        if self.placement == "fixed":
            order = torch.arange(len(masks))
        else:
            order = draws.permutation("order", len(masks))[0]

        def one(item: int, draws: Draws) -> Tensor:
            return self.level * self._lit(masks[int(order[item % len(masks)])], draws)

        advice = "raise size, name more kinds of shapes, or give other offsets"
        return distinct(one, count, draws, advice)

    def _lit(self, mask: Tensor | None, draws: Draws) -> Tensor:
        """A shape at its place, or random pixels where it has no mask, ``(H, W)`` bool."""
        if mask is None:
            return draws.uniform("lit", self.space.shape)[0] < self.density
        if self.placement == "fixed":
            return mask
        down, right = draws.integers("place", self.size, (2,))[0].tolist()
        return mask.roll((down, right), (0, 1))

    def _mask(self, k: int) -> Tensor | None:
        """Shape k of the list before it is moved, ``(H, W)`` bool; None for random pixels."""
        kind = self.shapes[k]
        if kind == "random":
            return None
        drawn = scale_free if self.pixels == "scale_free" else published
        return drawn(kind, self.size, self.offsets[k] if self.offsets else (0, 0))
