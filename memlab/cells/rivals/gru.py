"""GRU, the gated recurrent unit, with a linear read-out: a rival of the memory-native cells.

    r, z = σ(W x + b + U h + d)        reset and update, rows 0 and 1 of the gates
    n = tanh(W₂ x + b₂ + r (U₂ h + d₂))
    h' = (1 - z) n + z h
    y = V h' + c

K. Cho et al., EMNLP (2014), in the form of torch.nn.GRU, whose parameters these are, and whose
draws: even between ±1/√H.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import Parameter, uniform


@final
@dataclass(frozen=True)
class Gru(Cell):
    """Units whose gates (axis g) say what is forgotten and what is taken in."""

    inputs: int
    hidden: int
    outputs: int

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {"g": 3, "i": self.inputs, "h": self.hidden, "o": self.outputs}

    def parameters(self) -> dict[str, Parameter]:
        even = uniform(-(self.hidden**-0.5), self.hidden**-0.5)
        axes = {"W": "ghi", "U": "ghh", "b": "gh", "d": "gh", "V": "oh", "c": "o"}
        return {name: Parameter(one, even) for name, one in axes.items()}

    def states(self) -> dict[str, str]:
        return {"h": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        h = s["h"]
        ar, az, an = linear(x, p["W"].flatten(0, 1), p["b"].flatten()).chunk(3, -1)
        hr, hz, hn = linear(h, p["U"].flatten(0, 1), p["d"].flatten()).chunk(3, -1)
        z = torch.sigmoid(az + hz)
        n = torch.tanh(an + torch.sigmoid(ar + hr) * hn)
        h = n + z * (h - n)
        return {"h": h}, linear(h, p["V"], p["c"])
