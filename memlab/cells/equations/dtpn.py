"""DTPN, the dual-track persistence network, with its global memory as one vector.

    u' = tanh(W x + U h + b) + β u
    m' = m + α (u' - m)
    r' = δ r + (1 - δ) G (σ(K u') - ½)
    h' = tanh(u' + m' + r')
    y = V h' + c

β, α, δ in (0, 1) belong to each unit (raw: logit). A matrix of M rows that is read by its mean
obeys the same equation as r (the published form), so none is kept; the key is centred.

Adjoint of a step, with gh, gu, gm, gr carried backwards from 0: gV += gy h'ᵀ, gc += gy,
e = (Vᵀ gy + gh) (1 - h'²), gr += e, gm += e, k = σ(K u'), d = (1 - δ) gr,
gδ += gr (r - G (k - ½)), gG += d (k - ½)ᵀ, zk = (Gᵀ d) k (1 - k), gK += zk u'ᵀ, gα += gm (u' - m),
g = e + α gm + Kᵀ zk + gu, gβ += g u, a = g (1 - (u' - β u)²), gW, gU, gb += a (xᵀ, hᵀ, 1), then
gh ← Uᵀ a, gu ← β g, gm ← (1 - α) gm, gr ← δ gr.
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
    kept,
    log_uniform,
    normal,
    orthogonal,
    uniform,
)


@final
@dataclass(frozen=True)
class Dtpn(Cell):
    """A tanh network with an echo, a slow trace and a global memory of keyed vectors."""

    inputs: int
    hidden: int
    outputs: int
    keys: int = 32  # M

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.keys}

    def parameters(self) -> dict[str, Parameter]:
        return {
            "W": Parameter("hi", normal(0.5 * self.inputs**-0.5)),
            "U": Parameter("hh", orthogonal(0.8)),
            "b": Parameter("h", constant(0.0)),
            "beta": Parameter("h", uniform(0.01, 0.1), SHARE),
            "alpha": Parameter("h", log_uniform(1 / 128, 0.2), SHARE),
            "K": Parameter("mh", normal(self.hidden**-0.5)),
            "G": Parameter("hm", normal(self.keys**-0.5)),
            "delta": Parameter("h", kept(1, 128), SHARE),
            "V": Parameter("oh", normal(self.hidden**-0.5)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"u": "h", "m": "h", "r": "h", "h": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        u = torch.tanh(linear(x, p["W"], p["b"]) + linear(s["h"], p["U"])) + p["beta"] * s["u"]
        m = s["m"] + p["alpha"] * (u - s["m"])
        called = linear(torch.sigmoid(linear(u, p["K"])) - 0.5, p["G"])
        r = called + p["delta"] * (s["r"] - called)
        h = torch.tanh(u + m + r)
        return {"u": u, "m": m, "r": r, "h": h}, linear(h, p["V"], p["c"])
