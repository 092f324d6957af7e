"""LSTM, the long short-term memory, with a linear read-out: a rival of the memory-native cells.

    i, f, g, o = W x + b + U h + d         rows 0 to 3 of the gates
    k' = σ(f) k + σ(i) tanh(g)
    h' = σ(o) tanh(k')
    y = V h' + c

S. Hochreiter and J. Schmidhuber, Neural Computation 9:1735 (1997), with the forget gate of F. Gers
et al. (2000), in the form of torch.nn.LSTM, whose parameters these are, and whose draws: even
between ±1/√H.
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
class Lstm(Cell):
    """Units with a gated store each."""

    inputs: int
    hidden: int
    outputs: int

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {"g": 4, "i": self.inputs, "h": self.hidden, "o": self.outputs}

    def parameters(self) -> dict[str, Parameter]:
        even = uniform(-(self.hidden**-0.5), self.hidden**-0.5)
        axes = {"W": "ghi", "U": "ghh", "b": "gh", "d": "gh", "V": "oh", "c": "o"}
        return {name: Parameter(one, even) for name, one in axes.items()}

    def states(self) -> dict[str, str]:
        return {"h": "h", "k": "h"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        driven = linear(x, p["W"].flatten(0, 1), p["b"].flatten())
        i, f, g, o = (driven + linear(s["h"], p["U"].flatten(0, 1), p["d"].flatten())).chunk(4, -1)
        k = torch.sigmoid(f) * s["k"] + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(k)
        return {"h": h, "k": k}, linear(h, p["V"], p["c"])
