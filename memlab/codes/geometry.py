"""Representational similarity: do two systems find the same samples alike?

Activity is ``(R, samples S, units)``; the units of the two systems may be different ones.
N. Kriegeskorte, M. Mur and P. Bandettini, Front. Syst. Neurosci. 2, 4 (2008).
"""

import torch
from scipy.stats import rankdata
from torch import Tensor

from memlab.codes.sparseness import checked
from memlab.draws import Draws

FEWEST = 3  # samples, of which there are three distances
TIES = 1e-9  # agreements this close are equal


def dissimilarity(activity: Tensor) -> Tensor:
    """1 - Pearson between all samples, ``(…, S, S)``; a constant sample is 1 from all others."""
    values = checked(activity)
    centred = values - values.mean(-1, keepdim=True)
    length = centred.norm(dim=-1, keepdim=True)
    flat = length <= 1e-12 * values.abs().amax(-1, keepdim=True)
    unit = torch.where(flat, 0.0, centred / torch.where(flat, 1.0, length))
    apart = 1 - unit @ unit.mT
    return apart * (1 - torch.eye(apart.shape[-1], dtype=apart.dtype, device=apart.device))


def rsa(a: Tensor, b: Tensor) -> Tensor:
    """Spearman of the upper triangles of both dissimilarities, ``(R,)``; ties share a rank.

    NaN where all samples of a system are equally far apart.
    """
    return _agreement(dissimilarity(a), _ranks(dissimilarity(b)))


def rsa_p(a: Tensor, b: Tensor, draws: Draws, *, permutations: int = 999) -> Tensor:
    """One-sided p ``(R,)``: as much agreement when the samples of ``a`` are shuffled.

    Samples are shuffled, not distances, which depend on each other. The least is
    1 / (permutations + 1).
    """
    if permutations < 1:
        raise ValueError(f"permutations must be 1 or more, got {permutations}")
    apart, ranks = dissimilarity(a), _ranks(dissimilarity(b))
    real = _agreement(apart, ranks)
    reached = torch.ones_like(real)
    for nth in range(permutations):
        order = draws.at(nth).permutation("samples", apart.shape[-1])
        shuffled = apart.gather(1, order[:, :, None].expand_as(apart))
        shuffled = shuffled.gather(2, order[:, None].expand_as(apart))
        reached += _agreement(shuffled, ranks) >= real - TIES
    return reached / (permutations + 1)


def _agreement(apart: Tensor, ranks: Tensor) -> Tensor:
    if apart.shape[-1] < FEWEST or ranks.shape[-1] != apart.shape[-1] * (apart.shape[-1] - 1) // 2:
        raise ValueError(
            f"both must have the same samples, {FEWEST} or more; the first has {apart.shape[-1]}"
        )
    a, b = (r - r.mean(1, keepdim=True) for r in (_ranks(apart), ranks))
    together: Tensor = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    return together


def _ranks(apart: Tensor) -> Tensor:
    """Ranks of the upper triangle ``(R, S (S - 1) / 2)``, the mean of places where tied."""
    upper = torch.triu_indices(apart.shape[-1], apart.shape[-1], 1)
    distances = (apart[:, upper[0], upper[1]] / TIES).round()
    return torch.from_numpy(rankdata(distances.cpu().numpy(), axis=-1)).to(apart.device)
