"""Geometric shapes as masks: scale-free ones on a torus, and the published ones in fixed pixels.

Lengths are in 1/256 of the side (scale-free) or in pixels (published); x runs along columns.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

Kind: TypeAlias = Literal["square_spots", "ring", "line", "cross", "diagonal_stripes"]

SIDE = 256.0  # the plane's side in the units of the scale-free shapes
STRIPES = 6  # published: a period of 40, 6.4 round the torus, which does not close


def scale_free(kind: Kind, size: int, offset: tuple[int, int] = (0, 0)) -> Tensor:
    """A shape that covers one share of any grid and wraps at its border, ``(size, size)`` bool."""
    centres = (torch.arange(size, dtype=torch.float64) + 0.5) * SIDE / size
    return _SCALE_FREE[kind](centres - offset[0], centres[:, None] - offset[1])


def published(kind: Kind, size: int, offset: tuple[int, int] = (0, 0)) -> Tensor:
    """A shape of fixed pixel dimensions, cut at the border of the grid, ``(size, size)`` bool."""
    x = torch.arange(size)
    return _PUBLISHED[kind](x, x[:, None], size, offset)


def _from(centre: float, p: Tensor, side: float = SIDE) -> Tensor:
    """The signed way from a centre round a ring of the given length, in [-side/2, side/2)."""
    return (p - centre + side / 2) % side - side / 2


def _within(d: Tensor, reach: float) -> Tensor:
    """Half-open, so that a pixel centre on the edge counts on one side only."""
    return (d >= -reach) & (d < reach)


def _spots(x: Tensor, y: Tensor) -> Tensor:
    dx, dy = _from(64, x, SIDE / 2), _from(64, y, SIDE / 2)  # four discs, half a side apart
    return dx**2 + dy**2 < 15**2


def _ring(x: Tensor, y: Tensor) -> Tensor:
    squared = _from(128, x) ** 2 + _from(128, y) ** 2
    return (squared > 40**2) & (squared < 60**2)


def _line(x: Tensor, y: Tensor) -> Tensor:
    dx, dy = _from(125, x), _from(125, y)  # the segment (50, 50) … (200, 200), 16 wide
    nearest = ((dx + dy) / 2).clamp(-75, 75)
    return (dx - nearest) ** 2 + (dy - nearest) ** 2 < 8**2


def _cross(x: Tensor, y: Tensor) -> Tensor:
    dx, dy = _from(128, x), _from(128, y)
    return (_within(dx, 60) & _within(dy, 10)) | (_within(dx, 10) & _within(dy, 60))


def _stripes(x: Tensor, y: Tensor) -> Tensor:
    return (x - y) * STRIPES / SIDE % 1 < 0.5


def _published_spots(x: Tensor, y: Tensor, size: int, offset: tuple[int, int]) -> Tensor:
    lit = torch.zeros(size, size, dtype=torch.bool)
    for cx in (64 + offset[0], 192 + offset[0]):
        for cy in (64 + offset[1], 192 + offset[1]):
            if 0 <= cx < size and 0 <= cy < size:
                lit |= (x - cx) ** 2 + (y - cy) ** 2 < 15**2
    return lit


def _published_ring(x: Tensor, y: Tensor, size: int, offset: tuple[int, int]) -> Tensor:
    squared = (x - size // 2 - offset[0]) ** 2 + (y - size // 2 - offset[1]) ** 2
    return (squared > 40**2) & (squared < 60**2)


def _published_line(x: Tensor, y: Tensor, size: int, offset: tuple[int, int]) -> Tensor:  # noqa: ARG001
    dx, dy = x - offset[0], y - offset[1]
    nearest = ((dx + dy) // 2).clamp(50, 199)  # of the discs on (i, i), i = 50 … 199
    return (dx - nearest) ** 2 + (dy - nearest) ** 2 < 8**2


def _published_cross(x: Tensor, y: Tensor, size: int, offset: tuple[int, int]) -> Tensor:
    dx, dy = (x - size // 2 - offset[0]).abs(), (y - size // 2 - offset[1]).abs()
    return ((dx < 60) & (dy < 10)) | ((dx < 10) & (dy < 60))


def _published_stripes(x: Tensor, y: Tensor, size: int, offset: tuple[int, int]) -> Tensor:
    along = x - y - offset[0] + size  # the first stripe starts at x - y = offset - size
    return (along >= 0) & (along % 40 < 20)


_SCALE_FREE: dict[Kind, Callable[[Tensor, Tensor], Tensor]] = {
    "square_spots": _spots,
    "ring": _ring,
    "line": _line,
    "cross": _cross,
    "diagonal_stripes": _stripes,
}

_PUBLISHED: dict[Kind, Callable[[Tensor, Tensor, int, tuple[int, int]], Tensor]] = {
    "square_spots": _published_spots,
    "ring": _published_ring,
    "line": _published_line,
    "cross": _published_cross,
    "diagonal_stripes": _published_stripes,
}
