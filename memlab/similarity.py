"""Measures of likeness between an answer and a pattern, over stated axes."""

import torch
from torch import Tensor

FAINT = 1e-6  # below this norm or deviation a field holds nothing that could be compared


def cosine(a: Tensor, b: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Uncentred cosine; 0 where either side is all but zero. Blind to brightness and to offset."""
    a, b = a.double(), b.double()
    sizes = a.square().sum(dims).sqrt(), b.square().sum(dims).sqrt()
    return _ratio((a * b).sum(dims), *sizes)


def pearson(a: Tensor, b: Tensor, dims: tuple[int, ...], within: Tensor | None = None) -> Tensor:
    """Pearson correlation, over a region if one is named; 0 where a side is all but constant."""
    if within is not None:
        return cosine(centred(a, within, dims), centred(b, within, dims), dims)
    a = a.double() - a.double().mean(dims, keepdim=True)
    b = b.double() - b.double().mean(dims, keepdim=True)
    return cosine(a, b, dims)


def centred(values: Tensor, within: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Values less their mean within a region, 0 outside it."""
    inside = values.double() * within
    mean = inside.sum(dims, keepdim=True) / within.sum(dims, keepdim=True).clamp(min=1)
    return (inside - mean) * within


def pearson_with_each(known: Tensor, whole: Tensor, given: Tensor, size: Tensor | int) -> Tensor:
    """Pearson ``(R, C, P)`` of ``whole (R, C, N)`` with ``known (R, N, P)``, all float64.

    Both count as 0 where ``given (R, C, N)`` is 0, and ``size`` is how many values there are: N, or
    those that are given. Correlations are taken apart into matrix products.
    """
    sums, squares = given @ known, given @ known.square()  # (R, C, P)
    own = whole.sum(-1, keepdim=True)
    product = whole @ known - own * sums / size
    spread = (squares - sums.square() / size).clamp(min=0).sqrt()
    own_spread = (whole.square().sum(-1, keepdim=True) - own.square() / size).clamp(min=0).sqrt()
    faint = (spread < FAINT) | (own_spread < FAINT)
    return torch.where(faint, 0.0, product / torch.where(faint, 1.0, spread * own_spread))


def _ratio(product: Tensor, size_a: Tensor, size_b: Tensor) -> Tensor:
    faint = (size_a < FAINT) | (size_b < FAINT)
    return torch.where(faint, 0.0, product / torch.where(faint, 1.0, size_a * size_b)).float()
