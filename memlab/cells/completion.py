"""A cell that completes patterns row by row; every array leads with R."""

from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from memlab.cells.cell import Cell, Tensors
from memlab.cells.readout import fitted, listening
from memlab.cells.replicated import compiled, run_each
from memlab.cells.rows import Damage, Rows
from memlab.draws import Draws
from memlab.space import Item


@final
@dataclass(frozen=True)
class Completion:
    """What is shown to a cell ``passes`` times over, it answers row by row during the last."""

    cell: Cell
    rows: Rows
    damage: Damage
    passes: int
    core: bool  # run by the C core where that can

    def states(self, replicates: int, batch: int, like: Tensor) -> Tensors:
        """States ``(R, B, …)`` before any input."""
        blank = self.cell.blank(replicates * batch, like)
        return {name: one.reshape(replicates, batch, *one.shape[1:]) for name, one in blank.items()}

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
        self, raw: Tensors, learned: tuple[str, ...], state: Tensors, item: Item, draws: Draws
    ) -> tuple[list[Tensor], Tensor]:
        """Of every learned parameter; and the loss ``(R,)``, the cross entropy in nat per value.

        One damaged version of the item for each of the states ``(R, B, …)``.
        """
        shape = (-1, next(iter(state.values())).shape[1], *self.rows.space.shape)
        values, valid = item.values[:, None].expand(shape), item.valid[:, None].expand(shape)
        shown = self.rows.presented(*self.damage.to(values, valid, draws))
        with torch.enable_grad():
            moving = {name: raw[name].clone().requires_grad_() for name in learned}
            logits = self.logits(raw | moving, state, shown)[-1]
            each = binary_cross_entropy_with_logits(logits, values, reduction="none") * valid
            loss = each.flatten(1).sum(1) / valid.flatten(1).sum(1).clamp(min=1)
            found = torch.autograd.grad(
                loss.sum(), [*moving.values()], allow_unused=True, materialize_grads=True
            )
        return list(found), loss.detach()


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
        state = by.states(len(values), self.count, values)
        with torch.no_grad():
            _, state = by.run(heard, state, to.rows.presented(values, whole))
            seen = by.looks(heard, state, damaged)[-1].flatten(1, 2)
        wanted = to.rows.cut(4 * values - 2).flatten(1, 2)  # σ(4 x - 2) has slope 1 at x = ½
        return fitted(to.cell, seen, wanted, self.ridge)

    def _drawn(self, rows: Rows, draws: Draws) -> Tensor:
        """Patterns ``(R, n, *shape)``: any share of them lit; graded: any value."""
        values = draws.uniform("values", (self.count, *rows.space.shape))
        if rows.space.symbols is None:
            return values
        lit = draws.uniform("lit", (self.count,))[(..., *[None] * len(rows.space.shape))]
        return (values < lit).to(values.dtype)
