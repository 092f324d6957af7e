"""No memory at all: answers with the cue. The floor of every comparison."""

from typing import final

import torch
from pydantic.dataclasses import dataclass

from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate


@final
@dataclass(frozen=True)
class NoMemory(Substrate):
    """Returns the cue, 0 where nothing was given, and remembers nothing."""

    space: Space

    def blank(self, draws: Draws) -> Engram:
        nothing = torch.zeros((len(draws.replicates), 0), device=draws.device)
        return Engram({"nothing": Part(nothing)})

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        meter.tick(1)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        response = self.space.as_response(cue.values * cue.given)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response)

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        pass
