"""What keeps later items from overwriting earlier ones; weights are flat, ``(R, P)``."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from memlab.substrate import Engram, Part, Role


class Protection(ABC):
    """A way to protect weights, whose notes are kept in the engram."""

    notes: ClassVar[int]  # numbers that are kept for each weight

    @abstractmethod
    def parts(self, weights: Tensor) -> dict[str, Part]:
        """Its notes before anything is protected."""

    @abstractmethod
    def pull(self, engram: Engram, weights: Tensor) -> Tensor:
        """What is added to the gradient ``(R, P)``."""

    @abstractmethod
    def held(self, engram: Engram, weights: Tensor) -> Tensor:
        """The weights ``(R, P)`` bool that keep their bits."""

    @abstractmethod
    def protect(self, engram: Engram, weights: Tensor, squares: Callable[[], Tensor]) -> None:
        """Protect what the weights are now.

        ``squares`` gives the mean square ``(R, P)`` of the gradient of what they were taught.
        """


@final
@dataclass(frozen=True)
class Unprotected(Protection):
    """Nothing is protected."""

    notes = 0

    def parts(self, weights: Tensor) -> dict[str, Part]:
        return {}

    def pull(self, engram: Engram, weights: Tensor) -> Tensor:
        return torch.zeros_like(weights)

    def held(self, engram: Engram, weights: Tensor) -> Tensor:
        return torch.zeros_like(weights, dtype=torch.bool)

    def protect(self, engram: Engram, weights: Tensor, squares: Callable[[], Tensor]) -> None:
        return


@final
@dataclass(frozen=True)
class Freezing(Protection):
    """The largest of the weights that are still free are frozen: exactly that share of them."""

    notes = 1
    share: float

    def parts(self, weights: Tensor) -> dict[str, Part]:
        return {"frozen": Part(torch.zeros_like(weights), Role.LEARNER)}

    def pull(self, engram: Engram, weights: Tensor) -> Tensor:
        return torch.zeros_like(weights)

    def held(self, engram: Engram, weights: Tensor) -> Tensor:
        return engram["frozen"] > 0

    def protect(self, engram: Engram, weights: Tensor, squares: Callable[[], Tensor]) -> None:
        frozen = engram["frozen"] > 0
        size = weights.abs().masked_fill(frozen, -1)
        rank = size.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
        chosen = rank < (self.share * (~frozen).sum(1, keepdim=True)).round()
        engram["frozen"] = (frozen | chosen).to(weights)


@final
@dataclass(frozen=True)
class Elastic(Protection):
    """Elastic weight consolidation: λ/2 Σ F (θ - θ*)² is added to the loss.

    F is the mean square of the gradient in units of its own mean, so that λ means the same for
    all cells, summed over what was protected; θ* is what was protected last.
    J. Kirkpatrick et al., PNAS 114, 3521 (2017); online as J. Schwarz et al., ICML (2018).
    """

    notes = 2
    stiffness: float  # λ

    def parts(self, weights: Tensor) -> dict[str, Part]:
        return {
            "importance": Part(torch.zeros_like(weights), Role.LEARNER),
            "anchor": Part(torch.zeros_like(weights), Role.LEARNER),
        }

    def pull(self, engram: Engram, weights: Tensor) -> Tensor:
        return self.stiffness * engram["importance"] * (weights - engram["anchor"])

    def held(self, engram: Engram, weights: Tensor) -> Tensor:
        return torch.zeros_like(weights, dtype=torch.bool)

    def protect(self, engram: Engram, weights: Tensor, squares: Callable[[], Tensor]) -> None:
        found = squares()
        found = found / found.mean(1, keepdim=True).clamp(min=1e-30)
        engram["importance"] = engram["importance"] + found
        engram["anchor"] = weights


def check_unprotected(kind: str) -> None:
    """Refuse to protect what no gradient step could move."""
    if kind != "none":
        raise ValueError(
            f"protection must be none with memory=state, where no gradient step moves weights; "
            f"got {kind}"
        )
