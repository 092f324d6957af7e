"""Massed against spaced: the same presentations of one item, nearer together or further apart."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, final

from pydantic.dataclasses import dataclass

from memlab.cues import CueMaker
from memlab.protocol import Act, Arm, Phase, Protocol, Recall, Rest, Write
from memlab.protocols.bounds import Count, Gap, Part, rising
from memlab.protocols.cued import asking, flipped


@final
@dataclass(frozen=True)
class Spacing(Protocol):
    """Present one item several times with a gap between, wait for a delay, and ask for it.

    Gaps and delays are filled by idling or by lures, each lure another item. All arms of a filler
    live through the same time and the same lures: a smaller gap has more of them before the first
    presentation. So they differ in the placing of the item alone. Recalls lie on the axes *gap* and
    *delay*, in presentations, and *lures*, 1 where those fill them.
    Design after N. Cepeda et al., Psychological Bulletin 132, 354 (2006).
    """

    presentations: Count = 4
    gaps: tuple[Gap, ...] = (0, 1, 2, 4, 8)  # presentations between two of the item; 0: massed
    delays: tuple[Gap, ...] = (2, 8)  # presentations from the last of the item to a test
    fillers: tuple[Literal["idle", "lures"], ...] = ("idle", "lures")
    flips: Part | None = None  # share of a cue's values that are wrong; None: the run's own cue

    def __post_init__(self) -> None:
        """Refuse a protocol without massed presentations to compare with."""
        if self.presentations < 2 or not self.gaps or self.gaps[0] != 0 or len(self.gaps) < 2:
            raise ValueError(
                "spacing needs 2 presentations or more, and gaps from 0 (massed) on, for example "
                f"[0, 2, 8]; got presentations={self.presentations} and gaps={list(self.gaps)}"
            )
        if not self.delays or not self.fillers:
            raise ValueError("spacing needs a delay and a filler, for example delays=[8]")
        rising("gaps", self.gaps)
        rising("delays", self.delays)

    def groups(self) -> dict[str, int]:
        lures = self._before + self.delays[-1] if "lures" in self.fillers else 0
        return {"target": 1} | ({"lures": lures} if lures else {})

    def cues(self) -> Mapping[str, CueMaker]:
        return flipped(self.flips)

    def arms(self) -> tuple[Arm, ...]:
        return tuple(
            Arm(f"{filler}, gap {gap}", self._phases(filler, gap))
            for filler in self.fillers
            for gap in self.gaps
        )

    @property
    def _before(self) -> int:
        """Fillers up to the last presentation, in every arm."""
        return (self.presentations - 1) * self.gaps[-1]

    def _phases(self, filler: str, gap: int) -> tuple[Phase, ...]:
        lead = self._before - (self.presentations - 1) * gap
        learn = self._filled(filler, 0, lead)
        for n in range(self.presentations):
            first = lead + (n - 1) * gap
            learn += (*(self._filled(filler, first, gap) if n else ()), Write(0))
        phases = [Phase("learn", learn)]
        for earlier, delay in pairwise((0, *self.delays)):
            wait = self._filled(filler, self._before + earlier, delay - earlier)
            at = {"gap": gap, "delay": delay, "lures": filler == "lures"}
            place = tuple((axis, float(value)) for axis, value in at.items())
            recall = Recall((0,), cue=asking(self.flips), at=place)
            phases += [Phase(f"wait {delay}", wait)] if wait else []
            phases.append(Phase(f"recall after {delay}", (recall,)))
        return tuple(phases)

    def _filled(self, filler: str, first: int, count: int) -> tuple[Act, ...]:
        """So many presentations' time, from the filler with this number on."""
        if filler == "idle":
            return (Rest(count),) if count else ()
        return tuple(Write(1 + n) for n in range(first, first + count))
