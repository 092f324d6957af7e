"""The C library's face: checked tensors in, exceptions out, the bits of the torch reference."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from memlab.oscillators import Motion, reach_of
from memlab.reaction_diffusion import Backend, Kinetics, ScarRule, check_finite

try:
    from memlab._native import ffi as ffi  # noqa: PLC0414  for memlab.cells too
    from memlab._native import lib as lib  # noqa: PLC0414
except ImportError:  # not built: every call below says so
    ffi = lib = None

DENSE = 3  # axes of couplings between all
LAWS = {"saturating": "ML_SATURATING", "graded": "ML_GRADED"}


def available() -> bool:
    """Whether the library has been built."""
    return lib is not None


def backend(*, threads: int | None = None) -> Backend:
    """The native implementation on that many threads; None: as many as torch uses."""
    return Backend(partial(advance, threads=threads), partial(train, threads=threads))


def advance(
    kinetics: Kinetics,
    steps: int,
    u: Tensor,
    v: Tensor,
    feed: Tensor,
    kill: Tensor,
    *,
    threads: int | None = None,
) -> None:
    """Let u and v (R, C, H, W) take `steps` steps in place; feed and kill (R, H, W)."""
    dims, work, team = prepared(u.shape, steps, threads)
    status = lib.ml_gs_advance(
        dims,
        constants(kinetics),
        steps,
        team,
        pointer("feed", feed, one_per_replicate(u)),
        pointer("kill", kill, one_per_replicate(u)),
        pointer("u", u, u.shape),
        pointer("v", v, u.shape),
        pointer("work", work, work.shape),
    )
    check(status, "ml_gs_advance", u, v)


def train(
    kinetics: Kinetics,
    rule: ScarRule,
    steps: int,
    u: Tensor,
    v: Tensor,
    feed: Tensor,
    kill: Tensor,
    target: Tensor,
    salience: Tensor,
    *,
    threads: int | None = None,
) -> Tensor:
    """Step and scar in place: fields (R, H, W), salience (R,). Returns similarity (R, steps)."""
    if u.ndim != 3:
        raise ValueError(f"u must be (replicates, height, width), got {tuple(u.shape)}")
    dims, work, team = prepared((len(u), 1, *u.shape[1:]), steps, threads)
    pointer("salience", salience, (len(u),))
    gains = [gain.contiguous() for gain in rule.gains(salience)]
    similarity = torch.zeros(len(u), steps)
    status = lib.ml_gs_train(
        dims,
        constants(kinetics),
        law(rule),
        steps,
        team,
        pointer("target", target, u.shape),
        *(pointer("gain", gain, (len(u),)) for gain in gains),
        pointer("u", u, u.shape),
        pointer("v", v, u.shape),
        pointer("feed", feed, u.shape),
        pointer("kill", kill, u.shape),
        pointer("similarity", similarity, similarity.shape),
        pointer("work", work, work.shape),
    )
    check(status, "ml_gs_train", u, v)
    return similarity


def relaxed_phases(
    k: Tensor, theta: Tensor, fixed: Tensor | None, motion: Motion, *, threads: int | None = None
) -> Tensor:
    """``oscillators.relaxed`` under couplings ``k (R, neighbours, H, W)``, or ``(R, N, N)``."""
    team = team_of(motion.steps, threads)
    replicates, cues, units = theta.shape
    if k.ndim == DENSE:
        shape, k = (1, units, 0), k.mT.contiguous()
    else:
        shape = (*k.shape[2:], reach_of(k))
    dims = ffi.new("ml_phase_dims *", (replicates, cues, *shape))
    final = theta.clone(memory_format=torch.contiguous_format)
    loose = torch.ones_like(final) if fixed is None else (~fixed).float().contiguous()
    omega, dt = motion.omega.contiguous(), motion.dt.contiguous()
    work = torch.empty(lib.ml_kuramoto_work(dims, team))
    status = lib.ml_kuramoto_relax(
        dims,
        ffi.new("ml_phase_motion *", (motion.injection, motion.second, motion.still)),
        motion.steps,
        team,
        pointer("coupling", k, k.shape),
        pointer("omega", omega, (replicates, 1, theta.shape[2])),
        pointer("dt", dt, (replicates, 1, 1)),
        pointer("fixed", loose, theta.shape),
        pointer("theta", final, theta.shape),
        pointer("work", work, work.shape),
    )
    check(status, "ml_kuramoto_relax", final, k)
    return final


def pointer(name: str, array: Tensor, shape: Sequence[int]) -> Any:
    """The address of a float32 array, which must be contiguous, on the CPU and of that shape."""
    fits = array.dtype == torch.float32 and array.device.type == "cpu" and array.is_contiguous()
    if not fits or tuple(array.shape) != tuple(shape):
        layout = "contiguous" if array.is_contiguous() else "strided"
        raise ValueError(
            f"{name} must be contiguous float32 on the CPU of shape {tuple(shape)}, got {layout} "
            f"{str(array.dtype).removeprefix('torch.')} on {array.device} of shape "
            f"{tuple(array.shape)}; .float().contiguous() gives what fits"
        )
    return ffi.cast("float *", array.data_ptr())


def prepared(shape: Sequence[int], steps: int, threads: int | None) -> tuple[Any, Tensor, int]:
    """The dimensions (R, C, H, W) as a struct, the scratch they need and the thread count."""
    team = team_of(steps, threads)
    if len(shape) != 4:
        raise ValueError(f"u must be (replicates, cues, height, width), got {tuple(shape)}")
    dims = ffi.new("ml_field_dims *", tuple(shape))
    return dims, torch.empty(lib.ml_gs_work(dims, team)), team


def team_of(steps: int, threads: int | None) -> int:
    """The thread count of a call, or why there can be no such call."""
    if lib is None:
        raise ImportError("memlab._native must be built; `python setup.py build_ext --inplace`")
    team = torch.get_num_threads() if threads is None else threads
    if team < 1 or steps < 0:
        raise ValueError(f"threads must be 1 or more, steps 0 or more; got {threads} and {steps}")
    return team


def one_per_replicate(u: Tensor) -> tuple[int, int, int]:
    """The shape of feed and kill for u (R, C, H, W)."""
    replicates, _, height, width = u.shape
    return replicates, height, width


def constants(kinetics: Kinetics) -> Any:
    """The kinetics as the C struct."""
    return ffi.new("ml_kinetics *", vars(kinetics))


def law(rule: ScarRule) -> Any:
    """The scar rule as the C struct."""
    numbers = {name: number for name, number in vars(rule).items() if name != "strength"}
    return ffi.new("ml_scar_rule *", numbers | {"law": getattr(lib, LAWS[rule.law])})


def check(status: int, verb: str, *fields: Tensor) -> None:
    """Turn a status into the exception that says what went wrong."""
    if status == lib.ML_NOT_FINITE:
        check_finite(*fields)
    if status != lib.ML_OK:
        raise RuntimeError(f"{verb} refused its dimensions, got {[tuple(f.shape) for f in fields]}")
