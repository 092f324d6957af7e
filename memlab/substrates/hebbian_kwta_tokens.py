"""The noise-to-memory experiment with a layer that keeps its codes apart."""

from functools import cached_property
from typing import final

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.draws import Draws
from memlab.hebbian.compiled import learned
from memlab.hebbian.stable import Rule, Stable, codes, rested
from memlab.hebbian.winners import binary
from memlab.substrate import Engram, Meter, Part
from memlab.substrates.concept_layer import BYTES, ConceptLayer, Rate, Share
from memlab.substrates.traces import keep, layer_of, traces_of


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class HebbianKwtaTokens(ConceptLayer):
    """Centred input, rows of bounded length, thresholds that keep every unit in use.

    The law is that of ``memlab.hebbian.stable``, whose docstring has its sources. Time alone fades
    the fast weights, of which some may have become slow; thresholds and means stay.
    """

    rule: Rule = "row_norm"
    rate: Rate = 0.1  # per step
    threshold_rate: Rate = 0.03
    mean_rate: Share = 0.01
    decay: Share = 0.0  # share of the fast weights lost per step
    consolidation: Share = 0.0  # share of them that becomes slow per step

    def __post_init__(self) -> None:
        """Refuse patterns and layers that cannot be."""
        super().__post_init__()
        _ = self._layer

    def beginning(self, draws: Draws, seen: Tensor) -> dict[str, Part]:
        return {name: Part(one) for name, one in vars(self._layer.blank(draws, seen)).items()}

    def layer_bytes(self) -> int:
        return BYTES * (2 * self.units * self.features + self.features + self.units)

    def learn(
        self, engram: Engram, seen: Tensor, batches: Tensor, salience: Tensor, meter: Meter
    ) -> None:
        each = salience[:, None].expand(batches.shape[:2])
        traces = learned(self._layer, traces_of(engram), seen, batches, salience=each)
        keep(engram, traces)

    def weights(self, engram: Engram) -> Tensor:
        return engram["slow"] + engram["fast"]

    def activity(self, engram: Engram, seen: Tensor) -> Tensor:
        return binary(codes(self._layer, traces_of(engram), seen))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        self.fade(engram, presentations)
        if self.plastic:
            keep(engram, rested(self._layer, traces_of(engram), presentations * self.steps))
        meter.tick(presentations * self.steps)

    @cached_property
    def _layer(self) -> Stable:
        return layer_of(self)
