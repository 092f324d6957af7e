"""Sequences as models are given them, checked and turned into float32 tensors."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array: TypeAlias = npt.NDArray[Any]
NUMBERS = "biuf"  # kinds of numpy types: bool, int, unsigned, float


class Inputs(NamedTuple):
    """What goes into a network."""

    x: Array  # (N, T, I) float32, 0 where it is not known; perhaps what was given itself
    known: Array | None  # (N, T), whether all inputs of a step are numbers; None: everywhere
    stream: bool  # one long sequence, given without the axis N


@final
@dataclass(frozen=True)
class Lessons:
    """What goes in, what should come out, and where that is known."""

    x: Tensor  # (N, T, I)
    y: Tensor  # (N, T, O), 0 where it is not known
    known: Tensor  # (N, T), whether the step is there at all
    counts: Tensor  # (N, T), whether an output is asked for, too
    stream: bool
    flat: bool  # targets came without the axis O

    def chosen(self, rows: Tensor) -> "Lessons":
        """Some of the sequences."""
        return self._each(lambda one: one[rows])

    def between(self, start: int, end: int) -> "Lessons":
        """Some of the steps."""
        return self._each(lambda one: one[:, start:end])

    def _each(self, part: Callable[[Tensor], Tensor]) -> "Lessons":
        return Lessons(
            part(self.x), part(self.y), part(self.known), part(self.counts), self.stream, self.flat
        )


def inputs(given: object, width: int | None, on_nan: str) -> Inputs:
    """Check ``X (N, T, I)``, or a stream ``(T, I)``, for a network of that many inputs."""
    bare = numbers("X", given)
    if bare.ndim not in {2, 3} or 0 in bare.shape:
        raise ValueError(
            f"X must be sequences (N, T, inputs) or one stream (T, inputs), none of them empty; "
            f"got shape {bare.shape}"
        )
    if width is not None and bare.shape[-1] != width:
        raise ValueError(
            f"X must have the {width} inputs that the model was built for, got {bare.shape[-1]}"
        )
    x = _float32(bare if bare.ndim == 3 else bare[None])
    if _all_finite(x):
        return Inputs(x, None, bare.ndim == 2)
    _check_finite("X", x, on_nan)
    known = np.asarray(np.isfinite(x).all(-1))
    return Inputs(np.where(known[..., None], x, np.float32(0)), known, bare.ndim == 2)


def lessons(
    given: object,
    targets: object,
    *,
    on_nan: str,
    width: int | None = None,
    outs: int | None = None,
) -> Lessons:
    """Check X with y ``(N, T, O)`` or ``(N, T)``; of a stream ``(T, O)`` or ``(T,)``."""
    into, bare = inputs(given, width, on_nan), numbers("y", targets)
    steps = tuple(into.x.shape[1 if into.stream else 0 : 2])
    flat = bare.shape == steps
    if not flat and (bare.shape[:-1] != steps or bare.shape[-1] == 0):
        raise ValueError(
            f"y must have a target for every step of X: shape {steps} or {(*steps, 'outputs')}, "
            f"got {bare.shape}".replace("'", "")
        )
    wanted = _float32(bare.reshape(*into.x.shape[:2], -1))
    _check_finite("y", wanted, on_nan)
    y = torch.tensor(wanted)
    if outs is not None and y.shape[-1] != outs:
        raise ValueError(f"y must have the {outs} outputs of the model, got {y.shape[-1]}")
    asked = y.isfinite().all(-1)
    known = torch.tensor(np.ones(into.x.shape[:2], bool) if into.known is None else into.known)
    counts = known & asked
    if not counts.any():
        raise ValueError("X and y must both be finite at one step at least, and are at none")
    y = torch.where(asked[..., None], y, 0.0)
    return Lessons(torch.tensor(into.x), y, known, counts, into.stream, flat)


def numbers(name: str, given: object) -> Array:
    """Whatever numpy takes for an array of numbers."""
    try:
        bare = np.asarray(given)
    except ValueError as cause:  # sequences of unequal length
        raise ValueError(f"{name} must be one array of numbers: {cause}") from cause
    if isinstance(given, np.ma.MaskedArray):
        raise ValueError(
            f"{name} must be an array without a mask, which would be lost; got a masked array, and "
            f"{name}.filled(np.nan) with on_nan='skip' leaves out what it masks"
        )
    if bare.dtype.kind not in NUMBERS:
        raise ValueError(f"{name} must be an array of real numbers, got {bare.dtype}")
    return bare


def _float32(bare: Array) -> Array:
    """The same numbers as the core reads them; what does not fit becomes infinite."""
    if bare.dtype == np.float32 and bare.flags.carray:
        return bare
    with np.errstate(over="ignore"):
        return np.array(bare, dtype=np.float32, order="C")


def _check_finite(name: str, x: Array, on_nan: str) -> None:
    bad = 0 if on_nan == "skip" else int((~np.isfinite(x)).sum())
    if bad:
        raise ValueError(
            f"{name} must be finite in float32, got {bad} values that are not; "
            f"on_nan='skip' leaves out their steps"
        )


def _all_finite(x: Array) -> bool:
    """A sum of squares that is finite is one of finite values; another one may have overflowed."""
    flat = x.reshape(-1)
    with np.errstate(over="ignore"):
        return isfinite(float(np.dot(flat, flat))) or bool(np.isfinite(x).all())
