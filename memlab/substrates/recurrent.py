"""Recurrent cells as media: patterns are completed on a second look, tasks are done."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab import native
from memlab.cells.cell import Cell, Tensors
from memlab.cells.completion import Completion, Examples
from memlab.cells.descent import Descent, Gradients
from memlab.cells.exercise import Exercise, check_trainable
from memlab.cells.following import Following
from memlab.cells.inspection import inspect
from memlab.cells.protection import Elastic, Freezing, Protection, Unprotected, check_unprotected
from memlab.cells.readout import check_linear
from memlab.cells.regression import Regression
from memlab.cells.replicated import begun, compiled, drawn, states
from memlab.cells.rows import Damage, Rows
from memlab.cells.spelling import Spelling
from memlab.cells.steps import Pace
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
    """A recurrent cell that completes patterns row by row, or does tasks step by step.

    An H×W pattern is H steps of W inputs, and as many that say which values are given. A cue is
    shown ``passes`` times over and answered during the last, so that the row that comes last can
    inform the one that comes first. A task is followed as it comes.

    ``memory`` is what may remember. weights: a presentation is gradient steps (Adam); the state is
    blank at every read. Of a pattern the loss is the cross entropy of the whole, completed from
    damaged versions: the cell has been trained on cues of the kind ``least_given`` and ``flips``
    tell. Of a task it is the error of the outputs that are taught, in windows. Of a string of
    several symbols it is the cross entropy of each symbol after those before it.
    state: the weights stay as they were drawn. A pattern runs through the cell once, and what that
    leaves in the state is all there is; the linear read-out is fitted beforehand to random patterns
    that no item is made of. Of a task the state holds the past, and a presentation adds what is
    taught to the sums that the read-out is regressed from (a reservoir's).
    both: weights learn patterns from the state that is carried from one to the next.

    ``protection`` is how gradient steps spare what an item taught once it is consolidated: not at
    all, by freezing the largest weights, or by elastic weight consolidation (ewc).

    Salience is how many gradient steps are taken, the last in part, how strongly a pattern is put
    in, or how often a task counts. Time alone moves only a carried state, by steps without input.
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
    window: Count = 100  # steps of a task that a gradient is taken through
    task_ridge: Positive = 1e-8  # of the read-out of a task, in mean variances of a unit
    protection: Literal["none", "freezing", "ewc"] = "none"
    frozen: Share = 0.5  # share of the free weights that an item freezes (protection=freezing)
    stiffness: Positive = 1.0  # λ, of the penalty for moving what mattered (protection=ewc)
    backend: Literal["auto", "native", "torch"] = "auto"  # C on CPU for cells that have a form in C

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold, and cells that cannot be built."""
        if self.space.outputs and self.memory == "both":
            raise ValueError(
                "memory must be weights or state for tasks, which bring their past along, got both"
            )
        if self._spells and (self.memory != "weights" or len(self.space.shape) > 1):
            raise ValueError(
                "a recurrent cell holds binary or graded patterns, and with memory=weights rows "
                f"of several symbols; memory={self.memory}, got {self.space}"
            )
        cell, known = self._cell, self._cell.shapes()
        unknown = [name for name in self.learns or [] if name not in known]
        if unknown:
            raise ValueError(
                f"learns must name parameters of {type(cell).__name__} ({', '.join(known)}), "
                f"got {', '.join(unknown)}"
            )
        check_trainable(cell, self._learned)
        if self.memory == "state":
            check_linear(cell)
            check_unprotected(self.protection)
        if self.backend == "native" and not compiled(cell, torch.device("cpu")):
            why = "has no form in C" if native.available() else "needs the compiled core"
            raise ValueError(
                f"backend=native: {type(cell).__name__} {why}; take backend=auto or torch"
            )

    def footprint(self) -> int:
        shapes, carried = self._cell.shapes(), self._cell.blank(1, torch.empty(0))
        weights = sum(math.prod(shape) for shape in shapes.values())
        each = 2 + self._descent.protection.notes  # Adam's moments, and what is protected
        moments = each * sum(math.prod(shapes[name]) for name in self._learned)
        kept = sum(one.numel() for one in carried.values()) if self._carries else 0
        sums = 2 * (units := self._units + 1) * (units + self._cell.sizes()["o"])  # float64
        return BYTES * (
            weights + kept + (moments + 1 if self._learned else 0) + sums * self._regresses
        )

    def blank(self, draws: Draws) -> Engram:
        raw = drawn(self._cell, draws.at("cell").integers("seed", 2**62))
        like = next(iter(raw.values()))
        if self._regresses:
            raw |= self._regression.readout(like)
        elif self.memory == "state":
            listener, examples = self._built(self._units), Examples(self.examples, self.ridge)
            raw |= examples.readout(self._completion, listener, raw, draws.at("read-out"))
        learned = set(self._regression.learned if self._regresses else self._learned)
        parts = {
            name: Part(one, Role.MEMORY if name in learned else Role.BODY)
            for name, one in raw.items()
        }
        if self._carries:
            blank = states(self._cell, len(like), 1, like)
            parts |= {STATE + name: Part(one[:, 0]) for name, one in blank.items()}
        if self._regresses:
            parts |= self._regression.parts(like)
        if self._learned:
            parts |= self._descent.parts(raw)
        return Engram(parts)

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        if self._learned:
            wanted = self.updates * item.salience  # (R,) gradient steps
            for k in range(math.ceil(float(wanted.max()))):
                share = (wanted - k).clamp(0, 1)
                found = self._gradients(engram, item, draws.at("update", k))
                loss = self._descent.step(engram, found, share)
                told = torch.where(share > 0, loss, torch.nan)
                meter.add("loss", k, told, self._exercise.loss)
                meter.tick(1)
        if self._regresses:
            self._regression.learn(engram, item)
            meter.tick(1)
        if self._carries:
            shown = self._rows.presented(item.values[:, None], item.valid[:, None])
            strength = item.salience[:, None, None, None]
            self._absorb(engram, torch.where(strength > 0, strength * shown, 0.0), meter)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        with torch.no_grad():
            answers, units = self._exercise.answers(self._raw(engram), self._carried(engram), cue)
        for step, response in enumerate(answers, 1):
            meter.tick(1)
            meter.look(step, response)
        if self.space.outputs and meter.watched:
            inspect(self._following, self._raw(engram), cue, meter)
        return Readout(answers[-1], units)

    def foretell(self, engram: Engram, patterns: Tensor, draws: Draws, meter: Meter) -> Tensor:
        if not self._spells:
            return super().foretell(engram, patterns, draws, meter)
        meter.tick(1)
        with torch.no_grad():
            return self._spelling.foretold(self._raw(engram), patterns)

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        if not self._carries:
            return
        like = next(iter(engram.parts.values())).values
        silence = like.new_zeros((len(like), 1, self._rows.steps, 2 * self._rows.width))
        for _ in range(presentations):
            self._absorb(engram, silence, meter)

    def consolidate(
        self, engram: Engram, items: tuple[Item, ...], draws: Draws, meter: Meter
    ) -> None:
        if self._learned:
            self._descent.protect(
                engram,
                lambda k: self._gradients(engram, items[k % len(items)], draws.at("sample", k)),
            )
            meter.tick(1)

    @property
    def _carries(self) -> bool:
        """Whether a state outlasts an item."""
        return self.memory != "weights" and not self.space.outputs

    @property
    def _regresses(self) -> bool:
        """Whether the read-out is regressed from what tasks taught."""
        return self.memory == "state" and bool(self.space.outputs)

    @property
    def _spells(self) -> bool:
        """Whether patterns are strings of several symbols."""
        return self.space.symbols not in {None, 2}

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self.space, self.row)

    @cached_property
    def _cell(self) -> Cell:
        symbols = self.space.symbols if self._spells else len(self.space.outputs)
        return self._built(symbols or self._rows.width)

    @cached_property
    def _exercise(self) -> Exercise:
        if self._spells:
            return self._spelling
        return self._following if self.space.outputs else self._completion

    @cached_property
    def _completion(self) -> Completion:
        damage, core = Damage(self.least_given, self.flips), self.backend != "torch"
        return Completion(self._cell, self._rows, damage, self.passes, self.batch, core)

    @cached_property
    def _following(self) -> Following:
        return Following(self._cell, self.space, self.batch, self.window, self.backend != "torch")

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(self._cell, self.space, self.flips, self.backend != "torch")

    @cached_property
    def _regression(self) -> Regression:
        return Regression(self._following, self._built(self._units), self.task_ridge)

    @cached_property
    def _descent(self) -> Descent:
        kinds: dict[str, Protection] = {
            "none": Unprotected(),
            "freezing": Freezing(self.frozen),
            "ewc": Elastic(self.stiffness),
        }
        kind, pace = kinds[self.protection], Pace(self.rate, self.clip)
        return Descent(self._learned, pace, kind, self.backend != "torch")

    @property
    def _units(self) -> int:
        return self._cell.sizes()["h"]

    @cached_property
    def _learned(self) -> tuple[str, ...]:
        """The parameters that gradient steps change, in the cell's order."""
        known = self._cell.shapes()
        wanted = known if self.learns is None else self.learns
        return tuple(name for name in known if name in wanted and self.memory != "state")

    def _built(self, outputs: int) -> Cell:
        symbols = self.space.symbols if self._spells else self.space.inputs
        inputs = symbols or 2 * self._rows.width
        try:
            return self.cell(inputs=inputs, outputs=outputs)
        except TypeError as error:
            raise ValueError(
                f"cell must be a recurrent cell with sizes as numbers: {error}"
            ) from error

    def _raw(self, engram: Engram) -> Tensors:
        return {name: engram[name] for name in self._cell.shapes()}

    def _carried(self, engram: Engram) -> Tensors | None:
        """The state ``(R, …)`` in which an item or a cue finds the cell; None: blank."""
        kept = self._cell.states() if self._carries else {}
        return {name: engram[STATE + name] for name in kept} or None

    def _absorb(self, engram: Engram, x: Tensor, meter: Meter) -> None:
        """Let the state go through ``x (R, 1, T, 2 W)``."""
        first = begun(self._cell, self._carried(engram), 1, x)
        with torch.no_grad():
            _, after = self._completion.run(self._raw(engram), first, x)
        for name, one in after.items():
            engram[STATE + name] = one[:, 0]
        meter.tick(1)

    def _gradients(self, engram: Engram, item: Item, draws: Draws) -> Gradients:
        return self._exercise.gradients(
            self._raw(engram), self._learned, self._carried(engram), item, draws
        )
