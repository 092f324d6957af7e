"""One step of an optimiser on flat parameters ``(R, P)``, by the C library where that is built."""

import math
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from memlab import native
from memlab.cells.adam import EPSILON, FIRST, SECOND, Moments, check_norms
from memlab.native import ffi, lib

TYPES = (torch.float32, torch.float64)


@final
@dataclass(frozen=True)
class Pace:
    """How far a step goes."""

    rate: float
    clip: float = math.inf  # of the norm of a gradient
    first: float = FIRST  # β₁ of Adam; the momentum of SGD
    second: float = SECOND  # β₂ of Adam
    epsilon: float = EPSILON  # of Adam


@final
@dataclass(frozen=True)
class Where:
    """Who takes the step: a share of it per replicate, 0 to none; None: everybody all of it."""

    share: Tensor | None = None  # (R,)
    trained: Tensor | None = None  # (P,) bool: what else there is keeps its bits


def adam(
    weights: Tensor, gradient: Tensor, kept: Moments, share: Tensor, pace: Pace, *, core: bool
) -> tuple[Tensor, Moments]:
    """Weights ``(R, P)`` and moments a share ``(R,)`` of a step later, as new tensors.

    With ``core`` in C where that is built and on the CPU; in torch β and ε are the usual ones.
    """
    if not (core and native.available() and weights.device.type == "cpu"):
        moments = kept.after(gradient, share > 0, pace.clip)
        return weights - pace.rate * share[:, None] * moments.step(), moments
    weights = weights.clone(memory_format=torch.contiguous_format)
    moments = Moments(kept.mean.clone(), kept.square.clone(), kept.steps.clone())
    adam_step(pace, gradient.contiguous(), weights, moments, Where(share.contiguous()))
    return weights, moments


def adam_step(
    pace: Pace, gradient: Tensor, weights: Tensor, moments: Moments, where: Where
) -> None:
    """One step of Adam in place of weights and moments; none if a gradient is not finite."""
    call = _Step(pace, gradient, weights, where)
    each = len(weights)
    call.done(
        lib.ml_adam_step(
            *call.given,
            call.pointer("weights", weights, weights.shape),
            call.pointer("mean", moments.mean, weights.shape),
            call.pointer("square", moments.square, weights.shape),
            call.pointer("steps", moments.steps, (each,)),
            call.norm,
        )
    )


def sgd_step(pace: Pace, gradient: Tensor, weights: Tensor, velocity: Tensor, where: Where) -> None:
    """One step of SGD in place of weights and velocity; none if a gradient is not finite."""
    call = _Step(pace, gradient, weights, where)
    call.done(
        lib.ml_sgd_step(
            *call.given,
            call.pointer("weights", weights, weights.shape),
            call.pointer("velocity", velocity, weights.shape),
            call.norm,
        )
    )


@final
class _Step:
    """What the calls have in common."""

    def __init__(self, pace: Pace, gradient: Tensor, weights: Tensor, where: Where) -> None:
        if weights.ndim != 2 or weights.dtype not in TYPES or 0 in weights.shape:
            raise ValueError(
                f"weights must be (R, P) of float32 or float64, got {weights.dtype} of shape "
                f"{tuple(weights.shape)}"
            )
        (rows, count), self.dtype, self.share = weights.shape, weights.dtype, where.share
        self.norms = torch.empty(rows, dtype=torch.float64)
        self.norm = ffi.cast("double *", self.norms.data_ptr())
        doubles = self.dtype == torch.float64
        trained = None if where.trained is None else where.trained.view(torch.uint8)
        self.given = (
            ffi.new("ml_optimiser *", vars(pace)),
            ffi.new("ml_flat_run *", (rows, count, torch.get_num_threads(), doubles)),
            self.pointer("gradient", gradient, weights.shape),
            self.pointer("trained", trained, (count,), torch.uint8),
            self.pointer("share", where.share, (rows,)),
        )

    def pointer(
        self,
        name: str,
        array: Tensor | None,
        shape: tuple[int, ...],
        dtype: torch.dtype | None = None,
    ) -> Any:
        """Where an array begins, which must be contiguous, on the CPU and of that shape."""
        if array is None:
            return ffi.NULL
        wanted = dtype or self.dtype
        fits = array.dtype == wanted and array.is_contiguous() and array.device.type == "cpu"
        if not fits or array.shape != shape:
            raise ValueError(
                f"{name} must be contiguous {wanted} on the CPU of shape {tuple(shape)}, got "
                f"{array.dtype} on {array.device} of shape {tuple(array.shape)} and strides "
                f"{array.stride()}"
            )
        return ffi.cast("uint8_t *" if dtype else "void *", array.data_ptr())

    def done(self, status: int) -> None:
        """Raise for a step that was not taken."""
        if status == lib.ML_NOT_FINITE:
            live = torch.ones_like(self.norms) if self.share is None else self.share
            check_norms(self.norms, live > 0)
