"""How much of a memory can be destroyed before it is gone."""

from collections.abc import Mapping
from typing import final

from pydantic.dataclasses import dataclass

from memlab.cues import CueMaker
from memlab.protocol import Arm, Phase, Protocol, Recall, rounds
from memlab.protocol import Lesion as Destroy
from memlab.protocols.bounds import Count, Part, rising
from memlab.protocols.cued import asking, flipped


@final
@dataclass(frozen=True)
class Lesion(Protocol):
    """Learn some items, destroy a random share of the memory's entries, recall.

    One arm per share, all from the same memory; a larger lesion holds the smaller ones. Recalls lie
    on the axis *share*.
    """

    items: Count = 4
    shares: tuple[Part, ...] = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
    flips: Part | None = None  # share of a cue's values that are wrong; None: the run's own cue

    def __post_init__(self) -> None:
        """Refuse shares without the whole memory to compare with."""
        if len(self.shares) < 2 or self.shares[0] != 0:
            raise ValueError(
                "shares must start at 0, the whole memory, and have another, for example "
                f"[0, 0.5, 1]; got {list(self.shares)}"
            )
        rising("shares", self.shares)

    def groups(self) -> dict[str, int]:
        return {"items": self.items}

    def cues(self) -> Mapping[str, CueMaker]:
        return flipped(self.flips)

    def arms(self) -> tuple[Arm, ...]:
        items = tuple(range(self.items))
        learn = Phase("learn", rounds(items, 1))
        return tuple(Arm(f"lesion {x:g}", (learn, *self._hurt(x, items))) for x in self.shares)

    def _hurt(self, share: float, items: tuple[int, ...]) -> tuple[Phase, ...]:
        recall = Recall(items, cue=asking(self.flips), at=(("share", share),))
        asked = Phase("recall", (recall,))
        return (Phase("lesion", (Destroy(share),)), asked) if share else (asked,)
