"""How many items a memory holds: one memory that is asked again and again as it fills."""

from collections.abc import Mapping
from itertools import pairwise
from typing import final

from pydantic.dataclasses import dataclass

from memlab.cues import CueMaker
from memlab.protocol import Arm, Phase, Protocol, Recall, rounds
from memlab.protocols.bounds import Count, Part, rising
from memlab.protocols.cued import asking, evenly, flipped


@final
@dataclass(frozen=True)
class Capacity(Protocol):
    """Learn up to each rung of a ladder, and at each recall items spread over all ages.

    Reading leaves a memory as it is, so that one that climbs is as good as one per rung. Items are
    presented once each, in order. The recalls lie on the axis *items*.
    """

    ladder: tuple[Count, ...] = (2, 4, 8, 16, 32)  # items learned at each rung
    asked: Count = 16  # items asked for at a rung, at most
    flips: Part | None = 0.1  # share of a cue's values that are wrong; None: the run's own cue

    def __post_init__(self) -> None:
        """Refuse a ladder without rungs, or one that does not go up."""
        if not self.ladder:
            raise ValueError("ladder must have a rung, for example [1, 2, 4, 8]")
        rising("ladder", self.ladder)

    def groups(self) -> dict[str, int]:
        return {"items": self.ladder[-1]}

    def cues(self) -> Mapping[str, CueMaker]:
        return flipped(self.flips)

    def arms(self) -> tuple[Arm, ...]:
        phases: list[Phase] = []
        for before, rung in pairwise((0, *self.ladder)):
            items, at = evenly(rung, self.asked), (("items", float(rung)),)
            phases.append(Phase(f"learn {rung}", rounds(tuple(range(before, rung)), 1)))
            recall = Recall(items, cue=asking(self.flips), at=at)
            phases.append(Phase(f"recall {rung}", (recall,)))
        return (Arm("ladder", tuple(phases)),)
