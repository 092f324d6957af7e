"""Associative memories of sparse patterns: connections that were made once, or counted."""

from typing import Annotated, Literal, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.attractors.coding import check_binary, check_size, start
from memlab.draws import Draws
from memlab.hebbian.associations import additive, clipped
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Willshaw(Substrate):
    """Units that were on together are connected; as many answer as were on in an item on average.

    Clipped, a connection is there or not (bool, one byte), and salience counts only as more than 0.
    Additive, it is the sum of saliences (Hebb). The units with the largest fields win, of equal
    ones the first, until none changes. Nothing fades: time alone leaves it as it is.
    D. Willshaw, O. Buneman and H. Longuet-Higgins, Nature 222, 960 (1969); G. Palm, Biol. Cybern.
    36, 19 (1980).
    """

    space: Space
    rule: Literal["clipped", "additive"] = "clipped"
    sweeps: Annotated[int, Field(strict=True, gt=0, le=1000)] = 10  # of a recall, at most
    clamp: bool = True  # hold what a cue is certain of

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold."""
        check_binary(self.space, "willshaw")
        check_size(self.space, "willshaw")

    def footprint(self) -> int:
        return self.space.size**2 * (1 if self.rule == "clipped" else 4) + 16

    def blank(self, draws: Draws) -> Engram:
        replicates, kind = len(draws.replicates), torch.bool if self.rule == "clipped" else None
        shape = (replicates, self.space.size, self.space.size)
        count = torch.zeros(replicates, dtype=torch.float64, device=draws.device)
        return Engram(
            {
                "weights": Part(torch.zeros(shape, dtype=kind, device=draws.device)),
                "lit": Part(count, Role.LEARNER),  # units that were on, over all items
                "items": Part(count.clone(), Role.LEARNER),
            }
        )

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        live = item.salience > 0
        on = ((item.values > 0) & item.valid).flatten(1) & live[:, None]
        x = on[:, None]  # (R, 1, N)
        if self.rule == "clipped":
            engram["weights"] = clipped(engram["weights"], x, x)
        else:
            strength = item.salience[:, None]
            engram["weights"] = additive(engram["weights"], x, x, strength=strength)
        engram["lit"] = engram["lit"] + on.sum(1)
        engram["items"] = engram["items"] + live
        meter.tick(1)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        given, certain = start(cue)
        state, weights = given > 0, engram["weights"].to(torch.float32)
        winners = (engram["lit"] / engram["items"].clamp(min=1)).round()[:, None, None]
        for sweep in range(1, self.sweeps + 1):
            fields = torch.bmm(state.to(torch.float32), weights.mT)
            after = _largest(fields, winners)
            if self.clamp:
                after = torch.where(certain, given > 0, after)
            still = torch.equal(after, state)
            state = after
            meter.tick(1)
            meter.look(sweep, self._answer(state))
            if still:
                break
        return Readout(self._answer(state), state.to(torch.float32))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        meter.tick(presentations)

    def _answer(self, state: Tensor) -> Tensor:
        return state.to(torch.float32).reshape(*state.shape[:2], *self.space.shape)


def _largest(fields: Tensor, count: Tensor) -> Tensor:
    """The ``count (R, 1, 1)`` largest of every row of ``fields (R, C, N)``, all above 0."""
    rank = fields.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
    return (rank < count) & (fields > 0)
