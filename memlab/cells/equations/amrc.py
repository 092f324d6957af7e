"""AMRC, the adaptive memory recurrent cell, with leaky memories of many time scales.

    v = tanh(W x + b + κ m + P R h)        mixing P R only if rank > 0
    m' = m + α (v - m)
    h' = v + β h
    y = V h' + c

κ, α, β in (0, 1) belong to each unit (raw: logit). The loop of a memory has the gain
1 - α (1 - κ) < 1, and |m| < 1, |h| < 1 / (1 - β).

Adjoint of a step, gm and gh being carried backwards from 0: gV += gy h'ᵀ, gc += gy,
g = gh + Vᵀ gy, gβ += g h, gα += gm (v - m), a = (g + α gm) (1 - v²), gW += a xᵀ, gb += a,
gκ += a m, gP += a (R h)ᵀ, gR += (Pᵀ a) hᵀ, then gh ← β g + Rᵀ Pᵀ a, gm ← (1 - α) gm + κ a.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import (
    SHARE,
    Parameter,
    constant,
    log_uniform,
    normal,
    orthogonal,
    uniform,
)


@final
@dataclass(frozen=True)
class Amrc(Cell):
    """Units with an echo and a leaky memory each, mixed through a few common directions."""

    inputs: int
    hidden: int
    outputs: int
    rank: int = 0  # directions through which units see each other; 0: none do

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        sizes = {"i": self.inputs, "h": self.hidden, "o": self.outputs}
        return sizes if self.rank == 0 else sizes | {"r": self.rank}

    def parameters(self) -> dict[str, Parameter]:
        found = {
            "W": Parameter("hi", normal(0.5 * self.inputs**-0.5)),
            "b": Parameter("h", constant(0.0)),
            "kappa": Parameter("h", uniform(0.1, 0.5), SHARE),
            "alpha": Parameter("h", log_uniform(1 / 128, 0.9), SHARE),
            "beta": Parameter("h", uniform(0.01, 0.1), SHARE),
            "V": Parameter("oh", normal(self.hidden**-0.5)),
            "c": Parameter("o", constant(0.0)),
        }
        if self.rank == 0:
            return found
        gain = (self.hidden / self.rank) ** 0.25
        return found | {
            "P": Parameter("hr", orthogonal(gain)),
            "R": Parameter("rh", orthogonal(gain)),
        }

    def states(self) -> dict[str, str]:
        return {"m": "h", "h": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        a = linear(x, p["W"], p["b"]) + p["kappa"] * s["m"]
        if self.rank:
            a = a + linear(linear(s["h"], p["R"]), p["P"])
        v = torch.tanh(a)
        m = s["m"] + p["alpha"] * (v - s["m"])
        h = v + p["beta"] * s["h"]
        return {"m": m, "h": h}, linear(h, p["V"], p["c"])
