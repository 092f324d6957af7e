"""What is done to a whole pool of images before any is drawn, the same for every medium."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

Normalise: TypeAlias = Literal["none", "centred", "whitened"]
Alphabet: TypeAlias = Literal["binary", "graded"]

FAINT = 1e-3  # share of the mean variance below which a direction counts as noise


def prepared(pool: Tensor, *, normalise: Normalise, alphabet: Alphabet, threshold: float) -> Tensor:
    """The patterns of a pool of grey images ``(P, H, W)`` in [0, 1].

    Binary: lit above the threshold; of a normalised pool, lit above the pool's median at that
    pixel, so that every pixel is lit in about half of the images.
    """
    grey = normalised(pool, normalise)
    if alphabet == "graded":
        return grey
    return (grey > (threshold if normalise == "none" else grey.median(0).values)).float()


def normalised(pool: Tensor, normalise: Normalise) -> Tensor:
    """A pool of grey images ``(P, H, W)`` in [0, 1], related to what they have in common.

    none: as they are. centred: less the pool's mean image. whitened: that, and decorrelated over
    the pool (ZCA: all directions in which the images differ get one variance, faint ones less).
    Both are scaled by one factor for the whole pool, so that the mean image becomes ½ everywhere
    and the farthest value 0 or 1.
    """
    if normalise == "none":
        return pool
    apart = pool.double() - pool.double().mean(0)
    if normalise == "whitened":
        apart = _whitened(apart.flatten(1)).reshape(apart.shape)
    farthest = apart.abs().max()
    if farthest == 0:
        raise ValueError(
            f"normalise={normalise} needs images that differ, got {len(pool)} equal ones; "
            "use normalise=none"
        )
    return (0.5 + apart / (2 * farthest)).float()


def telling(patterns: Tensor) -> Tensor:
    """The patterns ``(P, H, W)`` that are neither constant nor equal to an earlier one."""
    first = {values.numpy().tobytes(): k for k, values in reversed(list(enumerate(patterns)))}
    kept = patterns[sorted(first.values())]
    return kept[kept.flatten(1).amax(1) > kept.flatten(1).amin(1)]


def _whitened(apart: Tensor) -> Tensor:
    """Centred vectors ``(P, N)`` with the covariance of all they span made even."""
    _, scale, directions = torch.linalg.svd(apart, full_matrices=False)
    variance = scale.square()
    even = (variance + FAINT * variance.mean()).sqrt()
    shares = apart @ directions.T / even.clamp(min=torch.finfo(even.dtype).tiny)
    return torch.mm(shares, directions)
