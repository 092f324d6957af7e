"""Networks of graded units: τ dr/dt = -r + tanh(g (w r + I)), by exponential Euler steps.

Rates ``r (R, C, N)`` lie in [-1, 1], couplings ``w (R, N, N)`` are symmetric, τ and dt are in ms.
With decay a = exp(-dt/τ) a step is r ← a r + (1 - a) tanh(…), exact for a constant input.
J. Hopfield, PNAS 81, 3088 (1984).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

EDGE = 1e-7  # rates are kept this far within ±1 where their entropy is taken


@final
@dataclass(frozen=True)
class Clock:
    """The time of a network of rates, ms."""

    tau: float  # membrane time constant
    dt: float  # of one step
    duration: float  # of a recall, at most
    still: float  # a recall is over when no rate moves faster than this, 1/ms
    held: float = 0.0  # it is not over before this, ms: the input may still change
    left: float | None = None  # share of a rate after a step without input; None: exp(-dt/tau)

    @property
    def steps(self) -> int:
        """Steps of a whole recall."""
        return max(1, round(self.duration / self.dt))

    @property
    def kept(self) -> float:
        """Share of a rate that is left after one step without input."""
        return math.exp(-self.dt / self.tau) if self.left is None else self.left


def longest_step(tau: float, gain: float) -> float:
    """The dt below which steps of Euler follow a loop of this gain, 2 τ / (1 + g), in ms.

    Above it an inhibiting loop of gain g swings by the step alone.
    """
    return 2 * tau / (1 + gain)


def relaxed(
    w: Tensor,
    r: Tensor,
    fixed: Tensor | None,
    clock: Clock,
    *,
    gain: float,
    drive: Callable[[float], Tensor | float] = lambda _: 0.0,
    watch: Callable[[int, Tensor, Tensor], None] | None = None,
) -> Tensor:
    """Rates at rest, or when the time is over; ``drive`` gives I at a time in ms."""
    start, kept = r, clock.kept
    for step in range(clock.steps):
        fields = torch.bmm(r, w)
        if watch is not None:
            watch(step, r, fields)
        aim = torch.tanh(gain * (fields + drive(step * clock.dt)))
        new = aim.lerp(r, kept)
        if fixed is not None:
            new = torch.where(fixed, start, new)
        moving = (new - r).abs().amax(2, keepdim=True) >= clock.still * clock.dt  # (R, C, 1)
        if step * clock.dt <= clock.held:
            r = new
            continue
        r = torch.where(moving, new, r)
        if not bool(moving.any()):
            break
    return r


def energy(r: Tensor, fields: Tensor, gain: float) -> Tensor:
    """-½ r·w·r + Σ ∫ artanh / g of each state ``(R, C)``: falls where there is no input."""
    x = r.clamp(EDGE - 1, 1 - EDGE)
    entropy = x * torch.atanh(x) + 0.5 * torch.log1p(-x.square())
    return (-0.5 * r * fields + entropy / gain).sum(2)
