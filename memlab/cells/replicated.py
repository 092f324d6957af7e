"""One cell in several replicates, each with parameters of its own; every array leads with R."""

from functools import partial

import torch
from torch import Generator, Tensor

from memlab import native
from memlab.cells.cell import Cell, Tensors, run
from memlab.cells.compiled import run_compiled, sheet


def compiled(cell: Cell, device: torch.device) -> bool:
    """Whether the C core can run this cell here."""
    return native.available() and device.type == "cpu" and sheet(cell) is not None


def drawn(cell: Cell, seeds: Tensor) -> Tensors:
    """Raw parameters ``(R, …)``, drawn from a seed per replicate, ``seeds (R,)``."""
    each = [cell.initial(Generator().manual_seed(seed)) for seed in seeds.tolist()]
    return {name: torch.stack([one[name] for one in each]).to(seeds.device) for name in each[0]}


def states(cell: Cell, replicates: int, batch: int, like: Tensor) -> Tensors:
    """States ``(R, B, …)`` before any input."""
    blank = cell.blank(replicates * batch, like)
    return {name: one.reshape(replicates, batch, *one.shape[1:]) for name, one in blank.items()}


def begun(cell: Cell, state: Tensors | None, batch: int, like: Tensor) -> Tensors:
    """States ``(R, B, …)`` of sequences that begin in ``state (R, …)``; None: before any input.

    ``like`` leads with R.
    """
    if state is None:
        return states(cell, len(like), batch, like)
    whole = {name: one[:, None] for name, one in state.items()}
    return {n: one.expand(-1, batch, *one.shape[2:]).contiguous() for n, one in whole.items()}


def run_each(
    cell: Cell, raw: Tensors, state: Tensors, x: Tensor, *, core: bool
) -> tuple[Tensor, Tensors]:
    """Outputs ``(R, B, T, O)`` over ``x (R, B, T, I)`` and the states after, as ``cell.run`` does.

    With ``core`` by the C core, one replicate after the other; else in torch, all at once.
    """
    if not core:
        y, after = torch.vmap(partial(run, cell))(raw, state, x)
        return y, after
    outcomes = [
        run_compiled(cell, _of(raw, r), _of(state, r), x[r].contiguous()) for r in range(len(x))
    ]
    after = {name: torch.stack([one[name] for _, one in outcomes]) for name in state}
    return torch.stack([y for y, _ in outcomes]), after


def _of(tensors: Tensors, r: int) -> Tensors:
    return {name: one[r] for name, one in tensors.items()}
