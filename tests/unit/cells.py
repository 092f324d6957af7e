"""Cells with every flag, and what is fed to them."""

import torch

from memlab.cells import CELLS
from memlab.cells.cell import run
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.ndm import Ndm
from memlab.cells.equations.pmrc import Pmrc

OF = {"inputs": 2, "hidden": 5, "outputs": 3}
VARIANTS = {
    "amrc mixed": Amrc(**OF, rank=2),
    "pmrc without recurrence": Pmrc(**OF, recurrent=False),
    "pmrc without gates": Pmrc(**OF, gates=False),
    "pmrc with output memory": Pmrc(**OF, output_memory=True),
    "ndm frozen": Ndm(**OF, frozen=True),
}
ALL = {name: kind(**OF) for name, kind in CELLS.items()} | VARIANTS


def drawn(cell, dtype=torch.float64, seed=3):
    """Raw parameters at which nothing is 0, not even a bias."""
    draws = torch.Generator().manual_seed(seed)
    raw = cell.initial(draws)
    return {k: (v + 0.1 * torch.randn(v.shape, generator=draws)).to(dtype) for k, v in raw.items()}


def noise(*shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(4), dtype=dtype)


def outputs(cell, raw, x, mask=None):
    return run(cell, raw, cell.blank(len(x), x), x, mask)[0]


def renumbered(values, axes, orders):
    """A tensor whose internal axes, the last ones, are permuted."""
    first = values.ndim - len(axes)
    for place, axis in enumerate(axes, first):
        values = values.index_select(place, orders[axis]) if axis in orders else values
    return values
