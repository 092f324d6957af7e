"""SGW-AMN as published, whose workspace starts from nothing at every step.

    a = gelu(Wi x), score = |a| Σ_j |Wc_ij|, w = Σ over the S best of a_i Wc_i
    f = tanh(w + R w), w ← w + dt (-(A + B |f|) w + B f), R' = .98 R + .02 w wᵀ
    o = tanh(Wp w), k = σ(K o), Mm'_mi = λ Mm_mi + k_m o_i Vv_mi, q = σ(Q o), r = Mm'ᵀ q
    y = Wo (.7 o + .3 tanh(r))

A softmax over the scores only served a statistic. Forward only.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import gelu, linear

from memlab.cells.blocks import read
from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import Parameter, normal, uniform
from memlab.cells.published.constants import check_constants


@final
@dataclass(frozen=True)
class PublishedSgwAmn(Cell):
    """The strongest of many candidates (axis p) sum up in a workspace (axis s)."""

    inputs: int
    hidden: int = 256  # units that read the workspace
    outputs: int = 2
    candidates: int = 256
    workspace: int = 16
    slots: int = 64
    dt: float = 0.1
    decay: float = 0.995

    def __post_init__(self) -> None:
        check_sizes(self)
        check_constants(self)
        if self.workspace > self.candidates:
            raise ValueError(
                f"a workspace of {self.workspace} needs at least as many candidates, "
                f"but there are {self.candidates}"
            )

    def sizes(self) -> dict[str, int]:
        own = {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.slots}
        return own | {"p": self.candidates, "s": self.workspace}

    def parameters(self) -> dict[str, Parameter]:
        across = self.hidden**-0.5
        return {
            "Wi": Parameter("pi", normal(math.sqrt(2 / (self.inputs + self.candidates)))),
            "Wc": Parameter("ps", normal(math.sqrt(2 / (self.candidates + self.workspace)))),
            "A": Parameter("s", uniform(0.5, 0.8)),
            "B": Parameter("s", uniform(0.2, 0.5)),
            "Wp": Parameter("hs", normal(math.sqrt(2 / (self.workspace + self.hidden)))),
            "K": Parameter("mh", normal(across)),
            "Vv": Parameter("mh", normal(across)),
            "Q": Parameter("mh", normal(across)),
            "Wo": Parameter("oh", normal(math.sqrt(2 / (self.hidden + self.outputs)))),
        }

    def states(self) -> dict[str, str]:
        return {"R": "ss", "Mm": "mh"}

    def gathered(self, p: Tensors, paired: Tensor, x: Tensor) -> Tensor:
        """The workspace ``(B, S)`` of a step, from the pairs ``(B, S, S)`` before it."""
        a = gelu(linear(x, p["Wi"]), approximate="tanh")
        winners = (a.abs() * p["Wc"].abs().sum(1)).topk(self.workspace, -1).indices
        w = torch.matmul(torch.zeros_like(a).scatter(1, winners, a.gather(1, winners)), p["Wc"])
        f = torch.tanh(w + torch.matmul(paired, w[..., None])[..., 0])
        return w + self.dt * (-(p["A"] + p["B"] * f.abs()) * w + p["B"] * f)

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        w = self.gathered(p, s["R"], x)
        paired = 0.98 * s["R"] + 0.02 * w[..., None] * w[..., None, :]
        units = torch.tanh(linear(w, p["Wp"]))
        key, query = (torch.sigmoid(linear(units, p[name])) for name in ("K", "Q"))
        store = self.decay * s["Mm"] + key[..., None] * p["Vv"] * units[..., None, :]
        y = linear(0.7 * units + 0.3 * torch.tanh(read(query, store)), p["Wo"])
        return {"R": paired, "Mm": store}, y
