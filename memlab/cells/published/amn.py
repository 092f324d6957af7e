"""AMN as published, whose read-out overwrites the liquid state and whose clips stop its growth.

    f = tanh(Bi x), h~ = clip₁₀(h + dt (-(A + B |f|) h + B f)), l' = clip₁₀(L l + h~)
    q = tanh(Q l'), r = Mmᵀ q, h' = s = .7 l' + .3 r
    y = clip₁₀₀(C s + D x)
    k = σ(K s), w = Vv s, Mm' = clip₅(λ Mm + .01 (k w) sᵀ)

The loop h → l → h has an eigenvalue of about 1.6. Forward only.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.blocks import read
from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import Parameter, normal, uniform
from memlab.cells.published.constants import check_constants

CLIP = 10  # of liquid units and traces


@final
@dataclass(frozen=True)
class PublishedAmn(Cell):
    """Liquid units and traces that run into their clips within some twenty steps."""

    inputs: int
    hidden: int
    outputs: int
    slots: int = 64
    dt: float = 0.1
    decay: float = 0.995

    def __post_init__(self) -> None:
        check_sizes(self)
        check_constants(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.slots}

    def parameters(self) -> dict[str, Parameter]:
        inwards = math.sqrt(2 / (self.inputs + self.hidden))
        outwards = math.sqrt(2 / (self.hidden + self.outputs))
        across = self.hidden**-0.5
        return {
            "A": Parameter("h", uniform(0.5, 1)),
            "B": Parameter("h", uniform(0.1, 0.4)),
            "L": Parameter("h", uniform(0.95, 0.99)),
            "Bi": Parameter("hi", normal(inwards)),
            "C": Parameter("oh", normal(outwards)),
            "D": Parameter("oi", normal(0.1 * outwards)),
            "K": Parameter("mh", normal(across)),
            "Vv": Parameter("mh", normal(across)),
            "Q": Parameter("mh", normal(across)),
        }

    def states(self) -> dict[str, str]:
        return {"h": "h", "l": "h", "Mm": "mh"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        f = torch.tanh(linear(x, p["Bi"]))
        rate = -(p["A"] + p["B"] * f.abs()) * s["h"] + p["B"] * f
        moved = (s["h"] + self.dt * rate).clamp(-CLIP, CLIP)
        trace = (p["L"] * s["l"] + moved).clamp(-CLIP, CLIP)
        r = read(torch.tanh(linear(trace, p["Q"])), s["Mm"])
        out = 0.7 * trace + 0.3 * r
        y = (linear(out, p["C"]) + linear(x, p["D"])).clamp(-100, 100)
        w = torch.sigmoid(linear(out, p["K"])) * linear(out, p["Vv"])
        store = self.decay * s["Mm"] + 0.01 * w[..., None] * out[..., None, :]
        return {"h": out, "l": trace, "Mm": store.clamp(-5, 5)}, y
