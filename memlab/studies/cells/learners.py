"""Cells of one budget of parameters and torch's GRU, alike for training."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Generator, Tensor, nn

from memlab import native
from memlab.cells.cell import Cell, Tensors, run
from memlab.cells.compiled import run_compiled
from memlab.cells.equations.amn import Amn
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.ndm import Ndm
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.equations.sgw_amn import SgwAmn

BUDGET = 3200  # parameters
GRU = "gru"

Walk: TypeAlias = Callable[[Tensor, Tensors], tuple[Tensor, Tensors]]

SIZED: dict[str, Callable[[int, int], Cell]] = {  # from inputs and hidden units
    "amrc": lambda i, h: Amrc(i, h, 1, rank=min(h, 20)),
    "pmrc": lambda i, h: Pmrc(i, h, 1),
    "amn": lambda i, h: Amn(i, h, 1, slots=h),
    "dtpn": lambda i, h: Dtpn(i, h, 1, keys=h),
    "hyper_amn": lambda i, h: HyperAmn(i, h, 1, slots=h),
    "sgw_amn": lambda i, h: SgwAmn(i, h, 1, candidates=h, workspace=h // 2 + 1, slots=h // 2 + 1),
    "ndm": lambda i, h: Ndm(i, h, 1, slots=h // 2 + 1),
}


@final
@dataclass(frozen=True)
class Learner:
    """What is trained: its parameters, and how it answers."""

    parameters: list[Tensor]
    blank: Callable[[int], Tensors]  # its state before so many sequences
    walk: Walk  # inputs (B, T, I) and a state to outputs (B, T, 1) and the state after

    @property
    def size(self) -> int:
        """Trainable numbers."""
        return sum(one.numel() for one in self.parameters)

    def answers(self, x: Tensor) -> Tensor:
        """Outputs ``(B, T, 1)`` to sequences ``(B, T, I)``."""
        return self.walk(x, self.blank(len(x)))[0]


def learner(name: str, inputs: int, generator: Generator) -> Learner:
    """The cell or the GRU of that name, as large as the budget allows, drawn."""
    if name == GRU:
        return rival(inputs, generator)
    cell = sized(name, inputs)
    raw = {key: one.requires_grad_() for key, one in cell.initial(generator).items()}
    through = run_compiled if native.available() else run
    return Learner(
        list(raw.values()),
        lambda batch: cell.blank(batch, torch.zeros(1)),
        lambda x, state: through(cell, raw, state, x),
    )


def sized(name: str, inputs: int) -> Cell:
    """The largest cell of that name within the budget."""
    return SIZED[name](inputs, largest(lambda h: count(SIZED[name](inputs, h))))


def largest(size: Callable[[int], int]) -> int:
    """The most hidden units whose parameters are within the budget."""
    hidden = 1
    while size(hidden + 1) <= BUDGET:
        hidden += 1
    return hidden


def count(cell: Cell) -> int:
    """Trainable numbers of a cell."""
    return sum(int(np.prod(shape)) for shape in cell.shapes().values())


def rival(inputs: int, generator: Generator) -> Learner:
    """The GRU of torch with a linear read-out, drawn as torch draws it."""
    units = largest(lambda h: 3 * h * (inputs + h + 2) + h + 1)
    layer, out = nn.GRU(inputs, units, batch_first=True), nn.Linear(units, 1)
    parameters = [*layer.parameters(), *out.parameters()]
    with torch.no_grad():
        for one in parameters:
            one.uniform_(-(units**-0.5), units**-0.5, generator=generator)

    def walk(x: Tensor, state: Tensors) -> tuple[Tensor, Tensors]:
        y, h = layer(x, state["h"])
        return out(y), {"h": h}

    return Learner(list(parameters), lambda batch: {"h": torch.zeros(1, batch, units)}, walk)
