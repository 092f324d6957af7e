"""NDM as published, whose weights change at every step and only ever upwards.

    k = σ(K h), Mm'_mi = .995 Mm_mi + k_m h_i Vv_mi, q = σ(Q h), r = Mm'ᵀ q
    d = -h + tanh(Wi x + Wh h + r), h' = h + dt d
    p' = .95 p + .05 |h'|, t' = .95 t + .05 |d|                  traces, never negative
    Wi += dt πi (.1 t' xᵀ - 1e-4 Wi), Wh += dt πh (.1 t' p'ᵀ - 1e-4 Wh)
    πi, πh ← .999 πi, .999 πh, y = Wo h'

What a stream has added to the weights is its state (dWi, dWh), and so is its age, from which the
plasticity follows. Forward only.
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


@final
@dataclass(frozen=True)
class PublishedNdm(Cell):
    """A leaky tanh network with one-sided Hebbian growth of its weights."""

    inputs: int
    hidden: int
    outputs: int
    slots: int = 64
    dt: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self)
        check_constants(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.slots}

    def parameters(self) -> dict[str, Parameter]:
        across = self.hidden**-0.5
        return {
            "Wi": Parameter("hi", normal(math.sqrt(2 / (self.inputs + self.hidden)))),
            "Wh": Parameter("hh", normal(across)),
            "pi_i": Parameter("hi", uniform(0.5, 1)),
            "pi_h": Parameter("hh", uniform(0.5, 1)),
            "K": Parameter("mh", normal(across)),
            "Vv": Parameter("mh", normal(across)),
            "Q": Parameter("mh", normal(across)),
            "Wo": Parameter("oh", normal(math.sqrt(2 / (self.hidden + self.outputs)))),
        }

    def states(self) -> dict[str, str]:
        own = {"h": "h", "p": "h", "t": "h", "Mm": "mh"}
        return own | {"dWi": "hi", "dWh": "hh", "age": ""}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        old, inwards, across = s["h"], p["Wi"] + s["dWi"], p["Wh"] + s["dWh"]  # (B, H, ·)
        key, query = (torch.sigmoid(linear(old, p[name])) for name in ("K", "Q"))
        store = 0.995 * s["Mm"] + key[..., None] * p["Vv"] * old[..., None, :]
        a = _product(inwards, x) + _product(across, old) + read(query, store)
        d = torch.tanh(a) - old
        h = old + self.dt * d
        active, moving = 0.95 * s["p"] + 0.05 * h.abs(), 0.95 * s["t"] + 0.05 * d.abs()
        left = self.dt * 0.999 ** s["age"][:, None, None]
        grown = {
            "dWi": s["dWi"] + left * p["pi_i"] * _growth(moving, x, inwards),
            "dWh": s["dWh"] + left * p["pi_h"] * _growth(moving, active, across),
        }
        rest = {"h": h, "p": active, "t": moving, "Mm": store, "age": s["age"] + 1}
        return grown | rest, linear(h, p["Wo"])


def _product(weights: Tensor, x: Tensor) -> Tensor:
    return torch.matmul(weights, x[..., None])[..., 0]


def _growth(post: Tensor, pre: Tensor, weights: Tensor) -> Tensor:
    return 0.1 * post[..., None] * pre[..., None, :] - 1e-4 * weights
