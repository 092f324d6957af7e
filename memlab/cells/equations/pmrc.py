"""PMRC, the persistent memory recurrent cell, synchronous, with every gate trained.

    v = tanh(W x + b + m + U h)
    gates:      g = σ(Wg x + Ug m + bg), k = tanh(Wc x + bc), m' = m + g (k - m)
    no gates:   v sees κ m instead of m, and m' = m + α (v - m)
    h' = v + β h
    y' = V h' + c + ω y                    ω y only with output memory

κ, α, β in (0, 1) belong to each unit, ω in (0, 1) to each output (raw: logit). The biases bg are
drawn so that an unattended memory halves in 1 to 100 steps; memories start faint, for what they
add to a unit takes it away from the linear part of tanh, and with it the recall of much input.

Adjoint of a step, gm, gh and go being carried backwards from 0: gy += go, go ← ω gy, gω += gy y,
gV += gy h'ᵀ, gc += gy, e = gh + Vᵀ gy, gβ += e h. With gates: a = e (1 - v²),
zg = gm (k - m) g (1 - g), zc = gm g (1 - k²); gW, gb, gU += a (xᵀ, 1, hᵀ), gWg, gbg, gUg +=
zg (xᵀ, 1, mᵀ), gWc, gbc += zc (xᵀ, 1); gh ← β e + Uᵀ a, gm ← (1 - g) gm + a + Ugᵀ zg.
Without: a = (e + α gm) (1 - v²), gα += gm (v - m), gκ += a m, gm ← (1 - α) gm + κ a.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import (
    SHARE,
    Draw,
    Parameter,
    constant,
    log_uniform,
    normal,
    orthogonal,
    uniform,
)


@final
@dataclass(frozen=True)
class Pmrc(Cell):
    """A tanh network whose units have an echo and a gated memory each."""

    inputs: int
    hidden: int
    outputs: int
    recurrent: bool = True  # units see each other
    gates: bool = True  # the input decides what a memory takes in
    output_memory: bool = False  # outputs are low-passed

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs}

    def parameters(self) -> dict[str, Parameter]:
        found = {
            "W": Parameter("hi", normal(0.25 * self.inputs**-0.5)),
            "b": Parameter("h", constant(0.0)),
            "beta": Parameter("h", uniform(0.01, 0.05), SHARE),
            "V": Parameter("oh", normal(self.hidden**-0.5)),
            "c": Parameter("o", constant(0.0)),
        }
        if self.recurrent:
            found["U"] = Parameter("hh", orthogonal(0.95))
        if self.output_memory:
            found["omega"] = Parameter("o", uniform(0.1, 0.3), SHARE)
        return found | (self._gates() if self.gates else self._leaks())

    def _gates(self) -> dict[str, Parameter]:
        inwards, across = self.inputs**-0.5, self.hidden**-0.5
        return {
            "Wg": Parameter("hi", normal(0.7 * inwards)),
            "Ug": Parameter("hh", normal(0.15 * across)),
            "bg": Parameter("h", gate_bias(1, 100)),
            "Wc": Parameter("hi", normal(0.3 * inwards)),
            "bc": Parameter("h", constant(0.0)),
        }

    def _leaks(self) -> dict[str, Parameter]:
        return {
            "kappa": Parameter("h", uniform(0.1, 0.5), SHARE),
            "alpha": Parameter("h", log_uniform(1 / 128, 0.9), SHARE),
        }

    def states(self) -> dict[str, str]:
        return {"m": "h", "h": "h"} | ({"y": "o"} if self.output_memory else {})

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        a = linear(x, p["W"], p["b"])
        if self.recurrent:
            a = a + linear(s["h"], p["U"])
        if self.gates:
            v = torch.tanh(a + s["m"])
            g = torch.sigmoid(linear(x, p["Wg"], p["bg"]) + linear(s["m"], p["Ug"]))
            m = s["m"] + g * (torch.tanh(linear(x, p["Wc"], p["bc"])) - s["m"])
        else:
            v = torch.tanh(a + p["kappa"] * s["m"])
            m = s["m"] + p["alpha"] * (v - s["m"])
        h = v + p["beta"] * s["h"]
        y = linear(h, p["V"], p["c"])
        if not self.output_memory:
            return {"m": m, "h": h}, y
        y = y + p["omega"] * s["y"]
        return {"m": m, "h": h, "y": y}, y


def gate_bias(shortest: float, longest: float) -> Draw:
    """Logits of the share 1 - 2^(-1/t) of gates that halve a memory in t steps, log-uniform."""
    halves = log_uniform(shortest, longest)
    return lambda generator, shape: torch.logit(1 - torch.exp2(-1 / halves(generator, shape)))
