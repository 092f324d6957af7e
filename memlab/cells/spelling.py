"""A cell that spells: of every symbol of a string it says what comes next."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from memlab.cells.cell import Cell, Tensors
from memlab.cells.exercise import Exercise, descended, units_of
from memlab.cells.replicated import begun, compiled, run_each
from memlab.draws import Draws
from memlab.foretelling.evidence import evidence
from memlab.space import Cue, Item, Space


@final
@dataclass(frozen=True)
class Spelling(Exercise):
    """p(c | all before) = softmax(y)_c; a symbol is heard once it is known, none before the first.

    A cue is read from left to right: what is certain is so, what is given is wrong with the chance
    ``flips``, and where nothing is given the likeliest symbol is taken for what was there.
    """

    cell: Cell
    space: Space
    flips: float
    core: bool  # run by the C core where that can

    @property
    def loss(self) -> str:
        return "nat/symbol"

    def foretold(self, raw: Tensors, patterns: Tensor) -> Tensor:
        """The chances ``(R, B, L, A)`` of every symbol of ``patterns (R, B, L)`` in its place."""
        return self._logits(raw, patterns).softmax(-1)

    def answers(
        self, raw: Tensors, state: Tensors | None, cue: Cue
    ) -> tuple[list[Tensor], Tensor | None]:
        likely = evidence(cue, self._symbols, self.flips)  # (R, C, L, A)
        now = begun(self.cell, state, cue.count, cue.values)
        heard = torch.zeros_like(likely[:, :, :1])
        over = torch.zeros(cue.values.shape[:2], dtype=torch.bool, device=cue.values.device)
        told = []
        for place in likely.unbind(2):
            y, now = self._run(raw, now, heard)
            chances = y[:, :, 0].softmax(-1) * place
            chances = torch.where(over[..., None], self._end(chances) * place + 1e-12, chances)
            told.append(chances / chances.sum(-1, keepdim=True).clamp(min=1e-12))
            symbol = told[-1].argmax(-1)
            over = over | (self.space.ends & (symbol == 0))
            heard = one_hot(symbol, self._symbols).to(heard)[:, :, None]
        return [torch.stack(told, 2).clamp(0, 1)], units_of(now)

    def gradients(
        self,
        raw: Tensors,
        learned: tuple[str, ...],
        state: Tensors | None,
        item: Item,
        draws: Draws,
    ) -> tuple[list[Tensor], Tensor]:
        symbols, valid = item.values[:, None].long(), item.valid[:, None]

        def loss(moving: Tensors) -> Tensor:
            told = self._logits(raw | moving, item.values[:, None]).log_softmax(-1)
            nats = -told.gather(-1, symbols[..., None])[..., 0] * valid
            return nats.flatten(1).sum(1) / valid.flatten(1).sum(1).clamp(min=1)

        return descended(raw, learned, loss)

    def _logits(self, raw: Tensors, patterns: Tensor) -> Tensor:
        heard = one_hot(patterns[..., :-1].long(), self._symbols).to(patterns)
        x = torch.cat([torch.zeros_like(heard[:, :, :1]), heard], 2)
        return self._run(raw, begun(self.cell, None, x.shape[1], x), x)[0]

    def _run(self, raw: Tensors, state: Tensors, x: Tensor) -> tuple[Tensor, Tensors]:
        core = self.core and compiled(self.cell, x.device)
        return run_each(self.cell, raw, state, x, core=core)

    def _end(self, like: Tensor) -> Tensor:
        return one_hot(torch.zeros_like(like[..., 0]).long(), self._symbols).to(like)

    @property
    def _symbols(self) -> int:
        return self.space.symbols or 0
