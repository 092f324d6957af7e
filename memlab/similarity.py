"""Measures of likeness between an answer and a pattern, over stated axes."""

import torch
from torch import Tensor

FAINT = 1e-6  # below this norm or deviation a field holds nothing that could be compared


def cosine(a: Tensor, b: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Uncentred cosine; 0 where either side is all but zero. Blind to brightness and to offset."""
    a, b = a.double(), b.double()
    sizes = a.square().sum(dims).sqrt(), b.square().sum(dims).sqrt()
    return _ratio((a * b).sum(dims), *sizes)


def pearson(a: Tensor, b: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Pearson correlation; 0 where either side is all but constant."""
    a = a.double() - a.double().mean(dims, keepdim=True)
    b = b.double() - b.double().mean(dims, keepdim=True)
    return cosine(a, b, dims)


def _ratio(product: Tensor, size_a: Tensor, size_b: Tensor) -> Tensor:
    faint = (size_a < FAINT) | (size_b < FAINT)
    return torch.where(faint, 0.0, product / torch.where(faint, 1.0, size_a * size_b)).float()
