"""Adam with its norm clipped, one optimiser per replicate, on flat parameters ``(R, P)``.

    g ← g min(1, clip/‖g‖)      m ← β₁ m + (1 - β₁) g      v ← β₂ v + (1 - β₂) g²
    θ ← θ - share rate (m / (1 - β₁ⁿ)) / (√(v / (1 - β₂ⁿ)) + ε)

D. Kingma and J. Ba, ICLR (2015). torch's own keeps its moments to itself; here they belong to the
engram, and a replicate may take a part of a step or none.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

FIRST, SECOND, EPSILON = 0.9, 0.999, 1e-8  # β₁, β₂, ε


@final
@dataclass(frozen=True)
class Moments:
    """What Adam keeps."""

    mean: Tensor  # (R, P), m
    square: Tensor  # (R, P), v
    steps: Tensor  # (R,), n

    def after(self, gradient: Tensor, live: Tensor, clip: float) -> "Moments":
        """One gradient ``(R, P)`` later; replicates that are not ``live (R,)`` stay the same."""
        norm = gradient.norm(dim=1, keepdim=True)
        check_norms(norm[:, 0], live)
        g = gradient * (clip / norm).clamp(max=1)
        mean = FIRST * self.mean + (1 - FIRST) * g
        square = SECOND * self.square + (1 - SECOND) * g.square()
        return Moments(
            torch.where(live[:, None], mean, self.mean),
            torch.where(live[:, None], square, self.square),
            self.steps + live,
        )

    def step(self) -> Tensor:
        """What is subtracted at a rate of 1, ``(R, P)``."""
        n = self.steps[:, None].clamp(min=1)
        mean, square = self.mean / (1 - FIRST**n), self.square / (1 - SECOND**n)
        return mean / (square.sqrt() + EPSILON)


def check_norms(norms: Tensor, live: Tensor) -> None:
    """Raise FloatingPointError for gradients that cannot be followed; norms, live ``(R,)``."""
    lost = (live & ~norms.isfinite()).nonzero().flatten().tolist()
    if lost:
        raise FloatingPointError(
            f"gradients must stay finite, got a norm of {norms[lost].tolist()} in replicate(s) "
            f"{lost}; a smaller rate or clip would help"
        )
