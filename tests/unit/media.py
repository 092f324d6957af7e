"""Media whose recall is known beforehand, for tests of protocols and metrics."""

from dataclasses import dataclass
from typing import final

import torch

from memlab.nearest import nearest_answer
from memlab.space import Space
from memlab.substrate import Engram, Part, Readout, Substrate


@final
@dataclass(frozen=True)
class Window(Substrate):
    """Keeps the newest few presentations exactly, or the most salient few, and nothing else."""

    space: Space
    keep: int = 5
    by_salience: bool = False

    def blank(self, draws):
        rows = torch.zeros(len(draws.replicates), self.keep, *self.space.shape)
        weight = torch.zeros(len(draws.replicates), self.keep)
        return Engram({"items": Part(rows), "weight": Part(weight)})

    def write(self, engram, item, draws, meter):
        items, weight = engram["items"].clone(), engram["weight"].clone()
        if self.by_salience:
            for r, new in enumerate(item.salience):
                least = int(weight[r].argmin())
                if new > weight[r, least]:
                    items[r, least], weight[r, least] = item.values[r], new
        else:
            items = torch.cat([items[:, 1:], item.values[:, None]], 1)
            weight = torch.cat([weight[:, 1:], item.salience[:, None]], 1)
        engram["items"], engram["weight"] = items, weight

    def read(self, engram, cue, draws, meter):
        live = engram["weight"] > 0
        found = nearest_answer(self.space, engram["items"], live, cue)
        none = (~live.any(1)).view(-1, *[1] * (found.ndim - 1))
        return Readout(torch.where(none, torch.full_like(found, 0.5), found))

    def rest(self, engram, presentations, draws, meter):
        pass
