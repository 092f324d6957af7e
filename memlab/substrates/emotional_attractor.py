"""The published emotional attractor network, what its text claims, and what would do it."""

from functools import partial
from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.attractors import rates, theory
from memlab.attractors.coding import check_binary, check_size, coupling_bytes, signs, start
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate
from memlab.substrates.dense_memory import DenseMemory

Positive: TypeAlias = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Amount: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]

MOST = 80.0  # β E, or E of a prior: beyond it a weight leaves what float32 holds


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class EmotionalAttractor(Substrate):
    """τ dr/dt = -r + tanh(w r + I), with Δw = γ weight(E) p pᵀ for a pattern p of emotion E.

    E is the salience of an item. ``law`` published: weight = exp(-β E), as published. stated:
    exp(β E), as its text claims. prior: emotion as a log-prior κ E in a softmax memory of inverse
    temperature β, which moves the borders between basins and erases nothing.

    ``form`` a and b are the two published programs, which differ from their equation: a multiplies
    by τ where b divides, keeps self-coupling, and has τ = 0.1; both take a step to be 1. exact is
    the equation, by exponential Euler steps of dt. None of them scales by 1/N.
    Source: "Axiom #2: Form is Frozen Resonance", wiki of justindbilyeu/REAL.
    """

    space: Space
    law: Literal["published", "stated", "prior"] = "published"
    form: Literal["a", "b", "exact"] = "exact"
    beta: Positive = 1.0  # per unit of emotion; prior: per unit of likeness
    gamma: Positive = 1.0  # learning rate
    kappa: Amount = 1.0  # log-prior per unit of emotion, prior only
    tau: Positive = 10.0  # ms; of form a: the factor 0.1 that it calls a time
    dt: Positive = 1.0  # ms, exact only
    duration: Positive = 50.0  # of a recall, at most, ms; of forms a and b: steps
    still: Amount = 1e-5  # a recall is over when no rate moves faster, 1/ms
    current: Amount = 0.0  # I while the cue is on, per value of the cue
    current_for: Amount = 0.0  # how long the cue is on, ms; it also sets the start
    clamp: bool = False  # hold what a cue is certain of

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold, and steps that diverge."""
        check_binary(self.space, "emotional_attractor")
        if self.law != "prior":
            check_size(self.space, "emotional_attractor")
        longest = rates.longest_step(self.tau, self.gamma)
        if self.form == "exact" and self.dt >= longest:
            raise ValueError(
                f"dt must be below 2 tau / (1 + gamma) = {longest:.3g} ms, which follows one "
                f"stored pattern, got {self.dt:g} ms with tau={self.tau:g} and gamma={self.gamma:g}"
            )
        if self.form == "a" and self.tau >= 2:
            raise ValueError(
                f"form=a multiplies by tau and diverges from 2 on, got tau={self.tau:g}; the "
                "published value is substrate.tau=0.1"
            )
        if self.form == "b" and self.tau <= 0.5:
            raise ValueError(f"form=b divides by tau and diverges at 0.5, got tau={self.tau:g}")

    def footprint(self) -> int:
        return 0 if self.law == "prior" else coupling_bytes(self.space.size)

    def blank(self, draws: Draws) -> Engram:
        if self.law == "prior":
            return self._softmax.blank(draws)
        shape = (len(draws.replicates), self.space.size, self.space.size)
        return Engram({"weights": Part(torch.zeros(shape, device=draws.device))})

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        shown = item.salience > 0
        if self.law == "prior":  # the softmax memory takes a log of what it is handed
            felt = torch.where(shown, item.salience.clamp(max=MOST).exp(), 0.0)
            self._softmax.write(engram, Item(item.values, item.valid, felt), draws, meter)
            return
        weight = torch.where(shown, self.gamma * self._weight(item.salience), 0.0)
        x, w = (signs(item.values) * item.valid).flatten(1), engram["weights"]
        w.baddbmm_((weight[:, None] * x)[:, :, None], x[:, None, :])
        if self.form != "a":
            w.diagonal(dim1=1, dim2=2).zero_()
        meter.tick(1)
        self._report(item.salience, weight, meter)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        if self.law == "prior":
            return self._softmax.read(engram, cue, draws, meter)
        state, certain = start(cue)
        fixed = certain if self.clamp and bool(certain.any()) else None
        watch = partial(self._seen, meter) if meter.watched else None
        drive = partial(self._drive, state) if self.current else lambda _: 0.0
        final = rates.relaxed(
            engram["weights"], state, fixed, self._clock, gain=1.0, drive=drive, watch=watch
        )
        return Readout(self._answer(final))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        """Nothing fades."""

    @property
    def _softmax(self) -> DenseMemory:
        return DenseMemory(space=self.space, beta=self.beta, kappa=self.kappa)

    @property
    def _clock(self) -> rates.Clock:
        """Explicit Euler steps of the published forms are those of an exact one with this share."""
        if self.form == "exact":
            return rates.Clock(self.tau, self.dt, self.duration, self.still, self._held)
        share = self.tau if self.form == "a" else 1 / self.tau
        return rates.Clock(self.tau, 1.0, self.duration, self.still, self._held, left=1 - share)

    @property
    def _held(self) -> float:
        """How long the input goes on, ms."""
        return self.current_for if self.current else 0.0

    def _weight(self, emotion: Tensor) -> Tensor:
        """exp(∓ β E), within what a float holds."""
        power = (self.beta * emotion).clamp(max=MOST)
        return torch.exp(-power if self.law == "published" else power)

    def _drive(self, state: Tensor, time: float) -> Tensor | float:
        """The input current at a time, ms: the cue, while it is on."""
        return self.current * state if time < self.current_for else 0.0

    def _answer(self, state: Tensor) -> Tensor:
        return (0.5 + 0.5 * state.clamp(-1, 1)).reshape(*state.shape[:2], *self.space.shape)

    def _seen(self, meter: Meter, step: int, state: Tensor, fields: Tensor) -> None:
        meter.tick(1)
        meter.add("energy", step, rates.energy(state, fields, 1.0))
        meter.look(step, self._answer(state))

    def _report(self, emotion: Tensor, weight: Tensor, meter: Meter) -> None:
        """What theory says of this item as if it were alone: weight, gain, fixed point and β*."""
        gains = [theory.gain(float(one), self.space.size) for one in weight]
        meter.add("weight", 0, weight)
        meter.add("gain", 0, torch.tensor(gains))
        meter.add("fixed_point", 0, torch.tensor([theory.fixed_point(g) for g in gains]))
        if self.law == "published" and bool((emotion > 0).all()):  # else nothing ends its recall
            size, least = self.space.size, theory.PUBLISHED
            ends = [theory.critical_beta(size, float(e), self.gamma, least) for e in emotion]
            meter.add("critical_beta", 0, torch.tensor(ends))
