"""Coupled phase oscillators.

    θ_i' = ω_i + Σ_j K_ij sin(θ_j - θ_i) - K_s sin 2θ_i + (ε/N) Σ_j sin 2(θ_j - θ_i)

Phases ``theta (R, C, N)`` are in rad, rates in rad per time; time is in units in which one stored
pattern of weight 1 pulls with 1. Couplings know the pair ``(cos θ, sin θ)`` as ``(R, 2C, N)``
and give the fields ``(Σ_j K_ij cos θ_j, Σ_j K_ij sin θ_j)`` back: dense ``k (R, N, N)``, or local
``k (R, neighbours, H, W)`` on a torus, in the order of ``offsets``.
Y. Kuramoto, Chemical Oscillations, Waves, and Turbulence (1984).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor

Fields: TypeAlias = Callable[[Tensor], Tensor]  # (R, 2C, N) to (R, 2C, N)
Watcher: TypeAlias = Callable[[int, Tensor, Tensor], None]  # step, theta, fields


@final
@dataclass(frozen=True)
class Motion:
    """How phases move, apart from their couplings."""

    omega: Tensor  # (R, 1, N), rad/time
    injection: float  # K_s, of a signal at twice the frequency, rad/time
    dt: Tensor  # (R, 1, 1), time
    steps: int  # at most
    still: float  # a cue has settled when none of its phases moves faster, rad/time
    second: float = 0.0  # ε, of the second harmonic that couples all alike, rad/time


def relaxed(
    fields: Fields,
    theta: Tensor,
    fixed: Tensor | None,
    motion: Motion,
    watch: Watcher | None = None,
) -> Tensor:
    """Phases at rest, or after all steps; those that are ``fixed (R, C, N)`` stay.

    A cue that has settled stays where it is, so that no answer depends on how long others take.
    """
    settled = torch.zeros((*theta.shape[:2], 1), dtype=torch.bool, device=theta.device)
    for step in range(motion.steps):
        pair = torch.cat([theta.cos(), theta.sin()], 1)
        around = fields(pair)
        if watch is not None:
            watch(step, theta, around)
        speed = velocity(pair, around, motion)
        if fixed is not None:
            speed = speed.masked_fill(fixed, 0.0)
        settled = settled | (speed.abs().amax(2, keepdim=True) < motion.still)
        if bool(settled.all()):
            break
        theta = theta + (motion.dt * speed).masked_fill_(settled, 0.0)
    return theta


def velocity(pair: Tensor, around: Tensor, motion: Motion) -> Tensor:
    """θ' of every phase, ``(R, C, N)``, from (cos θ, sin θ) and its fields."""
    (cos, sin), (real, imaginary) = pair.chunk(2, 1), around.chunk(2, 1)
    first = motion.omega + cos * imaginary - sin * (real + 2 * motion.injection * cos)
    if motion.second == 0:
        return first
    doubled = torch.stack([cos * cos - sin * sin, 2 * cos * sin])
    mean = motion.second * doubled.mean(3, keepdim=True)
    return first + doubled[0] * mean[1] - doubled[1] * mean[0]


def energy(theta: Tensor, around: Tensor, injection: float, second: float) -> Tensor:
    """Falls where all ω are equal, ``(R, C)``.

    -½ Σ K_ij cos(θ_j - θ_i) - ½ K_s Σ cos 2θ_i - (ε/4N) Σ cos 2(θ_j - θ_i)
    """
    real, imaginary = around.chunk(2, 1)
    pulled = theta.cos() * real + theta.sin() * imaginary
    binary = -0.5 * (pulled + injection * (2 * theta).cos()).sum(2)
    return binary - 0.25 * second * theta.shape[2] * order(2 * theta).square()


def order(theta: Tensor) -> Tensor:
    """|⟨exp iθ⟩| of every cue, ``(R, C)``: 1 in synchrony, about 1/√N without any."""
    return torch.hypot(theta.cos().mean(2), theta.sin().mean(2))


def turned(theta: Tensor, seen: Tensor) -> Tensor:
    """Phases after the one rotation that agrees best with ``seen (R, C, N)``, ±1 or 0."""
    real, imaginary = ((seen * x).sum(2, keepdim=True) for x in (theta.cos(), theta.sin()))
    return theta - torch.atan2(imaginary, real)


def dense(k: Tensor, pair: Tensor) -> Tensor:
    """Fields of all on all."""
    return torch.bmm(pair, k.mT)


def local(k: Tensor, pair: Tensor) -> Tensor:
    """Fields of the neighbourhood."""
    plane = pair.reshape(*pair.shape[:2], *k.shape[2:])
    total = torch.zeros_like(plane)
    for n, (down, right) in enumerate(offsets(reach_of(k))):
        total.addcmul_(k[:, n, None], plane.roll((-down, -right), (2, 3)))
    return total.flatten(2)


def mean_field(strength: Tensor, pair: Tensor) -> Tensor:
    """Fields where every pair is coupled by K/N, ``strength (R,)``."""
    return (strength[:, None, None] * pair.mean(2, keepdim=True)).expand_as(pair)


def local_hebb(k: Tensor, x: Tensor, strength: Tensor) -> None:
    """k_d(i) += s x_i x_(i+d) / (neighbours + 1), in place; ``x (R, H, W)``, ``strength (R,)``."""
    scaled = x * (strength / (k.shape[1] + 1))[:, None, None]
    for n, (down, right) in enumerate(offsets(reach_of(k))):
        k[:, n].addcmul_(scaled, x.roll((-down, -right), (1, 2)))


def offsets(reach: int) -> list[tuple[int, int]]:
    """Where the neighbours are, (down, right): the square of that radius, row by row."""
    span = range(-reach, reach + 1)
    return [(down, right) for down in span for right in span if down or right]


def reach_of(k: Tensor) -> int:
    """The radius of the neighbourhood of local couplings."""
    return (math.isqrt(k.shape[1] + 1) - 1) // 2


def longest_step(k: Tensor, injection: float, second: float) -> Tensor:
    """The step ``(R,)`` below which the energy must fall, 1 / (max_i Σ_j |K_ij| + K_s + 2ε).

    By Gershgorin no curvature of the energy exceeds twice that denominator.
    """
    total = k.abs().sum(2) if k.ndim == 3 else k.abs().sum(1).flatten(1)
    return 1 / (total.amax(1) + injection + 2 * second)
