"""Experiments on a whole model: how fast it forgets, and how much of the past it holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from torch import Generator, Tensor
from torch.func import jacrev

from memlab.cells.cell import Tensors
from memlab.cells.diagnostics import trace
from memlab.cells.estimator import CellRegressor
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.cells.sequences import Array
from memlab.checks import check_number, check_whole

MOST = 4096  # states whose Jacobian is taken whole, in about a minute


def spectral_radius(
    model: CellRegressor, x: object, state: dict[str, Array] | None = None
) -> float:
    """The largest |eigenvalue| of d state' / d state after inputs ``x (T, I)``, at the last step.

    All states together, in float64; a step that is skipped is none. Below 1 a small change dies
    away at that point.
    """
    walked = trace(model, x, state)
    if isinstance(walked.cell, PublishedPmrc):
        raise ValueError(
            "equations must be 'repaired' for a spectral radius of PMRC, got 'published', which "
            "move the units in place and have no gradient"
        )
    if len(walked.x) != 1:
        raise ValueError(f"x must be one stream (T, inputs), got {len(walked.x)} sequences")
    if not walked.known.any():
        raise ValueError("x must have one step at least that is all numbers, got none")
    at = int(walked.known[0].nonzero()[-1])
    p = {name: one.double() for name, one in walked.p.items()}
    last = walked.x[:, at].double()
    like = {name: one[:, at].double() for name, one in walked.before.items()}

    def onwards(flat: Tensor) -> Tensor:
        new, _ = walked.cell.advance(p, _shaped(flat, like), last)
        return _flat({name: new[name] for name in like})

    return _radius(onwards, _flat(like))


def effective_time(radius: float) -> float:
    """-1 / ln(spectral radius), in steps; infinite from a radius of 1 on, 0 at a radius of 0."""
    check_number("radius", radius, 0, float("inf"), holds="at least 0")
    if radius in {0, 1}:
        return 0.0 if radius == 0 else float("inf")
    return float(-1 / np.log(radius)) if radius < 1 else float("inf")


@final
@dataclass(frozen=True)
class Capacity:
    """How much of noise that went in can be read off the states, linearly."""

    held: Array  # (lags,) R² of a ridge regression on held-out steps, the null taken off
    null: float  # R² found for noise that never went in

    @property
    def total(self) -> float:
        """The memory capacity, in steps: the sum over lags, from 0. H. Jaeger, GMD 152 (2001)."""
        return float(self.held.sum())


def memory_capacity(
    model: CellRegressor,
    *,
    seed: int,
    lags: int = 50,
    steps: int = 4000,
    warm: int = 200,
    ridge: float = 1e-6,
) -> Capacity:
    """Ask the units for their inputs ``lags`` steps back; even noise in [-1, 1] at every input.

    Units are the states of one axis, standardised; stores, which have two, are not asked. Half of
    the steps is fitted, the other half judged. What goes in at the first input is asked for. The
    null is the mean R², cut at 0, of as many series of other noise.
    """
    for name, value in {"lags": lags, "steps": steps, "warm": warm}.items():
        check_whole(name, value)
    check_whole("seed", seed, 0)
    check_number("ridge", ridge, 1e-300, float("inf"), holds="above 0")
    if steps < 4 * lags:
        raise ValueError(f"steps must be at least 4 lags, {4 * lags}, got {steps}")
    generator = Generator().manual_seed(seed)
    noise = 2 * torch.rand((2, warm + steps + lags, model.n_features_in_), generator=generator) - 1
    units = _units(model, noise[0].numpy())[warm + lags :]
    told, foreign = (one[:, 0].numpy() for one in noise)
    held = _explained(units, _past(told, lags, warm), ridge)
    null = float(_explained(units, _past(foreign, lags, warm), ridge).mean())
    return Capacity(np.maximum(held - null, 0), null)


def _units(model: CellRegressor, noise: Array) -> Array:
    """States of one axis over the steps, standardised, ``(T, units)``."""
    walked = trace(model, noise)
    units = [one[0].double().numpy() for one in walked.after.values() if one.ndim == 3]
    if not units:
        raise ValueError(
            f"a model must have states of one axis to be asked, and {type(walked.cell).__name__} "
            f"has stores only: {', '.join(walked.after)}"
        )
    flat = np.concatenate(units, -1)
    deviation = flat.std(0)
    return np.asarray((flat - flat.mean(0)) / np.where(deviation > 0, deviation, 1))


def _past(noise: Array, lags: int, warm: int) -> Array:
    """What went in 0, 1, … steps before, ``(steps, lags)``."""
    first = warm + lags
    return np.stack([noise[first - lag : len(noise) - lag] for lag in range(lags)], -1)


def _explained(units: Array, asked: Array, ridge: float) -> Array:
    """R² of each column on the second half, fitted on the first; cut at 0."""
    half = len(units) // 2
    fitted = Ridge(alpha=ridge * half, solver="svd").fit(units[:half], asked[:half])
    found = r2_score(asked[half:], fitted.predict(units[half:]), multioutput="raw_values")
    return np.asarray(np.maximum(found, 0))


def _radius(onwards: Callable[[Tensor], Tensor], at: Tensor) -> float:
    # Whole: many stores decay at nearly one rate, and Krylov iterations do not tell them apart.
    if len(at) > MOST:
        raise ValueError(f"the model must have at most {MOST} states, got {len(at)}")
    jacobian = jacrev(onwards, chunk_size=256)(at)
    return float(torch.linalg.eigvals(jacobian).abs().max())


def _flat(state: Tensors) -> Tensor:
    return torch.cat([one.reshape(-1) for one in state.values()])


def _shaped(flat: Tensor, like: Tensors) -> Tensors:
    parts = torch.split(flat, [one.numel() for one in like.values()])
    return {
        name: part.view(one.shape) for (name, one), part in zip(like.items(), parts, strict=True)
    }
