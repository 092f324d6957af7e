"""Hyper-AMN: heads of different time scale, each with a store, chosen between by gates.

    a = softmax(Gx x + G g + d)                            gates, from input and state
    head n:  z = L s + √(1 - L²) (Bi x + b), f = tanh(z)
             s' = (z + A B f) / (1 + A (1 + B |f|))        liquid units
             Mm', r = gated store of s';  o = .7 s' + .3 tanh(r)
    g' = Σ_n a_n Σ_n' X_nn' o_n'
    y = C g' + D x + c

A, B > 0 (raw: ln), L and the decays of the stores in (0, 1) (raw: ln(-ln)). Heads mix in what is
read, not in their states, so that every loop decays. No term balances the load of the heads: every
one is computed at every step and has a gradient, and the loss stays the error alone.

Adjoint of a step, with gs, gg, GM carried backwards from 0: gC, gD, gc += gy (g'ᵀ, xᵀ, 1),
e = Cᵀ gy + gg, ga_n = e·(X o)_n, gX_nn' += a_n e·o_n', go_n' = e Σ_n a_n X_nn',
ζ = a (ga - a·ga), gGx, gG, gd += ζ (xᵀ, gᵀ, 1), gg ← Gᵀ ζ; gr = .3 go (1 - tanh² r) and .7 go + gs
enter the store's adjoint, whose gs' enters the liquid step's, with gz = its gs + gf (1 - f²);
gL += gz (s - (Bi x + b) L / √(1 - L²)), zi = Σ_n √(1 - L²) gz, gBi, gb += zi (xᵀ, 1), gs ← L gz.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor
from torch.nn.functional import linear

from memlab.cells.blocks import gated_store, liquid, unit_gain
from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import DECAY, RATE, Parameter, constant, kept, log_uniform, normal


@final
@dataclass(frozen=True)
class HyperAmn(Cell):
    """Heads (axis n) of liquid units; gates say which of them is listened to."""

    inputs: int
    hidden: int
    outputs: int
    slots: int = 16  # M, rows of each head's store
    heads: int = 3

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {
            "i": self.inputs,
            "h": self.hidden,
            "o": self.outputs,
            "m": self.slots,
            "n": self.heads,
        }

    def parameters(self) -> dict[str, Parameter]:
        inwards, across = self.inputs**-0.5, self.hidden**-0.5
        return {
            "Bi": Parameter("hi", normal(inwards)),
            "b": Parameter("h", constant(0.0)),
            "A": Parameter("nh", log_uniform(0.01, 1), RATE),
            "B": Parameter("nh", log_uniform(0.1, 0.5), RATE),
            "L": Parameter("nh", kept(1, 128), DECAY),
            "K": Parameter("nmh", normal(across)),
            "Vv": Parameter("nmh", normal(across)),
            "Q": Parameter("nmh", normal(across)),
            "decay": Parameter("nm", kept(1, 1000), DECAY),
            "X": Parameter("nn", near_identity),
            "Gx": Parameter("ni", normal(inwards)),
            "G": Parameter("nh", normal(across)),
            "d": Parameter("n", constant(0.0)),
            "C": Parameter("oh", normal(across)),
            "D": Parameter("oi", normal(0.1 * inwards)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"s": "nh", "Mm": "nmh", "g": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        gates = torch.softmax(linear(x, p["Gx"], p["d"]) + linear(s["g"], p["G"]), -1)  # (B, N)
        drive = linear(x, p["Bi"], p["b"])[:, None]
        z = p["L"] * s["s"] + unit_gain(p["L"]) * drive  # (B, N, H)
        units = liquid(z, torch.tanh(z), p["A"], p["B"])
        store, r = gated_store(p, s["Mm"], units)
        heads = torch.matmul(p["X"], 0.7 * units + 0.3 * torch.tanh(r))
        merged = (gates[..., None] * heads).sum(1)
        y = linear(merged, p["C"], p["c"]) + linear(x, p["D"])
        return {"s": units, "Mm": store, "g": merged}, y


def near_identity(generator: Generator, shape: tuple[int, ...]) -> Tensor:
    """1 on the diagonal, N(0, .1) beside it."""
    beside = 0.1 * torch.randn(shape, generator=generator)
    return beside.fill_diagonal_(1.0)
