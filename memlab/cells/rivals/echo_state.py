"""Echo state network: a random leaky reservoir, of which only the read-out is meant to be learned.

    h' = h + λ (tanh(W x + U h + b) - h)
    y = V h' + c

H. Jaeger, GMD report 148 (2001); leaky units: H. Jaeger et al., Neural Networks 20:335 (2007). The
entries of U are normal of deviation ρ/√H, which is a spectral radius of about ρ (circular law).
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import Parameter, constant, normal, uniform


@final
@dataclass(frozen=True)
class EchoState(Cell):
    """A tanh network that is left as it was drawn, and a read-out."""

    inputs: int
    hidden: int
    outputs: int
    radius: float = 0.9  # ρ, about the largest eigenvalue of U
    leak: float = 0.5  # λ, share of a state that is new, per step

    def __post_init__(self) -> None:
        check_sizes(self)
        if not (self.radius >= 0 and 0 < self.leak <= 1):
            raise ValueError(
                "radius must be at least 0 and leak in (0, 1], got "
                f"radius={self.radius}, leak={self.leak}"
            )

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs}

    def parameters(self) -> dict[str, Parameter]:
        across = self.hidden**-0.5
        return {
            "W": Parameter("hi", normal(self.inputs**-0.5)),
            "U": Parameter("hh", normal(self.radius * across)),
            "b": Parameter("h", uniform(-0.5, 0.5)),
            "V": Parameter("oh", normal(0.1 * across)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"h": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        driven = torch.tanh(linear(x, p["W"], p["b"]) + linear(s["h"], p["U"]))
        h = s["h"] + self.leak * (driven - s["h"])
        return {"h": h}, linear(h, p["V"], p["c"])
