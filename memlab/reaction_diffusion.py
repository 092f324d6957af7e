"""Gray-Scott reaction and diffusion with scars, in plain torch: the reference for the C kernel.

The order of the operations is fixed, so that on a CPU both give the same bits. Shapes: u, v
(R, C, H, W) for R replicates and C cues; feed, kill (R, H, W), shared by the cues of a replicate.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

SILENT = 1e-12  # sum of squares below which a field has no direction, so no similarity


@dataclass(frozen=True)
class Kinetics:
    """How the two chemicals spread and decay.

    The stencil's weights (1/5 edges, 1/20 corners) make the effective diffusivity 0.3 of the value.
    """

    diffuse_u: float = 0.16  # stencil weight, 1/time
    diffuse_v: float = 0.08  # stencil weight, 1/time
    decay: float = 0.9995  # factor on v after each step: kills 5e-4 / step
    dt: float = 1.0  # time / step

    def __post_init__(self) -> None:
        """Refuse what an explicit Euler step cannot integrate."""
        for name, rate in (("diffuse_u", self.diffuse_u), ("diffuse_v", self.diffuse_v)):
            if not 0 <= rate * self.dt <= 1.25:  # the stencil's most negative eigenvalue is -1.6
                raise ValueError(f"{name} * dt must be in [0, 1.25], got {rate} * {self.dt}")
        if not 0 < self.decay <= 1:
            raise ValueError(f"decay must be in (0, 1], got {self.decay} (published: 0.9995)")
        if not 0 < self.dt <= 1:
            raise ValueError(f"dt must be in (0, 1], got {self.dt} (published: 1)")


@dataclass(frozen=True)
class ScarRule:
    """Where v and target are both bright while they are similar, feed rises and kill falls.

    saturating: F += s, K -= s/2, then clamped to the bounds (the published rule).
    graded: F += s m (Fmax - F)/(Fmax - F0), K -= s/2 m (K - Kmin)/(K0 - Kmin), with m = v target.
    """

    law: Literal["saturating", "graded"] = "saturating"
    strength: float = 0.003  # s: feed gained in one act, 1/time; kill loses half
    threshold: float = 0.3  # v and target must both exceed it
    gate: float = 0.5  # the rule acts while the cosine of v and target exceeds it
    fade: float = 0.0  # share of the scar lost per step
    feed: float = 0.037  # F0, unscarred, 1/time
    kill: float = 0.060  # K0, unscarred, 1/time
    feed_min: float = 0.01  # 1/time
    feed_max: float = 0.08  # 1/time
    kill_min: float = 0.03  # 1/time
    kill_max: float = 0.08  # 1/time

    def __post_init__(self) -> None:
        """Refuse a rule whose scars could leave their bounds."""
        if self.law not in ("saturating", "graded"):
            raise ValueError(f"law must be 'saturating' or 'graded', got {self.law!r}")
        if not self.strength >= 0:
            raise ValueError(f"strength must be 0 or more, got {self.strength} (published: 0.003)")
        if not 0 <= self.fade <= 1:
            raise ValueError(f"fade must be in [0, 1] per step, got {self.fade}")
        if not self.feed_min <= self.feed < self.feed_max:
            raise ValueError(f"feed must be in [{self.feed_min}, {self.feed_max}), got {self.feed}")
        if not self.kill_min < self.kill <= self.kill_max:
            raise ValueError(f"kill must be in ({self.kill_min}, {self.kill_max}], got {self.kill}")

    def gains(self, salience: Tensor) -> tuple[Tensor, Tensor]:
        """What one act adds to feed and takes from kill at full match, each (R,)."""
        if self.law == "saturating":
            return salience * self.strength, salience * (self.strength / 2)
        to_feed = self.strength / (self.feed_max - self.feed)
        to_kill = self.strength / 2 / (self.kill - self.kill_min)
        return salience * to_feed, salience * to_kill


class Backend(NamedTuple):
    """One implementation of the medium: both calls work in place."""

    advance: Callable[[Kinetics, int, Tensor, Tensor, Tensor, Tensor], None]
    train: Callable[..., Tensor]


def laplacian(x: Tensor) -> Tensor:
    """Nine-point Laplacian over the last two axes, periodic; its weights sum to 0."""
    e = x.roll(1, -1) + x.roll(-1, -1)
    a = 0.05 * e + 0.2 * x
    return (a.roll(1, -2) + a.roll(-1, -2)) + (0.2 * e - x)


def advance(
    kinetics: Kinetics, steps: int, u: Tensor, v: Tensor, feed: Tensor, kill: Tensor
) -> None:
    """Let u and v (R, C, H, W) take `steps` steps in place."""
    _advanced(kinetics, steps, u, v, feed, kill)
    check_finite(u, v)


def _advanced(
    kinetics: Kinetics, steps: int, u: Tensor, v: Tensor, feed: Tensor, kill: Tensor
) -> None:
    f, fk, dt = feed.unsqueeze(1), (feed + kill).unsqueeze(1), kinetics.dt
    for _ in range(steps):
        uvv = u * v * v
        du = (kinetics.diffuse_u * laplacian(u) - uvv) + f * (1 - u)
        dv = (kinetics.diffuse_v * laplacian(v) + uvv) - fk * v
        u.copy_((u + dt * du).clamp(0, 1))
        v.copy_(((v + dt * dv) * kinetics.decay).clamp(0, 1))


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
) -> Tensor:
    """Step and scar in place: fields (R, H, W), salience (R,). Returns similarity (R, steps)."""
    gains = rule.gains(salience)
    similarity = u.new_zeros(len(u), steps)
    for step in range(steps):
        _advanced(kinetics, 1, u[:, None], v[:, None], feed, kill)
        similarity[:, step] = cosine(v, target)
        acts = (similarity[:, step] > rule.gate) & (salience > 0)
        scar(rule, gains, acts[:, None, None], feed, kill, v, target)
        faded(rule, 1, feed, kill)
    check_finite(u, v)
    return similarity


def scar(
    rule: ScarRule,
    gains: tuple[Tensor, Tensor],
    acts: Tensor,
    feed: Tensor,
    kill: Tensor,
    v: Tensor,
    target: Tensor,
) -> None:
    """One act of the rule, in place, on the replicates where `acts` (R, 1, 1) is true."""
    more, less = (gain[:, None, None] for gain in gains)
    match = (v > rule.threshold) & (target > rule.threshold) & acts
    if rule.law == "saturating":
        raised = torch.where(match, feed + more, feed).clamp(rule.feed_min, rule.feed_max)
        lowered = torch.where(match, kill - less, kill).clamp(rule.kill_min, rule.kill_max)
    else:
        m = v * target
        raised = torch.where(match, feed + more * m * (rule.feed_max - feed), feed)
        lowered = torch.where(match, kill - less * m * (kill - rule.kill_min), kill)
    feed.copy_(torch.where(acts, raised, feed))
    kill.copy_(torch.where(acts, lowered, kill))


def faded(rule: ScarRule, steps: int, feed: Tensor, kill: Tensor) -> None:
    """The scars' own decay alone, in place: what training does when nothing is salient."""
    for _ in range(steps if rule.fade else 0):
        feed.sub_(rule.fade * (feed - rule.feed))
        kill.sub_(rule.fade * (kill - rule.kill))


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Cosine of two fields (R, H, W) over their pixels, (R,); 0 where either is silent."""
    a, b = a.double(), b.double()
    aa, bb, ab = ((x * y).sum((-2, -1)) for x, y in ((a, a), (b, b), (a, b)))
    silent = (aa < SILENT) | (bb < SILENT)
    return torch.where(silent, 0.0, ab / (aa * bb).sqrt()).float()


def check_finite(*fields: Tensor) -> None:
    """Refuse fields (R, ...) in which a replicate has left the numbers."""
    for field in fields:
        finite = field.isfinite().flatten(1).all(1)
        if not finite.all():
            lost = (~finite).nonzero().flatten().tolist()
            raise FloatingPointError(
                f"the field must stay finite, got a NaN or infinity in replicate(s) {lost}; "
                "a smaller dt or diffusion, or finite feed and kill would do"
            )


def steady_states(feed: float, kill: float, kinetics: Kinetics) -> tuple[float, float] | None:
    """The well-mixed lit state (U, V+), None past the fold (only V = 0 is left).

    With v' = d (v + dt (u v^2 - (F+K) v)) a state stays when u v = q = F + K + (1/d - 1)/dt, and
    F (1-u) = q v; so V+ = (F/q) (1 + sqrt(1 - 4 q^2/F))/2 (Pearson, Science 261:189, 1993).
    """
    q = feed + kill + (1 / kinetics.decay - 1) / kinetics.dt
    room = 1 - 4 * q * q / feed
    if room < 0:
        return None
    v = feed / q * (1 + math.sqrt(room)) / 2
    return q / v, v


REFERENCE = Backend(advance, train)
