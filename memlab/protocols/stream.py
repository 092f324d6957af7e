"""What is left of a long stream: every age asked for at its end."""

from collections.abc import Mapping
from typing import final

from pydantic.dataclasses import dataclass

from memlab.cues import CueMaker
from memlab.protocol import Arm, Phase, Protocol, Recall, rounds
from memlab.protocols.bounds import Count, Part
from memlab.protocols.cued import asking, flipped


@final
@dataclass(frozen=True)
class Stream(Protocol):
    """Present items once each, one after the other; then ask for all of them.

    The age of an item is the number of presentations since its own; the last has age 0.
    """

    items: Count = 200
    flips: Part | None = 0.1  # share of a cue's values that are wrong; None: the run's own cue
    controlled: bool = True  # also ask every control

    def groups(self) -> dict[str, int]:
        return {"items": self.items}

    def cues(self) -> Mapping[str, CueMaker]:
        return flipped(self.flips)

    def arms(self) -> tuple[Arm, ...]:
        items = tuple(range(self.items))
        recall = Recall(items, controlled=self.controlled, cue=asking(self.flips))
        return (Arm("stream", (Phase("learn", rounds(items, 1)), Phase("recall", (recall,)))),)
