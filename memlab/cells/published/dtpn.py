"""DTPN as published, with the matrix that one vector could stand for.

    u' = tanh(W x + U h) + β u, m' = (1 - α) m + α u'
    k = σ(K u'), Mm'_m = δ Mm_m + k_m Vm_m, r = mean of the rows of Mm'
    h' = tanh(u' + m' + r), y = V h' + c

Forward only.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import Parameter, constant, normal
from memlab.cells.published.constants import check_constants


@final
@dataclass(frozen=True)
class PublishedDtpn(Cell):
    """A tanh network with an echo, a slow trace and a matrix of rescaled fixed rows."""

    inputs: int
    hidden: int
    outputs: int
    slots: int = 32  # M, rows of the matrix
    beta: float = 0.3
    alpha: float = 0.1
    decay: float = 0.99

    def __post_init__(self) -> None:
        check_sizes(self)
        check_constants(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.slots}

    def parameters(self) -> dict[str, Parameter]:
        across = self.hidden**-0.5
        return {
            "W": Parameter("hi", normal(math.sqrt(2 / (self.inputs + self.hidden)))),
            "U": Parameter("hh", normal(across)),
            "K": Parameter("mh", normal(across)),
            "Vm": Parameter("mh", normal(across)),
            "V": Parameter("oh", normal(math.sqrt(2 / (self.hidden + self.outputs)))),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"u": "h", "m": "h", "Mm": "mh", "h": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        u = torch.tanh(linear(x, p["W"]) + linear(s["h"], p["U"])) + self.beta * s["u"]
        m = (1 - self.alpha) * s["m"] + self.alpha * u
        store = self.decay * s["Mm"] + torch.sigmoid(linear(u, p["K"]))[..., None] * p["Vm"]
        h = torch.tanh(u + m + store.mean(-2))
        return {"u": u, "m": m, "Mm": store, "h": h}, linear(h, p["V"], p["c"])
