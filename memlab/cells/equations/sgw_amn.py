"""SGW-AMN, the sparse global workspace, whose content lasts and is broadcast back.

    a = gelu(Wi x + Wb w + b)                              candidates, gelu by tanh
    π = softmax(|a| Σ_j |Wc_ij| / T)                       they compete, T is the temperature
    f = tanh(S Σ_i π_i a_i Wc_i + R w)
    w' = (w + A B f) / (1 + A (1 + B |f|))                 liquid workspace of S units
    R' = ρ R + (1 - ρ) w' w'ᵀ                              what was in it together returns together
    Mm', r = gated store of tanh(Wp w' + e);  o = .7 tanh(Wp w' + e) + .3 tanh(r)
    y = Wo o + c

A, B > 0 (raw: ln), T > 0 (raw: ln), ρ and the decays of the store in (0, 1) (raw: ln(-ln)).
All candidates stay in the sum: a top-k would cut the gradient of those that lose, and T, which is
trained, makes it as sparse as the task wants. There is no term that balances their load, for no
unit is spared by it and the loss would no longer be the error.
|w| < 1 and with it R and the store are bounded.

Adjoint of a step, with gw, GR, GM carried backwards from 0: gWo, gc += gy (oᵀ, 1), go = Woᵀ gy,
gr = .3 go (1 - tanh² r) and .7 go enter the store's adjoint, whose gs gives zp = gs (1 - s²),
gWp, ge += zp (w'ᵀ, 1); gw += Wpᵀ zp + (1 - ρ) (GR + GRᵀ) w', gρ += GR·(R - w' w'ᵀ); the liquid
step gives gw and gf, z = gf (1 - f²), GR ← ρ GR + z wᵀ, gw += Rᵀ z; with t_i = S Wc_i·z and
n_i = Σ_j |Wc_ij|: gπ = t a, gk = π (gπ - π·gπ) / T, gT -= Σ gk |a| n / T,
gWc_i += S π_i a_i z + gk_i |a_i| sign Wc_i, ga = t π + gk n sign a, ζ = Wi x + Wb w + b,
za = ga gelu'(ζ), 2 gelu'(ζ) = 1 + τ + ζ (1 - τ²) √(2/π) (1 + .134145 ζ²) with
τ = tanh(√(2/π) (ζ + .044715 ζ³)); gWi, gWb, gb += za (xᵀ, wᵀ, 1), gw += Wbᵀ za.
B. Baars, A cognitive theory of consciousness (1988).
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import gelu, linear

from memlab.cells.blocks import gated_store, liquid
from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import DECAY, RATE, Parameter, constant, kept, log_uniform, normal


@final
@dataclass(frozen=True)
class SgwAmn(Cell):
    """Many candidates (axis p) compete for a small workspace (axis s), which all units read."""

    inputs: int
    hidden: int  # units that read the workspace
    outputs: int
    candidates: int = 32
    workspace: int = 16
    slots: int = 16  # M, rows of the store

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {
            "i": self.inputs,
            "h": self.hidden,
            "o": self.outputs,
            "p": self.candidates,
            "s": self.workspace,
            "m": self.slots,
        }

    def parameters(self) -> dict[str, Parameter]:
        across, broadcast = self.hidden**-0.5, self.workspace**-0.5
        return {
            "Wi": Parameter("pi", normal(self.inputs**-0.5)),
            "Wb": Parameter("ps", normal(broadcast)),
            "b": Parameter("p", constant(0.0)),
            "Wc": Parameter("ps", normal(broadcast)),
            "T": Parameter("", constant(0.5), RATE),
            "A": Parameter("s", log_uniform(0.1, 10), RATE),
            "B": Parameter("s", log_uniform(0.5, 2), RATE),
            "rho": Parameter("s", kept(10, 100), DECAY),
            "Wp": Parameter("hs", normal(broadcast)),
            "e": Parameter("h", constant(0.0)),
            "K": Parameter("mh", normal(across)),
            "Vv": Parameter("mh", normal(across)),
            "Q": Parameter("mh", normal(across)),
            "decay": Parameter("m", kept(1, 1000), DECAY),
            "Wo": Parameter("oh", normal(across)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"w": "s", "R": "ss", "Mm": "mh"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        w, rho = s["w"], p["rho"][:, None]
        a = gelu(linear(x, p["Wi"], p["b"]) + linear(w, p["Wb"]), approximate="tanh")
        share = torch.softmax(a.abs() * p["Wc"].abs().sum(1) / p["T"], -1)
        entering = self.workspace * torch.matmul(share * a, p["Wc"])
        recalled = torch.matmul(s["R"], w[..., None])[..., 0]
        w = liquid(w, torch.tanh(entering + recalled), p["A"], p["B"])
        paired = rho * s["R"] + (1 - rho) * w[..., None] * w[..., None, :]
        units = torch.tanh(linear(w, p["Wp"], p["e"]))
        store, r = gated_store(p, s["Mm"], units)
        y = linear(0.7 * units + 0.3 * torch.tanh(r), p["Wo"], p["c"])
        return {"w": w, "R": paired, "Mm": store}, y
