"""PMRC as published: units are moved one after the other, in place.

    v_j = tanh(W_j x + b_j + m_j + Σ_i U_ji q_i)
    gates:      g_j = σ(bg_j + Wg_j x + Σ_i Ug_ji m_i), k_j = tanh(bc_j + Wc_j x),
                m_j ← g_j k_j + (1 - g_j) m_j
    no gates:   m_j ← (1 - α) m_j + α v_j
    h'_j = v_j + β q_j, q_j ← h_j
    y' = tanh(V h' + c) + ω z, z' = y      ω z only with output memory

Units that come later see the q and m of the same step, units that come earlier those before, so
that the order of units matters; echoes of units and outputs are two steps old. Forward only.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import Parameter, constant, uniform
from memlab.cells.published.constants import check_constants


@final
@dataclass(frozen=True)
class PublishedPmrc(Cell):
    """A tanh network with gated memories whose gates hold half a memory for one step."""

    inputs: int
    hidden: int
    outputs: int
    recurrent: bool = True
    gates: bool = True
    output_memory: bool = True
    beta: float = 0.3
    alpha: float = 0.1
    omega: float = 0.2

    def __post_init__(self) -> None:
        check_sizes(self)
        check_constants(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs}

    def parameters(self) -> dict[str, Parameter]:
        inwards = math.sqrt(2 / (self.inputs + self.hidden))
        outwards = math.sqrt(2 / (self.hidden + self.outputs))
        across = self.hidden**-0.5
        return {
            "W": Parameter("hi", uniform(-inwards, inwards)),
            "b": Parameter("h", constant(0.0)),
            "U": Parameter("hh", uniform(-across, across)),
            "Wg": Parameter("hi", uniform(-inwards, inwards)),
            "Ug": Parameter("hh", uniform(-across, across)),
            "bg": Parameter("h", constant(0.0)),
            "Wc": Parameter("hi", uniform(-inwards, inwards)),
            "bc": Parameter("h", constant(0.0)),
            "V": Parameter("oh", uniform(-outwards, outwards)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"m": "h", "q": "h", "h": "h", "y": "o", "z": "o"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        seen, gate = linear(x, p["W"], p["b"]), linear(x, p["Wg"], p["bg"])
        candidate = torch.tanh(linear(x, p["Wc"], p["bc"]))
        m, q, h = s["m"].clone(), s["q"].clone(), torch.empty_like(s["h"])
        for j in range(self.hidden):
            v = seen[:, j] + m[:, j]
            if self.recurrent:
                v = v + q @ p["U"][j]
            v = torch.tanh(v)
            if self.gates:
                g = torch.sigmoid(gate[:, j] + m @ p["Ug"][j])
                m[:, j] = g * candidate[:, j] + (1 - g) * m[:, j]
            else:
                m[:, j] = (1 - self.alpha) * m[:, j] + self.alpha * v
            h[:, j] = v + self.beta * q[:, j]
            q[:, j] = s["h"][:, j]
        y = torch.tanh(linear(h, p["V"], p["c"]))
        if self.output_memory:
            y = y + self.omega * s["z"]
        return {"m": m, "q": q, "h": h, "y": y, "z": s["y"]}, y
