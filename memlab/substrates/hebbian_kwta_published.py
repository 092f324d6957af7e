"""The noise-to-memory experiment as it was committed, whose weights grow without bound."""

from functools import cached_property
from typing import Literal, final

import torch
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.draws import Draws
from memlab.hebbian import growth
from memlab.hebbian.features import shares
from memlab.hebbian.published import Published, codes, step
from memlab.substrate import Engram, Meter, Part, Role
from memlab.substrates.concept_layer import BYTES, ConceptLayer, Rate, Share


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class HebbianKwtaPublished(ConceptLayer):
    """The committed model and constants; see ``memlab.hebbian.published`` for the law.

    Weights beyond 1e30, or not finite, end the run with the step and the unit, unless divergence is
    to be recorded. The growth per step that the eigenvalue foretells is measured beside the true
    one. Time alone decays the weights, as every step does. The read-out of attributes is ours: the
    published one was never trained.
    """

    rate: Rate = 0.01  # η, per step
    decay: Share = 0.001  # share of every weight lost per step
    on_divergence: Literal["fail", "record"] = "fail"

    def __post_init__(self) -> None:
        """Refuse patterns and layers that cannot be."""
        super().__post_init__()
        _ = self._layer

    def beginning(self, draws: Draws, seen: Tensor) -> dict[str, Part]:
        weights = self._layer.blank(draws, self.features)
        steps = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
        return {"weights": Part(weights), "steps": Part(steps, Role.LEARNER)}

    def layer_bytes(self) -> int:
        return BYTES * self.units * self.features + 8

    def learn(
        self, engram: Engram, seen: Tensor, batches: Tensor, salience: Tensor, meter: Meter
    ) -> None:
        weights, done = engram["weights"], int(engram["steps"].max())
        before = growth.size(weights)
        for nth, batch in enumerate(batches.unbind(1), 1):
            weights, _ = step(self._layer, weights, seen, batch, salience=salience)
            found = growth.diverged(weights, done + nth)
            if found is not None and self.on_divergence == "fail":
                grown = (growth.size(weights).double() / before).log() / nth
                raise FloatingPointError(explained(found, grown, self._foretold(seen, batch)))
        engram["weights"], engram["steps"] = weights, engram["steps"] + batches.shape[1]
        self._measure(weights, before, seen, batches, meter)

    def weights(self, engram: Engram) -> Tensor:
        return engram["weights"]

    def activity(self, engram: Engram, seen: Tensor) -> Tensor:
        return codes(self._layer, engram["weights"], seen)

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        self.fade(engram, presentations)
        if self.plastic:
            weights = engram["weights"].clone()
            for _ in range(presentations * self.steps):
                weights.mul_(1 - self.decay)  # rounded as it is in a step
            engram["weights"] = weights
            engram["steps"] = engram["steps"] + presentations * self.steps
        meter.tick(presentations * self.steps)

    @cached_property
    def _layer(self) -> Published:
        return Published(self.units, self.winners, self.rate, self.decay)

    def _foretold(self, seen: Tensor, tokens: Tensor) -> Tensor:
        share = shares(tokens, seen.shape[1])
        return growth.foretold(seen, share, rate=self.rate, decay=self.decay)

    def _measure(
        self, weights: Tensor, before: Tensor, seen: Tensor, batches: Tensor, meter: Meter
    ) -> None:
        size, count = growth.size(weights), batches.shape[1]
        meter.add("growth_per_step", self.steps, (size.double() / before).log() / count)
        meter.add("growth_foretold", self.steps, self._foretold(seen, batches))


def explained(found: growth.Divergence, measured: Tensor, foretold: Tensor) -> str:
    """A divergence, with the growth per step of its replicate as measured and as foretold."""
    rates = float(measured[found.replicate]), float(foretold[found.replicate])
    return (
        f"{found}; weights grew by {rates[0]:.3f} per step, and rate · λ - decay foretells "
        f"{rates[1]:.3f}; substrate.on_divergence=record goes on"
    )
