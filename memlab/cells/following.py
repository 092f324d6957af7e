"""A cell that does a task: it follows the inputs step by step; every array leads with R."""

from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from memlab.cells.cell import Cell, Tensors
from memlab.cells.exercise import Exercise, descended
from memlab.cells.readout import Normal, listening
from memlab.cells.replicated import begun, compiled, run_each
from memlab.draws import Draws
from memlab.space import Cue, Item, Space


@final
@dataclass(frozen=True)
class Following(Exercise):
    """Inputs 2 x - 1 go in, outputs y come out at every step: (1 + y) / 2, or σ(y) of a symbol.

    A gradient is taken through ``batch`` windows of ``window`` steps, which begin anywhere in what
    is taught, with a blank state. Of a window that begins within a sequence only the second half
    counts: in the first the state comes to know what the outputs follow from.
    """

    cell: Cell
    space: Space
    batch: int
    window: int
    core: bool  # run by the C core where that can

    @property
    def loss(self) -> str:
        return "" if self._graded else "nat/output"

    def answers(
        self, raw: Tensors, state: Tensors | None, cue: Cue
    ) -> tuple[list[Tensor], Tensor | None]:
        inputs = self.space.inputs
        y, _ = self.run(raw, state, self.heard(cue).flatten(1, 2))
        told = (0.5 + 0.5 * y).clamp(0, 1) if self._graded else torch.sigmoid(y)
        outputs = told.reshape(*cue.values.shape[:-1], -1)
        whole = torch.cat([cue.values[..., :inputs], outputs], -1)
        return [torch.where(cue.certain, cue.values, whole)], None

    def gradients(
        self,
        raw: Tensors,
        learned: tuple[str, ...],
        state: Tensors | None,
        item: Item,
        draws: Draws,
    ) -> tuple[list[Tensor], Tensor]:
        rows, counts = self._windows(item, draws)
        x, wanted = 2 * rows[..., : self.space.inputs] - 1, rows[..., self.space.inputs :]

        def loss(moving: Tensors) -> Tensor:
            y, _ = self.run(raw | moving, state, x)
            each = self._error(y, wanted) * counts
            return each.flatten(1).sum(1) / counts.flatten(1).sum(1).clamp(min=1)

        return descended(raw, learned, loss)

    def run(self, raw: Tensors, state: Tensors | None, x: Tensor) -> tuple[Tensor, Tensors]:
        """Outputs ``(R, B, T, O)`` over ``x (R, B, T, I)``, and the states after them."""
        core = self.core and compiled(self.cell, x.device)
        return run_each(self.cell, raw, begun(self.cell, state, x.shape[1], x), x, core=core)

    def sums(self, listener: Cell, raw: Tensors, item: Item) -> Normal:
        """The normal equations of the read-out, from what is taught of an item.

        ``listener`` is the cell with as many outputs as it has units.
        """
        inputs = self.space.inputs
        x = 2 * item.values[..., :inputs] - 1
        units, _ = replace(self, cell=listener).run(listening(listener, raw), None, x)
        wanted = item.values[..., inputs:]
        wanted = 2 * wanted - 1 if self._graded else 4 * wanted - 2  # σ(4 x - 2): slope 1 at x = ½
        counts = item.valid[..., inputs:].all(-1) * item.salience[:, None, None]
        return Normal.of(units.flatten(1, 2), wanted.flatten(1, 2), counts.flatten(1))

    @property
    def _graded(self) -> bool:
        return self.space.symbols is None

    def heard(self, cue: Cue) -> Tensor:
        """What goes in, ``(R, C, B, T, I)``; 0 where nothing was given."""
        inputs = self.space.inputs
        values, given = cue.values[..., :inputs], cue.given[..., :inputs]
        return torch.where(given, 2 * values - 1, 0.0)

    def _error(self, y: Tensor, wanted: Tensor) -> Tensor:
        if self._graded:
            return mse_loss(y, 2 * wanted - 1, reduction="none")
        return binary_cross_entropy_with_logits(y, wanted, reduction="none")

    def _windows(self, item: Item, draws: Draws) -> tuple[Tensor, Tensor]:
        """Rows ``(R, B, W, I + O)`` of windows, and which outputs count, ``(R, B, W, O)`` bool."""
        taught = item.valid[..., self.space.inputs :]
        sequence, first = self._places(taught.any(-1), draws)
        length = min(self.window, self.space.shape[1])
        step = torch.arange(length, device=sequence.device)
        replicate = torch.arange(len(sequence), device=sequence.device)[:, None, None]
        at = (replicate, sequence[..., None], first[..., None] + step)
        settled = (step >= length // 2) | (first[..., None] == 0)
        return item.values[at], taught[at] & settled[..., None]

    def _places(self, taught: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
        """Sequences and first steps ``(R, B)`` of windows, within ``taught (R, N, T)`` bool."""
        order = (
            taught.any(-1).long().argsort(dim=1, descending=True, stable=True)
        )  # the live ones first
        live = taught.any(-1).sum(1, keepdim=True)
        chosen = (draws.uniform("sequence", (self.batch,)) * live).long()
        sequence = order.gather(1, chosen)
        steps = taught.shape[2]
        last = steps - taught.flip(2).long().argmax(2)  # after the last step that is taught
        room = (last.gather(1, sequence) - min(self.window, steps)).clamp(min=0) + 1
        return sequence, (draws.uniform("first", (self.batch,)) * room).long()
