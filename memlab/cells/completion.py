"""A cell that completes patterns row by row; every array leads with R."""

from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from memlab.cells.cell import Cell, Tensors
from memlab.cells.exercise import Exercise, descended, units_of
from memlab.cells.readout import Normal, fitted, listening
from memlab.cells.replicated import begun, compiled, run_each, states
from memlab.cells.rows import Damage, Rows
from memlab.draws import Draws
from memlab.space import Cue, Item


@final
@dataclass(frozen=True)
class Completion(Exercise):
    """What is shown to a cell ``passes`` times over, it answers row by row during the last.

    p(x = 1) = σ(y). What a cue vouches for is answered as it is.
    """

    cell: Cell
    rows: Rows
    damage: Damage
    passes: int
    batch: int  # damaged versions of an item
    core: bool  # run by the C core where that can

    @property
    def loss(self) -> str:
        return "nat/value"

    def answers(
        self, raw: Tensors, state: Tensors | None, cue: Cue
    ) -> tuple[list[Tensor], Tensor | None]:
        values, space = torch.where(cue.given, cue.values, 0.0), self.rows.space
        if space.symbols is not None:  # a faint cue is read against its own strongest value
            peak = values.flatten(2).amax(2)[(..., *[None] * len(space.shape))]
            values = values / torch.where(peak > 0, peak, 1.0)
        shown = self.rows.presented(values, cue.given)
        first = begun(self.cell, state, cue.count, values)
        y, after = self.run(raw, first, shown.repeat(1, 1, self.passes, 1))
        looks = [self.rows.joined(one) for one in y.chunk(self.passes, 2)]
        told = [torch.where(cue.certain, cue.values, torch.sigmoid(one)) for one in looks]
        return told, units_of(after)

    def run(self, raw: Tensors, state: Tensors, x: Tensor) -> tuple[Tensor, Tensors]:
        """Outputs ``(R, B, T, O)`` over ``x (R, B, T, I)``, and the states after them."""
        core = self.core and compiled(self.cell, x.device)
        return run_each(self.cell, raw, state, x, core=core)

    def looks(self, raw: Tensors, state: Tensors, shown: Tensor) -> tuple[Tensor, ...]:
        """Outputs ``(R, B, T, O)`` during each pass of what is shown, ``(R, B, T, I)``."""
        y, _ = self.run(raw, state, shown.repeat(1, 1, self.passes, 1))
        return y.chunk(self.passes, 2)

    def logits(self, raw: Tensors, state: Tensors, shown: Tensor) -> list[Tensor]:
        """The answer ``(R, B, *shape)`` to what is shown after each pass; the last one counts."""
        return [self.rows.joined(y) for y in self.looks(raw, state, shown)]

    def gradients(
        self,
        raw: Tensors,
        learned: tuple[str, ...],
        state: Tensors | None,
        item: Item,
        draws: Draws,
    ) -> tuple[list[Tensor], Tensor]:
        shape = (-1, self.batch, *self.rows.space.shape)
        values, valid = item.values[:, None].expand(shape), item.valid[:, None].expand(shape)
        shown = self.rows.presented(*self.damage.to(values, valid, draws))
        first = begun(self.cell, state, self.batch, values)

        def loss(moving: Tensors) -> Tensor:
            logits = self.logits(raw | moving, first, shown)[-1]
            each = binary_cross_entropy_with_logits(logits, values, reduction="none") * valid
            return each.flatten(1).sum(1) / valid.flatten(1).sum(1).clamp(min=1)

        return descended(raw, learned, loss)


@final
@dataclass(frozen=True)
class Examples:
    """Random patterns to fit a read-out to, of which no item is made."""

    count: int
    ridge: float  # mean variances of a unit

    def readout(self, to: Completion, listener: Cell, raw: Tensors, draws: Draws) -> Tensors:
        """The read-out that tells a pattern from the state it left and a damaged version of it.

        ``listener`` is the cell with as many outputs as it has units.
        """
        values = self._drawn(to.rows, draws)
        whole = torch.ones_like(values, dtype=torch.bool)
        damaged = to.rows.presented(*to.damage.to(values, whole, draws))
        by, heard = replace(to, cell=listener), listening(listener, raw)
        state = states(by.cell, len(values), self.count, values)
        with torch.no_grad():
            _, state = by.run(heard, state, to.rows.presented(values, whole))
            seen = by.looks(heard, state, damaged)[-1].flatten(1, 2)
        wanted = to.rows.cut(4 * values - 2).flatten(1, 2)  # σ(4 x - 2) has slope 1 at x = ½
        normal = Normal.of(seen, wanted, torch.ones_like(seen[..., 0]))
        return fitted(to.cell, normal, self.ridge, seen)

    def _drawn(self, rows: Rows, draws: Draws) -> Tensor:
        """Patterns ``(R, n, *shape)``: any share of them lit; graded: any value."""
        values = draws.uniform("values", (self.count, *rows.space.shape))
        if rows.space.symbols is None:
            return values
        lit = draws.uniform("lit", (self.count,))[(..., *[None] * len(rows.space.shape))]
        return (values < lit).to(values.dtype)
