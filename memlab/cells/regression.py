"""A read-out regressed from what tasks taught, while the cell itself stays as it was drawn."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.following import Following
from memlab.cells.readout import Normal, fitted
from memlab.space import Item
from memlab.substrate import Engram, Part, Role


@final
@dataclass(frozen=True)
class Regression:
    """Ridge regression that goes on from item to item: its sums are kept in the engram."""

    following: Following
    listener: Cell  # the cell with as many outputs as it has units
    ridge: float  # mean variances of a unit

    @property
    def learned(self) -> tuple[str, ...]:
        """The parameters of the read-out."""
        parameters = self.following.cell.parameters()
        return tuple(name for name, it in parameters.items() if it.axes.startswith("o"))

    def readout(self, like: Tensor) -> Tensors:
        """The read-out before any item, ``like`` leading with R."""
        return fitted(self.following.cell, self._nothing(like), self.ridge, like)

    def parts(self, like: Tensor) -> dict[str, Part]:
        """The sums before any item."""
        sums = self._nothing(like)
        return {"gram": Part(sums.gram, Role.LEARNER), "cross": Part(sums.cross, Role.LEARNER)}

    def learn(self, engram: Engram, item: Item) -> None:
        """Add what is taught of an item, and regress again."""
        cell = self.following.cell
        raw = {name: engram[name] for name in cell.shapes()}
        with torch.no_grad():
            found = self.following.sums(self.listener, raw, item)
        sums = Normal(engram["gram"], engram["cross"]) + found
        engram["gram"], engram["cross"] = sums.gram, sums.cross
        for name, one in fitted(cell, sums, self.ridge, next(iter(raw.values()))).items():
            engram[name] = one

    def _nothing(self, like: Tensor) -> Normal:
        sizes = self.following.cell.sizes()
        units, outputs = sizes["h"] + 1, sizes["o"]
        return Normal(
            like.new_zeros((len(like), units, units), dtype=torch.float64),
            like.new_zeros((len(like), units, outputs), dtype=torch.float64),
        )
