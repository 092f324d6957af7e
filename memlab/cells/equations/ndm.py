"""NDM, the neural differential manifold: weights of its own that the activity writes.

    Mm', r = gated store of h
    h' = h + ζ (tanh(Wi x + b + Wh h + π (F h) + r) - h)
    F' = λ F + (1 - λ) (h' - μ) (h - μ)ᵀ / √H              fast weights, not if frozen
    μ' = ρ μ + (1 - ρ) h'                                  what is usual, and no reason to learn
    y = Wo h' + c

The base weights are trained, the fast ones are state. ζ in (0, 1) (raw: logit); λ (of each row), ρ
and the decays of the store in (0, 1) (raw: ln(-ln)); plasticity π in (-1, 1) belongs to each unit
(raw: artanh). |h| < 1, so no row of F is longer than 4.
T. Miconi et al., Differentiable plasticity, ICML (2018).

Adjoint of a step, with gh, gμ, GF, GM carried backwards from 0: gWo, gc += gy (h'ᵀ, 1),
G = (1 - λ) GF / √H, gλ += Σ_j GF (F - (h' - μ)(h - μ)ᵀ / √H), e = gh + Woᵀ gy + (1 - ρ) gμ +
G (h - μ), gρ += gμ (μ - h'), t = Gᵀ (h' - μ), gμ ← ρ gμ - G (h - μ) - t, v = tanh(…),
gζ += e (v - h), a = ζ e (1 - v²), gWi, gb, gWh += a (xᵀ, 1, hᵀ), gπ += a (F h),
GF ← λ GF + (π a) hᵀ, gh ← (1 - ζ) e + t + Whᵀ a + Fᵀ (π a), gr = a enters the store's adjoint,
whose gs adds to gh. Frozen, λ counts as 1 and gλ is 0.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.blocks import gated_store
from memlab.cells.cell import Cell, Tensors, check_sizes
from memlab.cells.parameter import (
    DECAY,
    SHARE,
    SIGNED,
    Parameter,
    constant,
    kept,
    log_uniform,
    normal,
    orthogonal,
    uniform,
)


@final
@dataclass(frozen=True)
class Ndm(Cell):
    """A leaky tanh network whose weights have a slow, trained and a fast, Hebbian part."""

    inputs: int
    hidden: int
    outputs: int
    slots: int = 16  # M, rows of the store
    frozen: bool = False  # the fast weights stay what they are

    def __post_init__(self) -> None:
        check_sizes(self)

    def sizes(self) -> dict[str, int]:
        return {"i": self.inputs, "h": self.hidden, "o": self.outputs, "m": self.slots}

    def parameters(self) -> dict[str, Parameter]:
        across = self.hidden**-0.5
        return {
            "Wi": Parameter("hi", normal(0.5 * self.inputs**-0.5)),
            "b": Parameter("h", constant(0.0)),
            "Wh": Parameter("hh", orthogonal(0.95)),
            "zeta": Parameter("h", log_uniform(0.1, 0.9), SHARE),
            "pi": Parameter("h", uniform(-0.2, 0.2), SIGNED),
            "lam": Parameter("h", kept(10, 1000), DECAY),
            "rho": Parameter("h", kept(10, 100), DECAY),
            "K": Parameter("mh", normal(across)),
            "Vv": Parameter("mh", normal(across)),
            "Q": Parameter("mh", normal(across)),
            "decay": Parameter("m", kept(1, 1000), DECAY),
            "Wo": Parameter("oh", normal(across)),
            "c": Parameter("o", constant(0.0)),
        }

    def states(self) -> dict[str, str]:
        return {"h": "h", "F": "hh", "mu": "h", "Mm": "mh"}

    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        old, fast, usual = s["h"], s["F"], s["mu"]
        store, r = gated_store(p, s["Mm"], old)
        recalled = torch.matmul(fast, old[..., None])[..., 0]
        a = linear(x, p["Wi"], p["b"]) + linear(old, p["Wh"]) + p["pi"] * recalled + r
        h = old + p["zeta"] * (torch.tanh(a) - old)
        if not self.frozen:
            lam = p["lam"][:, None]
            paired = (h - usual)[..., None] * (old - usual)[..., None, :] * self.hidden**-0.5
            fast = lam * fast + (1 - lam) * paired
        usual = p["rho"] * usual + (1 - p["rho"]) * h
        return {"h": h, "F": fast, "mu": usual, "Mm": store}, linear(h, p["Wo"], p["c"])
