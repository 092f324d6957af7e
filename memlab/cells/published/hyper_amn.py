"""Hyper-AMN as published: three heads, gates from the state before, stores without a bound.

    a = softmax(G g)
    head n:  s ← L s + Bi x, f = tanh(s), s ← s + dt (-(A + B |f|) s + B f)
             k = σ(K s), Mm'_mi = λ Mm_mi + k_m s_i Vv_mi, q = σ(Q s), r = Mm'ᵀ q
             s ← .7 s + .3 tanh(r)
    s'_n = Σ_n' X_nn' s_n', g' = Σ_n a_n s'_n, y = C g' + D x

Forward only.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor
from torch.nn.functional import linear

from memlab.cells.blocks import read, times
from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.equations.hyper_amn import near_identity
from memlab.cells.parameter import Draw, Parameter, normal, uniform
from memlab.cells.published.constants import check_constants

LEAKS = ((0.3, 0.6), (0.5, 0.8), (0.7, 1.0))
GAINS = ((0.3, 0.7), (0.2, 0.5), (0.1, 0.3))
DECAYS = (0.990, 0.995, 0.999)


@final
@dataclass(frozen=True)
class PublishedHyperAmn(Cell):
    """Heads called spatial, emotional and logical (axis n), none of which was ever trained."""

    inputs: int
    hidden: int
    outputs: int
    slots: int = 64
    dt: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self)
        check_constants(self)

    def sizes(self) -> dict[str, int]:
        own = {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.slots}
        return own | {"n": len(DECAYS)}

    def parameters(self) -> dict[str, Parameter]:
        across, outwards = self.hidden**-0.5, math.sqrt(2 / (self.hidden + self.outputs))
        return {
            "Bi": Parameter("hi", normal(math.sqrt(2 / (self.inputs + self.hidden)))),
            "A": Parameter("nh", headwise(LEAKS)),
            "B": Parameter("nh", headwise(GAINS)),
            "L": Parameter("h", uniform(0.95, 0.99)),
            "K": Parameter("nmh", normal(across)),
            "Vv": Parameter("nmh", normal(across)),
            "Q": Parameter("nmh", normal(across)),
            "X": Parameter("nn", near_identity),
            "G": Parameter("nh", normal(0.1)),
            "C": Parameter("oh", normal(outwards)),
            "D": Parameter("oi", normal(0.1 * outwards)),
        }

    def states(self) -> dict[str, str]:
        return {"s": "nh", "Mm": "nmh", "g": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        gates = torch.softmax(linear(s["g"], p["G"]), -1)  # (B, N)
        z = p["L"] * s["s"] + linear(x, p["Bi"])[:, None]  # (B, N, H)
        f = torch.tanh(z)
        z = z + self.dt * (-(p["A"] + p["B"] * f.abs()) * z + p["B"] * f)
        written = torch.sigmoid(times(p["K"], z))[..., None] * p["Vv"] * z[..., None, :]
        store = z.new_tensor(DECAYS)[:, None, None] * s["Mm"] + written
        r = read(torch.sigmoid(times(p["Q"], z)), store)
        heads = torch.matmul(p["X"], 0.7 * z + 0.3 * torch.tanh(r))
        merged = (gates[..., None] * heads).sum(1)
        y = linear(merged, p["C"]) + linear(x, p["D"])
        return {"s": heads, "Mm": store, "g": merged}, y


def headwise(bounds: tuple[tuple[float, float], ...]) -> Draw:
    """Evenly between each head's own two values."""

    def draw(generator: Generator, shape: tuple[int, ...]) -> Tensor:
        return torch.stack([uniform(*pair)(generator, shape[1:]) for pair in bounds])

    return draw
