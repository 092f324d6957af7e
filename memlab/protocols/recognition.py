"""Old or new: whether an item has been met before, told without asking what it was."""

from collections.abc import Mapping
from typing import final

from pydantic.dataclasses import dataclass

from memlab.cues import CueMaker
from memlab.protocol import Arm, Phase, Protocol, Recall, rounds
from memlab.protocols.bounds import Count, Part
from memlab.protocols.cued import asking, flipped


@final
@dataclass(frozen=True)
class Recognition(Protocol):
    """Learn old items once each, then cue with them and with as many new ones as are asked for."""

    old: Count = 16
    new: Count = 16
    flips: Part | None = 0.1  # share of a cue's values that are wrong; None: the run's own cue

    def groups(self) -> dict[str, int]:
        return {"old": self.old, "new": self.new}

    def cues(self) -> Mapping[str, CueMaker]:
        return flipped(self.flips)

    def arms(self) -> tuple[Arm, ...]:
        learn = Phase("learn", rounds(tuple(range(self.old)), 1))
        everything = tuple(range(self.old + self.new))
        recall = Phase("recall", (Recall(everything, cue=asking(self.flips)),))
        return (Arm("learned", (learn, recall)),)
