"""How much two sets of winners share, and would by chance. Sets are bool ``(…, N)``."""

import numpy as np
import torch
from scipy.stats import hypergeom
from torch import Tensor


def jaccard(a: Tensor, b: Tensor) -> Tensor:
    """Units in both over units in either, ``(…)``; NaN where both sets are empty."""
    _check(a, b)
    return (a & b).sum(-1).double() / (a | b).sum(-1)


def jaccard_by_chance(units: int, first: int, second: int) -> float:
    """The mean Jaccard of random sets of so many of N units."""
    _check_sizes(units, first, second)
    if first + second == 0:
        return float("nan")
    shared = np.arange(max(0, first + second - units), min(first, second) + 1)
    chances = hypergeom(units, first, second).pmf(shared)
    return float((chances * shared / (first + second - shared)).sum())


def overlap_by_chance(units: int, first: int, second: int) -> float:
    """The mean number of units that random sets share, k²/N of two sets of k."""
    _check_sizes(units, first, second)
    return first * second / units


def overlap_z(a: Tensor, b: Tensor) -> Tensor:
    """How many standard deviations above chance two sets overlap, ``(…)``.

    Sets of k and l of N units, placed at random, share kl/N with the variance
    kl (N - k)(N - l) / (N² (N - 1)). NaN where that is 0: an empty or a full set tells nothing.
    """
    _check(a, b)
    n, first, second = a.shape[-1], a.sum(-1).double(), b.sum(-1).double()
    variance = first * second * (n - first) * (n - second) / (n**2 * max(n - 1, 1))
    z = ((a & b).sum(-1) - first * second / n) / variance.sqrt()
    return torch.where(variance > 0, z, torch.nan)


def _check(a: Tensor, b: Tensor) -> None:
    if a.dtype != torch.bool or b.dtype != torch.bool or a.shape[-1] != b.shape[-1]:
        raise ValueError(
            "sets must be bool over the same units; codes > 0 gives the winners; got "
            f"{a.dtype} {tuple(a.shape)} and {b.dtype} {tuple(b.shape)}"
        )


def _check_sizes(units: int, first: int, second: int) -> None:
    if not (units > 0 and 0 <= first <= units and 0 <= second <= units):
        raise ValueError(f"sets must be of 0 … units={units} units, got {first} and {second}")
