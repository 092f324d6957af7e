"""How many directions an activity ``(…, samples S, units N)`` takes."""

import torch
from torch import Tensor

from memlab.codes.sparseness import checked

FEWEST = 4  # samples an unbiased product of two covariances needs


def participation_ratio(activity: Tensor) -> Tensor:
    """(Σ λ)² / Σ λ² ``(…)`` of the eigenvalues of the covariance; NaN where nothing varies.

    Few samples make it too low: 1/PR comes out larger by about 1/S, and by 1/N more if the units
    are a sample of a larger population (C. Chun et al., ICLR 2026).
    """
    centred = checked(activity)
    centred = centred - centred.mean(-2, keepdim=True)
    gram = _gram(centred)
    return gram.diagonal(dim1=-2, dim2=-1).sum(-1).square() / gram.square().sum((-2, -1))


def unbiased_participation_ratio(activity: Tensor) -> Tensor:
    """The participation ratio ``(…)`` that infinitely many such samples would have.

    (Σ λ)² and Σ λ² are each estimated without bias, from sets of four different samples, whatever
    their distribution. All units there are must be among the N. NaN where the samples do not tell
    (Σ λ² not above 0). The second is the unbiased HSIC of L. Song et al., JMLR 13, 1393 (2012),
    with linear kernels; the first its counterpart for squared distances.
    """
    values = checked(activity)
    count = values.shape[-2]
    if count < FEWEST:
        raise ValueError(f"without bias from {FEWEST} samples or more, got {count}")
    gram = _gram(values - values.mean(-2, keepdim=True))
    squares = _trace_of_square(gram, count)
    ratio = _squared_trace(gram, count) / squares
    return torch.where(squares > 0, ratio, torch.nan)


def _gram(centred: Tensor) -> Tensor:
    return centred @ centred.mT


def _trace_of_square(gram: Tensor, n: int) -> Tensor:
    """Σ λ² of the covariance, from products of samples ``(…, S, S)``."""
    off = gram - torch.diag_embed(gram.diagonal(dim1=-2, dim2=-1))
    rows = off.sum(-1)
    pairs = off.square().sum((-2, -1))
    fours = rows.sum(-1).square() / ((n - 1) * (n - 2))
    threes = 2 * rows.square().sum(-1) / (n - 2)
    return (pairs + fours - threes) / (n * (n - 3))


def _squared_trace(gram: Tensor, n: int) -> Tensor:
    """(Σ λ)², as the mean of d_ij d_kl / 4 over different i, j, k, l; d are squared distances."""
    own = gram.diagonal(dim1=-2, dim2=-1)
    apart = own[..., :, None] + own[..., None, :] - 2 * gram
    rows = apart.sum(-1)
    total = rows.sum(-1).square() - 4 * rows.square().sum(-1) + 2 * apart.square().sum((-2, -1))
    return total / (4 * n * (n - 1) * (n - 2) * (n - 3))
