"""A linear read-out fitted to what a cell that is not trained does; every array leads with R."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.published.amrc import PublishedAmrc
from memlab.cells.published.pmrc import PublishedPmrc


def check_linear(cell: Cell) -> None:
    """Refuse a cell whose outputs are no linear function of its units: a tanh, or fed back."""
    if isinstance(cell, PublishedAmrc | PublishedPmrc):
        raise ValueError(
            f"a fitted read-out needs outputs that are linear in the units, but those of "
            f"{type(cell).__name__} are a tanh; take memory=weights, or the repaired cell"
        )
    fed_back = [name for name, axes in cell.states().items() if "o" in axes]
    if fed_back:
        raise ValueError(
            f"a fitted read-out needs outputs that are no state, but {type(cell).__name__} keeps "
            f"{', '.join(fed_back)}; take output_memory=false"
        )


def listening(cell: Cell, raw: Tensors) -> Tensors:
    """Parameters with which a cell of as many outputs as units says what its read-out sees."""
    found = dict(raw)
    for name, it in cell.parameters().items():
        if it.axes.startswith("o"):
            shape = cell.shapes()[name]
            one = torch.eye(*shape) if it.axes == "oh" else torch.zeros(shape)
            found[name] = one.to(raw[name]).expand(len(raw[name]), *shape)
    return found


@final
@dataclass(frozen=True)
class Normal:
    """The sums that a linear regression of ``y (R, N, O)`` on ``x (R, N, H)`` goes by, float64.

    Those of two lots of examples add up to those of both.
    """

    gram: Tensor  # (R, H + 1, H + 1), of x and a 1
    cross: Tensor  # (R, H + 1, O)

    @classmethod
    def of(cls, x: Tensor, y: Tensor, weight: Tensor) -> "Normal":
        """The sums over examples, each as often as ``weight (R, N)`` says."""
        seen = torch.cat([x.double(), torch.ones_like(x[..., :1]).double()], -1)
        weighed = (seen * weight.double()[..., None]).mT
        return cls(weighed @ seen, weighed @ y.double())

    def __add__(self, other: "Normal") -> "Normal":
        return Normal(self.gram + other.gram, self.cross + other.cross)

    def solved(self, ridge: float) -> tuple[Tensor, Tensor]:
        """Weights ``(R, O, H)`` and offsets ``(R, O)``; ``ridge`` in mean variances of x.

        All 0 without examples.
        """
        count = self.gram[:, -1:, -1:].clamp(min=1e-12)
        x, y = self.gram[:, :-1, -1:] / count, self.cross[:, -1:] / count  # means
        gram = self.gram[:, :-1, :-1] - count * x @ x.mT
        level = ridge * gram.diagonal(dim1=1, dim2=2).mean(1).clamp(min=1e-12)
        gram = gram + level[:, None, None] * torch.eye(gram.shape[1], device=gram.device)
        weights = torch.linalg.solve(gram, self.cross[:, :-1] - count * x @ y)  # (R, H, O)
        return weights.mT, (y - x.mT @ weights)[:, 0]


def fitted(cell: Cell, normal: Normal, ridge: float, like: Tensor) -> Tensors:
    """The read-out of a cell that a regression gives; what else leads to the outputs is 0."""
    weights, offset = normal.solved(ridge)
    by_axes = {"oh": weights, "o": offset}
    return {
        name: by_axes[it.axes].to(like)
        if it.axes in by_axes
        else like.new_zeros((len(weights), *cell.shapes()[name]))
        for name, it in cell.parameters().items()
        if it.axes.startswith("o")
    }
