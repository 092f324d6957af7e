"""Recurrent cells as media: patterns come row by row, and are completed on a second look."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab import native
from memlab.cells.adam import Moments
from memlab.cells.cell import Cell, Tensors, check_types
from memlab.cells.completion import Completion, Examples
from memlab.cells.readout import check_linear
from memlab.cells.replicated import compiled, drawn
from memlab.cells.rows import Damage, Rows
from memlab.cells.steps import Pace, adam
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate

Share: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Names: TypeAlias = Annotated[list[str], Field(min_length=1)]

BYTES = 4  # of a float32
STATE = "state_"  # before the name of a state, in the engram


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Recurrent(Substrate):
    """A recurrent cell that completes patterns row by row: p(x = 1) = σ(y) on the last pass.

    An H×W pattern is H steps of W inputs, and as many that say which values are given. A cue is
    shown ``passes`` times over and answered during the last, so that the row that comes last can
    inform the one that comes first. What a cue vouches for is answered as it is.

    ``memory`` is what may remember. weights: a presentation is gradient steps (Adam) on the cross
    entropy of the whole item, completed from damaged versions of it; the state is blank at every
    read. The cell has thus been trained on cues of the kind ``least_given`` and ``flips`` tell.
    state: the weights stay as they were drawn; the item runs through the cell once, and what that
    leaves in the state is all there is. Its read-out is linear, fitted once to random patterns
    that no item is made of (a reservoir's). both: weights learn, from the state that is carried.

    Salience is how many gradient steps are taken, the last in part, and how strongly the item is
    put in. Time alone moves only a state, by steps without input.
    """

    space: Space
    cell: Callable[..., Cell]  # completed by inputs and outputs
    memory: Literal["weights", "state", "both"] = "weights"
    learns: Names | None = None  # parameters that gradient steps change; None: all
    row: Count = 16  # values of a row that a vector is cut into
    passes: Annotated[int, Field(strict=True, gt=0, le=100)] = 2  # of a cue
    updates: Count = 30  # gradient steps of a presentation of salience 1
    batch: Count = 8  # damaged versions in a gradient step
    least_given: Share = 0.1  # of the values of a damaged version, at the least
    flips: Share = 0.1  # share of the given values of a damaged version that are wrong
    rate: Positive = 0.005  # of Adam
    clip: Positive = 1.0  # of the norm of a gradient
    examples: Count = 512  # random patterns that the read-out of memory=state is fitted to
    ridge: Positive = 0.01  # of that fit, in mean variances of a unit
    backend: Literal["auto", "native", "torch"] = "auto"  # C on CPU for cells that have a form in C

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold, and cells that cannot be built."""
        if self.space.symbols not in {None, 2}:
            raise ValueError(f"a recurrent cell holds binary or graded patterns, got {self.space}")
        cell, known = self._cell, self._cell.shapes()
        unknown = [name for name in self.learns or [] if name not in known]
        if unknown:
            raise ValueError(
                f"learns must name parameters of {type(cell).__name__} ({', '.join(known)}), "
                f"got {', '.join(unknown)}"
            )
        if self.memory == "state":
            check_linear(cell)
        if self.backend == "native" and not compiled(cell, torch.device("cpu")):
            why = "has no form in C" if native.available() else "needs the compiled core"
            raise ValueError(
                f"backend=native: {type(cell).__name__} {why}; take backend=auto or torch"
            )

    def footprint(self) -> int:
        shapes, states = self._cell.shapes(), self._cell.blank(1, torch.empty(0))
        weights = sum(math.prod(shape) for shape in shapes.values())
        moments = 2 * sum(math.prod(shapes[name]) for name in self._learned)
        kept = sum(one.numel() for one in states.values()) if self.memory != "weights" else 0
        return BYTES * (weights + kept + (moments + 1 if self._learned else 0))

    def blank(self, draws: Draws) -> Engram:
        raw = drawn(self._cell, draws.at("cell").integers("seed", 2**62))
        if self.memory == "state":
            listener = self._built(self._cell.sizes()["h"])
            examples = Examples(self.examples, self.ridge)
            raw |= examples.readout(self._completion, listener, raw, draws.at("read-out"))
        learned = set(self._learned)
        parts = {
            name: Part(one, Role.MEMORY if name in learned else Role.BODY)
            for name, one in raw.items()
        }
        if self.memory != "weights":
            states = self._completion.states(len(draws.replicates), 1, next(iter(raw.values())))
            parts |= {STATE + name: Part(one[:, 0]) for name, one in states.items()}
        if learned:
            size = sum(raw[name][0].numel() for name in learned)
            rows = torch.zeros((len(draws.replicates), size), device=draws.device)
            parts["adam_mean"] = Part(rows, Role.LEARNER)
            parts["adam_square"] = Part(rows.clone(), Role.LEARNER)
            parts["adam_steps"] = Part(rows.new_zeros(len(rows)), Role.LEARNER)
        return Engram(parts)

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        if self._learned:
            wanted = self.updates * item.salience  # (R,) gradient steps
            for k in range(math.ceil(float(wanted.max()))):
                share = (wanted - k).clamp(0, 1)
                loss = self._update(engram, item, share, draws.at("update", k))
                meter.add("loss", k, torch.where(share > 0, loss, torch.nan), "nat/value")
                meter.tick(1)
        if self.memory != "weights":
            shown = self._rows.presented(item.values[:, None], item.valid[:, None])
            strength = item.salience[:, None, None, None]
            self._absorb(engram, torch.where(strength > 0, strength * shown, 0.0), meter)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        values = torch.where(cue.given, cue.values, 0.0)
        if self.space.symbols is not None:  # a faint cue is read against its own strongest value
            peak = values.flatten(2).amax(2)[(..., *[None] * len(self.space.shape))]
            values = values / torch.where(peak > 0, peak, 1.0)
        with torch.no_grad():
            shown = self._rows.presented(values, cue.given)
            looks = self._completion.logits(
                self._raw(engram), self._start(engram, cue.count), shown
            )
        answers = [torch.where(cue.certain, cue.values, torch.sigmoid(y)) for y in looks]
        for step, response in enumerate(answers, 1):
            meter.tick(1)
            meter.look(step, response)
        return Readout(answers[-1])

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        if self.memory == "weights":
            return
        like = next(iter(engram.parts.values())).values
        silence = like.new_zeros((len(like), 1, self._rows.steps, 2 * self._rows.width))
        for _ in range(presentations):
            self._absorb(engram, silence, meter)

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self.space, self.row)

    @cached_property
    def _cell(self) -> Cell:
        return self._built(self._rows.width)

    @cached_property
    def _completion(self) -> Completion:
        damage = Damage(self.least_given, self.flips)
        return Completion(self._cell, self._rows, damage, self.passes, self.backend != "torch")

    @cached_property
    def _learned(self) -> tuple[str, ...]:
        """The parameters that gradient steps change, in the cell's order."""
        known = self._cell.shapes()
        wanted = known if self.learns is None else self.learns
        return tuple(name for name in known if name in wanted and self.memory != "state")

    def _built(self, outputs: int) -> Cell:
        try:
            cell = self.cell(inputs=2 * self._rows.width, outputs=outputs)
        except TypeError as error:
            raise ValueError(
                f"cell must be a recurrent cell with sizes as numbers: {error}"
            ) from error
        check_types(cell)
        return cell

    def _raw(self, engram: Engram) -> Tensors:
        return {name: engram[name] for name in self._cell.shapes()}

    def _start(self, engram: Engram, batch: int) -> Tensors:
        """The states ``(R, B, …)`` in which a cue finds the cell."""
        if self.memory == "weights":
            like = next(iter(engram.parts.values())).values
            return self._completion.states(len(like), batch, like)
        kept = {name: engram[STATE + name][:, None] for name in self._cell.states()}
        return {n: one.expand(-1, batch, *one.shape[2:]).contiguous() for n, one in kept.items()}

    def _absorb(self, engram: Engram, x: Tensor, meter: Meter) -> None:
        """Let the state go through ``x (R, 1, T, 2 W)``."""
        with torch.no_grad():
            _, after = self._completion.run(self._raw(engram), self._start(engram, 1), x)
        for name, one in after.items():
            engram[STATE + name] = one[:, 0]
        meter.tick(1)

    def _update(self, engram: Engram, item: Item, share: Tensor, draws: Draws) -> Tensor:
        """One gradient step, or that share ``(R,)`` of it; the loss ``(R,)`` before it."""
        gradients, loss = self._completion.gradients(
            self._raw(engram), self._learned, self._start(engram, self.batch), item, draws
        )
        kept = Moments(engram["adam_mean"], engram["adam_square"], engram["adam_steps"])
        weights, gradient = (
            torch.cat([one.reshape(len(loss), -1) for one in each], 1)
            for each in ([engram[name] for name in self._learned], gradients)
        )
        pace = Pace(self.rate, self.clip)
        moved, after = adam(weights, gradient, kept, share, pace, core=self.backend != "torch")
        engram["adam_mean"], engram["adam_square"] = after.mean, after.square
        engram["adam_steps"] = after.steps
        parts = torch.split(moved, [one[0].numel() for one in gradients], 1)
        for name, part in zip(self._learned, parts, strict=True):
            engram[name] = part.clone().reshape(engram[name].shape)
        return loss
