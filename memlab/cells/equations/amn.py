"""AMN, the adaptive memory network: liquid units, linear memories, an associative store.

    f = tanh(Bi x + b)
    h' = (h + A B f) / (1 + A (1 + B |f|))                 liquid units, in (-1, 1)
    l' + i j' = L e^(i θ) (l + i j) + √(1 - L²) h'         linear memories, of unit gain for noise
    q = tanh(Q l'), r = Mmᵀ q, r̂ = r / √(1 + mean r²)
    s = .7 l' + .3 r̂,  y = C s + D x + c
    k = σ(K s), w = k (Vv s), Mm' = λ Mm + (1 - λ) w sᵀ

A, B > 0 (raw: ln), L, λ in (0, 1) (raw: ln(-ln)), θ is in rad/step. Every loop but those that
decay runs through r̂, which is bounded by √H: no clip is needed.
Linear memories: A. Orvieto et al., ICML (2023).

Adjoint of a step, with GM, gl, gj, gh carried backwards from 0: gC += gy sᵀ, gD += gy xᵀ,
gc += gy, t = (1 - λ) GM s, gs = Cᵀ gy + GMᵀ ((1 - λ) w), zk = t (Vv s) k (1 - k), zv = t k,
gλ += Σ_i GM (Mm - w sᵀ), gK += zk sᵀ, gVv += zv sᵀ, gs += Kᵀ zk + Vvᵀ zv; ρ² = 1 + mean r²,
gr = .3 (gs - r̂ (gs·r̂) / H) / ρ, zq = (Mm gr) (1 - q²), gQ += zq l'ᵀ, GM ← λ GM + q grᵀ,
gl += .7 gs + Qᵀ zq; with z = e^(i θ) (l + i j): gL += gl Re z + gj Im z - gl h' L / √(1 - L²),
gθ += L (gj Re z - gl Im z), e = gh + √(1 - L²) gl, (gl, gj) ← L (gl cos θ + gj sin θ,
gj cos θ - gl sin θ); the liquid step maps e to gh, gf, gA, gB; zf = gf (1 - f²), gBi += zf xᵀ.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.blocks import liquid, read, unit_gain
from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import (
    DECAY,
    RATE,
    Parameter,
    constant,
    kept,
    log_uniform,
    normal,
    uniform,
)


@final
@dataclass(frozen=True)
class Amn(Cell):
    """Units that adapt their time scale, long linear traces of them, and a store of traces."""

    inputs: int
    hidden: int
    outputs: int
    slots: int = 32  # M, rows of the store

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.slots}

    def parameters(self) -> dict[str, Parameter]:
        inwards, across = self.inputs**-0.5, self.hidden**-0.5
        return {
            "Bi": Parameter("hi", normal(0.3 * inwards)),
            "b": Parameter("h", constant(0.0)),
            "A": Parameter("h", log_uniform(0.1, 10), RATE),
            "B": Parameter("h", log_uniform(0.5, 2), RATE),
            "L": Parameter("h", kept(1, 100), DECAY),
            "theta": Parameter("h", uniform(0, math.pi)),
            "Q": Parameter("mh", normal(across)),
            "K": Parameter("mh", normal(across)),
            "Vv": Parameter("mh", normal(across)),
            "decay": Parameter("m", kept(1, 1000), DECAY),
            "C": Parameter("oh", normal(across)),
            "D": Parameter("oi", normal(0.1 * inwards)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"h": "h", "l": "h", "j": "h", "Mm": "mh"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        h = liquid(s["h"], torch.tanh(linear(x, p["Bi"], p["b"])), p["A"], p["B"])
        along, across = p["L"] * p["theta"].cos(), p["L"] * p["theta"].sin()
        trace = along * s["l"] - across * s["j"] + unit_gain(p["L"]) * h
        turned = across * s["l"] + along * s["j"]
        r = read(torch.tanh(linear(trace, p["Q"])), s["Mm"])
        r = r / (1 + r.square().mean(-1, keepdim=True)).sqrt()
        out = 0.7 * trace + 0.3 * r
        y = linear(out, p["C"], p["c"]) + linear(x, p["D"])
        w = torch.sigmoid(linear(out, p["K"])) * linear(out, p["Vv"])
        written = ((1 - p["decay"]) * w)[..., None] * out[..., None, :]
        store = p["decay"][:, None] * s["Mm"] + written
        return {"h": h, "l": trace, "j": turned, "Mm": store}, y
