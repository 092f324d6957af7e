"""A notebook: stores every item and answers with the nearest. The ceiling of every comparison."""

from typing import final

import torch
from pydantic.dataclasses import dataclass

from memlab.draws import Draws
from memlab.nearest import nearest_answer
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate


@final
@dataclass(frozen=True)
class Notebook(Substrate):
    """Exact storage, one row per item; the answer is the row nearest to what the cue gives.

    A blank notebook answers with the middle of the alphabet. Items of salience 0 are not noted.
    """

    space: Space

    def blank(self, draws: Draws) -> Engram:
        replicates = len(draws.replicates)
        items = torch.zeros((replicates, 0, *self.space.shape), device=draws.device)
        used = torch.zeros(replicates, dtype=torch.int64, device=draws.device)
        return Engram({"items": Part(items, grows=True)}, used)

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        used, noted = _used(engram), item.salience > 0
        rows = engram["items"]
        if noted.any() and int(used.max()) == rows.shape[1]:
            spare = rows.new_zeros((len(rows), max(4, rows.shape[1]), *self.space.shape))
            engram["items"] = rows = torch.cat([rows, spare], dim=1)
        for r in noted.nonzero().flatten().tolist():
            rows[r, used[r]] = item.values[r]
        engram.used = used + noted
        meter.tick(1)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        rows, used = engram["items"], _used(engram)
        empty = (used == 0).view(-1, *[1] * (len(self.space.response_shape) + 1))
        middle = 1 / (self.space.symbols or 2)
        shape = (len(rows), cue.count, *self.space.response_shape)
        if rows.shape[1] == 0:
            response = torch.full(shape, middle, device=rows.device)
        else:
            live = torch.arange(rows.shape[1], device=rows.device) < used[:, None]
            response = nearest_answer(self.space, rows, live, cue)
            response = torch.where(empty, torch.full_like(response, middle), response)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response)

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        """Paper is patient."""


def _used(engram: Engram) -> torch.Tensor:
    if engram.used is None:
        raise ValueError("a notebook's engram must count its used rows, got used = None")
    return engram.used
