"""The attractor network that every associative memory is compared with."""

from functools import partial
from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.attractors import rates, signs
from memlab.attractors.coding import check_binary, check_size, coupling_bytes, start
from memlab.attractors.coding import signs as as_signs
from memlab.attractors.learning import RULES, bounded, faded
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate

Positive: TypeAlias = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Hopfield(Substrate):
    """Units coupled by what they did together: s_i ← sign(Σ_j w_ij s_j), or graded rates in time.

    Couplings are scaled by 1/N and have no diagonal in the dynamics. Rules: Hebb, Storkey, and the
    projection onto all patterns (pseudo-inverse), each with decay and bounds if wanted, which make
    the memory forget its oldest (palimpsest). Salience is the weight of a presentation. Units
    that a cue does not mention start silent; those it vouches for are held, if ``clamp``.
    J. Hopfield, PNAS 79, 2554 (1982) and 81, 3088 (1984).
    """

    space: Space
    rule: Literal["hebb", "storkey", "projection"] = "hebb"
    decay: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0  # share lost per presentation
    bound: Positive | None = None  # of a coupling, in 1/√N
    units: Literal["sign", "rate"] = "sign"
    update: Literal["synchronous", "asynchronous"] = "synchronous"  # of sign units
    sweeps: Annotated[int, Field(strict=True, gt=0)] = 50  # of sign units, at most
    clamp: bool = True  # hold what a cue is certain of
    gain: Positive = 10.0  # of rate units
    tau: Positive = 10.0  # of rate units, ms
    dt: Positive = 1.0  # of a step of rate units, ms
    duration: Positive = 300.0  # of a recall of rate units, at most, ms
    still: Positive = 1e-5  # rate units have settled when none moves faster, 1/ms

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold, and steps that are too long."""
        check_binary(self.space, "hopfield")
        check_size(self.space, "hopfield")
        longest = rates.longest_step(self.tau, self.gain)
        if self.units == "rate" and self.dt >= longest:
            raise ValueError(
                f"dt must be below 2 tau / (1 + gain) = {longest:.3g} ms, got {self.dt:g} ms with "
                f"tau={self.tau:g} and gain={self.gain:g}"
            )

    def footprint(self) -> int:
        return coupling_bytes(self.space.size)

    def blank(self, draws: Draws) -> Engram:
        shape = (len(draws.replicates), self.space.size, self.space.size)
        return Engram({"weights": Part(torch.zeros(shape, device=draws.device))})

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        w = engram["weights"]
        faded(w, self.decay, 1)
        if bool((item.salience > 0).any()):
            x = (as_signs(item.values) * item.valid).flatten(1)
            RULES[self.rule](w, x, item.salience)
            bounded(w, self.bound)
        meter.tick(1)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        w = self._coupled(engram)
        state, certain = start(cue)
        fixed = certain if self.clamp and bool(certain.any()) else None
        watch = partial(self._seen, meter) if meter.watched else None
        if self.units == "rate":
            clock = rates.Clock(self.tau, self.dt, self.duration, self.still)
            final = rates.relaxed(
                w, state, fixed, clock, gain=self.gain, drive=lambda _: 0.0, watch=watch
            )
        elif self.update == "synchronous":
            final = signs.synchronous(w, state, fixed, self.sweeps, watch)
        else:
            orders = partial(self._order, draws)
            final = signs.asynchronous(w, state, fixed, self.sweeps, orders=orders, watch=watch)
        answer = self._answer(final)
        return Readout(answer, answer.flatten(2))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        faded(engram["weights"], self.decay, presentations)
        meter.tick(presentations)

    def _coupled(self, engram: Engram) -> Tensor:
        """The couplings of the dynamics: no unit has one to itself, as those of a projector do."""
        w = engram["weights"]
        if self.rule != "projection":
            return w
        return w - torch.diag_embed(w.diagonal(dim1=1, dim2=2))

    def _order(self, draws: Draws, sweep: int) -> Tensor:
        return draws.at("order", sweep).permutation("order", self.space.size)

    def _answer(self, state: Tensor) -> Tensor:
        """States as probabilities of *on*: half where a unit never spoke."""
        return state.mul(0.5).add_(0.5).reshape(*state.shape[:2], *self.space.shape)

    def _seen(self, meter: Meter, step: int, state: Tensor, fields: Tensor) -> None:
        """Energy and answer as they stand."""
        if self.units == "rate":
            meter.add("energy", step, rates.energy(state, fields, self.gain))
        else:
            meter.add("energy", step, signs.energy(state, fields))
        meter.tick(1)
        meter.look(step, self._answer(state))
