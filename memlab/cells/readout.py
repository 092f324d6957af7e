"""A linear read-out fitted to what a cell that is not trained does; every array leads with R."""

import torch
from torch import Tensor

from memlab.cells.cell import Cell, Tensors


def check_linear(cell: Cell) -> None:
    """Refuse a cell whose outputs come back as state: they are no linear function of its units."""
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


def fitted(cell: Cell, seen: Tensor, wanted: Tensor, ridge: float) -> Tensors:
    """The read-out of ``wanted (R, N, O)`` from ``seen (R, N, H)`` by ridge regression.

    ``ridge`` is in units of the mean variance of what is seen. What else leads to the outputs is 0.
    """
    x, y = seen.double(), wanted.double()
    around, middle = x.mean(1, keepdim=True), y.mean(1, keepdim=True)
    x, y = x - around, y - middle
    gram = x.mT @ x
    level = ridge * gram.diagonal(dim1=1, dim2=2).mean(1).clamp(min=1e-12)
    gram = gram + level[:, None, None] * torch.eye(gram.shape[1], device=gram.device)
    weights = torch.linalg.solve(gram, x.mT @ y).mT  # (R, O, H)
    offset = (middle - around @ weights.mT)[:, 0]
    by_axes = {"oh": weights, "o": offset}
    return {
        name: by_axes[it.axes].to(seen)
        if it.axes in by_axes
        else seen.new_zeros((len(seen), *cell.shapes()[name]))
        for name, it in cell.parameters().items()
        if it.axes.startswith("o")
    }
