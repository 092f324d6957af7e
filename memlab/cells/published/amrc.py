"""AMRC as published: v = tanh(W x + b + m), m' = (1 - α) m + α v, h' = v + β p, p' = h.

y = tanh(V h' + c). The echo p is two steps old, the loop of the memory has a gain of exactly 1 and
β, α are constants. Forward only.
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
class PublishedAmrc(Cell):
    """Units with an echo and an undamped memory each, which do not see each other."""

    inputs: int
    hidden: int
    outputs: int
    beta: float = 0.3
    alpha: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self)
        check_constants(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs}

    def parameters(self) -> dict[str, Parameter]:
        inwards = math.sqrt(2 / (self.inputs + self.hidden))
        outwards = math.sqrt(2 / (self.hidden + self.outputs))
        return {
            "W": Parameter("hi", uniform(-inwards, inwards)),
            "b": Parameter("h", constant(0.0)),
            "V": Parameter("oh", uniform(-outwards, outwards)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"m": "h", "p": "h", "h": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        v = torch.tanh(linear(x, p["W"], p["b"]) + s["m"])
        m = (1 - self.alpha) * s["m"] + self.alpha * v
        h = v + self.beta * s["p"]
        return {"m": m, "p": s["h"], "h": h}, torch.tanh(linear(h, p["V"], p["c"]))
