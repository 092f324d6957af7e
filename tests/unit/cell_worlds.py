"""Cells begun anywhere, and what the compiled core and torch make of them."""

from functools import partial

import pytest
import torch

from memlab import native
from memlab.cells import CELLS

VARIANTS = [
    ("amrc", {}),
    ("amrc", {"rank": 3}),
    ("pmrc", {}),
    ("pmrc", {"gates": False}),
    ("pmrc", {"recurrent": False, "output_memory": True}),
    ("pmrc", {"gates": False, "output_memory": True}),
    ("amn", {"slots": 6}),
    ("dtpn", {"keys": 5}),
    ("hyper_amn", {"slots": 5}),
    ("sgw_amn", {"candidates": 9, "workspace": 5, "slots": 6}),
    ("ndm", {"slots": 5}),
    ("ndm", {"slots": 5, "frozen": True}),
]
WIDE = [  # several vectors of units, and some that fill none
    ("amn", {"slots": 6}),
    ("hyper_amn", {"slots": 6}),
    ("sgw_amn", {"candidates": 37, "workspace": 17, "slots": 6}),
    ("ndm", {"slots": 6}),
]
BATCH, STEPS, INPUTS, HIDDEN, OUTPUTS = 11, 23, 3, 21, 2  # no multiple of any block
every_variant = pytest.mark.parametrize(
    ("name", "flags"), VARIANTS, ids=[f"{name} {flags}" for name, flags in VARIANTS]
)
needs_core = pytest.mark.skipif(not native.available(), reason="the native library is not built")


class World:
    """One cell, begun anywhere, asked for everything that has a gradient."""

    def __init__(self, name, flags, dtype, seed=0, hidden=HIDDEN):
        torch.manual_seed(seed)
        self.cell = CELLS[name](inputs=INPUTS, hidden=hidden, outputs=OUTPUTS, **flags)
        raw = self.cell.initial(torch.Generator().manual_seed(seed))
        self.raw = {key: one.to(dtype).requires_grad_() for key, one in raw.items()}
        self.x = torch.randn(BATCH, STEPS, INPUTS, dtype=dtype, requires_grad=True)
        blank = self.cell.blank(BATCH, self.x.detach())
        self.state = {
            key: (0.1 * torch.randn_like(one)).requires_grad_() for key, one in blank.items()
        }
        self.mask = torch.rand(BATCH, STEPS) < 0.8
        self.weight = torch.randn(BATCH, STEPS, OUTPUTS, dtype=dtype)

    def cut(self, steps):
        """Leave the first steps alone."""
        self.x = self.x.detach()[:, :steps].clone().requires_grad_()
        self.mask, self.weight = self.mask[:, :steps], self.weight[:, :steps]

    def loss(self, y, ended):
        """Of all that a run gives."""
        return (y * self.weight).sum() + sum(one.square().sum() for one in ended.values())

    def told(self, through):
        """Outputs, last states and gradients of a loss of them all, by name."""
        y, ended = through(self.cell, self.raw, self.state, self.x, self.mask)
        asked = self.raw | {f"first {key}": one for key, one in self.state.items()} | {"x": self.x}
        grads = torch.autograd.grad(self.loss(y, ended), [*asked.values()], allow_unused=True)
        found = {"y": y} | {f"last {key}": one for key, one in ended.items()}
        found |= dict(zip(asked, grads, strict=True))
        return {key: one.detach() for key, one in found.items() if one is not None}


def compiled(*arguments, instructions="best"):
    """The core, which may not be there to import."""
    from memlab.cells.compiled import run_compiled

    return run_compiled(*arguments, instructions=instructions)


def by(instructions):
    """The core by one set of instructions."""
    return partial(compiled, instructions=instructions)


def farthest(found, known):
    """The largest error of any quantity, relative to its own largest value."""
    return max(
        float((found[key] - one).abs().amax() / one.abs().amax().clamp(min=1e-30))
        for key, one in known.items()
    )
