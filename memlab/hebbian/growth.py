"""Whether the weights of a Hebbian layer grow without bound: foretold, measured, detected."""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

LIMIT = 1e30  # float32 ends at 3.4e38; what grows beyond this is on its way there


@final
@dataclass(frozen=True)
class Divergence:
    """Where and why the weights of a layer mean nothing any more."""

    step: int
    replicate: int  # its place on the first axis
    unit: int
    cause: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.cause} (replicate {self.replicate}, unit {self.unit})"


def foretold(features: Tensor, share: Tensor, *, rate: float, decay: float) -> Tensor:
    """Growth per step ``(R,)`` of the log of a row that always wins, rate · λ - decay.

    λ is the largest eigenvalue of ⟨h hᵀ⟩, from ``features (R, V, F)`` and the share ``(R, V)`` of
    each token. First order in the rate: a discrete step gives log((1 + rate λ) (1 - decay)).
    """
    weighed = share[..., None] * features
    moments = torch.bmm(weighed.double().mT, features.double())
    largest: Tensor = torch.linalg.eigvalsh(moments)[..., -1]
    return rate * largest - decay


def measured(sizes: Tensor) -> Tensor:
    """Growth per step ``(R,)``: the slope of log size, by least squares over ``sizes (R, S)``."""
    if sizes.shape[1] < 2:
        raise ValueError(f"growth needs the sizes of at least two steps, got {sizes.shape[1]}")
    if not bool((sizes.isfinite() & (sizes > 0)).all()):
        raise ValueError("growth needs sizes that are positive and finite; leave out later steps")
    at = torch.arange(sizes.shape[1], dtype=torch.double, device=sizes.device)
    at -= at.mean()
    logs = sizes.double().log()
    return (logs * at).sum(1) / at.square().sum()


def size(weights: Tensor) -> Tensor:
    """The largest weight ``(R,)`` by amount of ``weights (R, H, F)``; NaN where any is."""
    return weights.abs().flatten(1).amax(1)


def diverged(weights: Tensor, step: int, *, limit: float = LIMIT) -> Divergence | None:
    """The first row of ``weights (R, H, F)`` that is not finite or beyond the limit, if any."""
    rows = weights.abs().amax(-1)  # NaN stays NaN
    bad = ~(rows <= limit)
    if not bool(bad.any()):
        return None
    replicate, unit = (int(i) for i in bad.nonzero()[0])
    worst = float(rows[replicate, unit])
    count = int(bad[replicate].sum())
    some = f"{count} of {rows.shape[1]} rows of weights are"
    beyond = f"beyond {limit:g}, the first with {worst:.3g}"
    cause = f"{some} {beyond if math.isfinite(worst) else 'not finite'}"
    return Divergence(step, replicate, unit, cause)


def rank_one_share(weights: Tensor) -> Tensor:
    """The share ``(R,)`` of the sum of squares that the first singular value holds; 1 is rank one.

    ValueError where weights are not finite, and where all are 0.
    """
    if not bool(weights.isfinite().all()):
        raise ValueError("the spectrum of weights needs finite ones; leave out diverged replicates")
    scaled = weights.double() / size(weights).double()[:, None, None]
    squares: Tensor = torch.linalg.svdvals(scaled).square()
    if not bool(squares.isfinite().all()):
        raise ValueError("the spectrum of weights that are all 0 has no first part")
    return squares[:, 0] / squares.sum(1)
