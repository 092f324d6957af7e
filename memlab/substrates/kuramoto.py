"""Phase oscillators that remember which of them swing together."""

from functools import partial
from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab import native, oscillators
from memlab.attractors.coding import check_binary, check_size, coupling_bytes, signs, start
from memlab.attractors.learning import faded, hebb
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate

FEW = 1024  # oscillators up to which one cue after the other in C beats the products of many
Positive: TypeAlias = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NotNegative: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Kuramoto(Substrate):
    """Phase oscillators, θ_i' = ω_i + Σ_j K_ij sin(θ_j - θ_i) - K_s sin 2θ_i + second harmonic.

    Hebbian couplings: those that were alike swing in phase, those that were not in antiphase, on
    all others or on the square of radius ``reach`` around each on a torus. A cue sets the phases 0
    (on) and π (off), and π/2 where it says nothing; those it vouches for are held, if ``clamp``.
    An answer is read relative to the cue. A signal at twice the frequency, K_s, makes phases
    binary; without it no load is free of errors. So does a second harmonic among all, ε, but from
    0.5 on it holds every answer where its cue began, whatever was learned.
    T. Aoyagi, PRL 74, 4075 (1995); T. Wang and J. Roychowdhury, UCNC (2019) for K_s.
    """

    space: Space
    reach: Annotated[int, Field(strict=True, gt=0)] | None = None  # cells; None: all to all
    decay: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0  # share lost per presentation
    injection: NotNegative = 0.3  # K_s, rad/time
    second: NotNegative = 0.0  # ε of (ε/N) Σ_j sin 2(θ_j - θ_i), rad/time
    spread: NotNegative = 0.0  # sd of the natural frequencies, rad/time
    jitter: NotNegative = 0.1  # sd of phases a cue sets and does not vouch for, rad
    clamp: bool = True  # hold what a cue is certain of
    dt: Positive = 0.2  # of a step, time; shorter where couplings are strong
    duration: Positive = 100.0  # of a recall, at most, time
    still: Positive = 1e-3  # a recall is over when no phase moves faster, rad/time
    backend: Literal["auto", "native", "torch"] = "auto"  # auto: C on CPU where it was built

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold, and steps that are too long."""
        check_binary(self.space, "kuramoto")
        if self.reach is None:
            check_size(self.space, "kuramoto")
        else:
            self._check_reach(self.reach)
        if self.backend == "native" and not native.available():
            raise ValueError("backend=native needs the compiled kernel (make setup), or try auto")
        longest = 1 / (1 + self.injection + 2 * self.second)
        if self.dt >= longest:
            raise ValueError(
                f"dt must be below 1 / (1 + injection + 2 second) = {longest:.3g}, the step that "
                f"follows one stored pattern, got {self.dt:g} with injection={self.injection:g}, "
                f"second={self.second:g}"
            )

    def footprint(self) -> int:
        if self.reach is None:
            return coupling_bytes(self.space.size) + 4 * self.space.size
        return 4 * self.space.size * (len(oscillators.offsets(self.reach)) + 1)

    def blank(self, draws: Draws) -> Engram:
        replicates, units = len(draws.replicates), self.space.size
        shape: tuple[int, ...] = (replicates, units, units)
        if self.reach is not None:
            shape = (replicates, len(oscillators.offsets(self.reach)), *self.space.shape)
        coupling = torch.zeros(shape, device=draws.device)
        frequencies = self.spread * draws.normal("frequencies", self.space.shape)
        return Engram(
            {
                "coupling": Part(coupling, grid=self.reach is not None),
                "frequencies": Part(frequencies, Role.BODY),
            }
        )

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        k = engram["coupling"]
        faded(k, self.decay, 1)
        if bool((item.salience > 0).any()):
            x = signs(item.values) * item.valid
            if self.reach is None:
                hebb(k, x.flatten(1), item.salience)
            else:
                oscillators.local_hebb(k, x, item.salience)
        meter.tick(1)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        k = engram["coupling"]
        seen, certain = start(cue)
        theta = self._begun(seen, certain, draws)
        fixed = certain if self.clamp and bool(certain.any()) else None
        if self._in_c(k, meter):
            final = native.relaxed_phases(k, theta, fixed, self._motion(engram))
        else:
            fields = partial(oscillators.dense if self.reach is None else oscillators.local, k)
            watch = partial(self._seen, meter, seen) if meter.watched else None
            final = oscillators.relaxed(fields, theta, fixed, self._motion(engram), watch)
        return Readout(self._answer(final, seen))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        faded(engram["coupling"], self.decay, presentations)
        meter.tick(presentations)

    def _check_reach(self, reach: int) -> None:
        sides = self.space.shape
        if len(sides) != 2:
            raise ValueError(
                f"kuramoto with a reach holds patterns on a plane, got {self.space}; take "
                f"substrate.reach=null, not {reach}, or patterns of height and width (digits, "
                "shapes)"
            )
        if 2 * reach + 1 > min(sides):
            raise ValueError(
                f"reach must be at most {(min(sides) - 1) // 2} on {self.space}, so that no "
                f"neighbour counts twice, got {reach}; take substrate.reach=null for all to all"
            )

    def _in_c(self, k: Tensor, meter: Meter) -> bool:
        """Whether the C kernel relaxes: it shows no steps, and takes one cue after the other."""
        if self.backend == "torch" or k.device.type != "cpu" or meter.watched:
            return False
        few = self.reach is not None or self.space.size <= FEW or self.backend == "native"
        return few and native.available()

    def _motion(self, engram: Engram) -> oscillators.Motion:
        longest = oscillators.longest_step(engram["coupling"], self.injection, self.second)
        return oscillators.Motion(
            omega=engram["frequencies"].flatten(1)[:, None],
            injection=self.injection,
            second=self.second,
            dt=longest.clamp(max=self.dt)[:, None, None],
            steps=max(1, round(self.duration / self.dt)),
            still=self.still,
        )

    def _begun(self, seen: Tensor, certain: Tensor, draws: Draws) -> Tensor:
        """The phases a cue sets: never all exactly 0 or π, where nothing pulls at all."""
        theta = torch.pi / 2 * (1 - seen)
        doubted = (seen != 0) & ~certain
        noise = draws.normal("jitter", (self.space.size,))[:, None]  # the same for every cue
        return theta + self.jitter * noise * doubted

    def _answer(self, theta: Tensor, seen: Tensor) -> Tensor:
        """Phases as probabilities of *on*."""
        near = oscillators.turned(theta, seen).cos()
        return near.mul(0.5).add_(0.5).clamp_(0, 1).reshape(*near.shape[:2], *self.space.shape)

    def _seen(self, meter: Meter, seen: Tensor, step: int, theta: Tensor, around: Tensor) -> None:
        """Energy, order and answer as they stand."""
        meter.add("energy", step, oscillators.energy(theta, around, self.injection, self.second))
        meter.add("order", step, oscillators.order(theta))
        meter.tick(1)
        meter.look(step, self._answer(theta, seen))
