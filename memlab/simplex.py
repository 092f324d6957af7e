"""Patterns as vectors in which 0 says nothing: ±1 units, graded ones about their middle, simplices.

A symbol of A becomes one of the A corners of a regular simplex about 0: corners have a product of 1
with themselves and of -1 / (A - 1) with each other. For A = 2 that is a unit of ±1, and one is
enough. A place that holds nothing, or about which nothing is known, is 0: the even answer.
"""

import torch
from torch import Tensor

from memlab.space import Space

BYTE = 255  # symbols that fit a byte beside the mark for nothing


def encoded(space: Space, patterns: Tensor) -> Tensor:
    """Patterns ``(…, *shape)`` as float vectors ``(…, U)``; U is N, or N · A for A > 2 symbols."""
    flat = patterns.flatten(-len(space.shape))
    if space.symbols is None or space.symbols == 2:
        return 2 * flat.float() - 1
    return unpacked(space, packed(space, patterns))


def decoded(space: Space, vectors: Tensor) -> Tensor:
    """The response ``(…, *response_shape)`` of vectors ``(…, U)`` that lie between patterns."""
    shape = (*vectors.shape[:-1], *space.response_shape)
    if space.symbols is None or space.symbols == 2:
        return ((1 + vectors) / 2).clamp(0, 1).reshape(shape)
    share = vectors.reshape(shape) * _length(space.symbols) ** -1 + 1 / space.symbols
    return share.clamp(0, 1)


def packed(space: Space, patterns: Tensor) -> Tensor:
    """Patterns ``(…, *shape)`` as they are kept, ``(…, N)``, in as few bytes as hold them exactly.

    Binary: -1 and 1. Graded: 2x - 1. Symbols: 1 … A. In all of them 0 is nothing.
    """
    flat = patterns.flatten(-len(space.shape))
    if space.symbols is None:
        return 2 * flat.float() - 1
    if space.symbols == 2:
        return (2 * flat - 1).to(torch.int8)
    return (flat + 1).to(torch.uint8 if space.symbols <= BYTE else torch.int32)


def unpacked(space: Space, kept: Tensor) -> Tensor:
    """What was kept ``(…, N)`` as float vectors ``(…, U)``."""
    if space.symbols is None or space.symbols == 2:
        return kept.float()
    symbols = space.symbols
    corners = torch.eye(symbols, device=kept.device) - 1 / symbols
    table = torch.cat([torch.zeros_like(corners[:1]), corners * _length(symbols)])
    return table[kept.long()].flatten(-2)


def spread(space: Space, mask: Tensor) -> Tensor:
    """A mask ``(…, *shape)`` over the units ``(…, U)``."""
    flat = mask.flatten(-len(space.shape))
    many = space.symbols is not None and space.symbols > 2
    return flat.repeat_interleave(space.symbols, -1) if many and space.symbols else flat


def _length(symbols: int) -> float:
    """What makes a corner less 1/A, one-hot, a vector of length 1."""
    return float((symbols / (symbols - 1)) ** 0.5)
