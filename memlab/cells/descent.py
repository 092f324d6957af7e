"""Gradient steps of a medium: the weights that learn, Adam's moments, and what protects them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor

from memlab.cells.adam import Moments
from memlab.cells.cell import Tensors
from memlab.cells.protection import Protection
from memlab.cells.steps import Pace, adam
from memlab.substrate import Engram, Part, Role

Gradients: TypeAlias = tuple[list[Tensor], Tensor]  # of every learned parameter, and the loss (R,)

SAMPLES = 32  # mini-batches that the mean square of a gradient is taken over


@final
@dataclass(frozen=True)
class Descent:
    """Steps of Adam on the learned parameters, side by side as flat weights ``(R, P)``."""

    learned: tuple[str, ...]
    pace: Pace
    protection: Protection
    core: bool  # step in C where that can

    def parts(self, raw: Tensors) -> dict[str, Part]:
        """What it keeps in the engram, before any step."""
        weights = self._flat([raw[name] for name in self.learned])
        return {
            "adam_mean": Part(torch.zeros_like(weights), Role.LEARNER),
            "adam_square": Part(torch.zeros_like(weights), Role.LEARNER),
            "adam_steps": Part(torch.zeros_like(weights[:, 0]), Role.LEARNER),
        } | self.protection.parts(weights)

    def step(self, engram: Engram, found: Gradients, share: Tensor) -> Tensor:
        """Go a share ``(R,)`` of a step; the loss before it."""
        weights, (gradients, loss) = self._weights(engram), found
        gradient = self._flat(gradients) + self.protection.pull(engram, weights)
        held = self.protection.held(engram, weights)
        kept = Moments(engram["adam_mean"], engram["adam_square"], engram["adam_steps"])
        free = gradient.masked_fill(held, 0)
        moved, after = adam(weights, free, kept, share, self.pace, core=self.core)
        engram["adam_mean"], engram["adam_square"] = after.mean, after.square
        engram["adam_steps"] = after.steps
        parts = torch.split(
            torch.where(held, weights, moved), [one[0].numel() for one in gradients], 1
        )
        for name, part in zip(self.learned, parts, strict=True):
            engram[name] = part.clone().reshape(engram[name].shape)
        return loss

    def protect(self, engram: Engram, gradients: Callable[[int], Gradients]) -> None:
        """Protect what the weights are now; ``gradients`` of the k-th mini-batch that taught it."""

        def squares() -> Tensor:
            each = [self._flat(gradients(k)[0]).square() for k in range(SAMPLES)]
            return torch.stack(each).mean(0)

        self.protection.protect(engram, self._weights(engram), squares)

    def _weights(self, engram: Engram) -> Tensor:
        return self._flat([engram[name] for name in self.learned])

    def _flat(self, each: list[Tensor]) -> Tensor:
        return torch.cat([one.reshape(len(one), -1) for one in each], 1)
