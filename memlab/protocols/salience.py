"""Whether what matters more is kept better, and at whose expense."""

from collections.abc import Mapping
from typing import final

from pydantic.dataclasses import dataclass

from memlab.cues import CueMaker
from memlab.protocol import Arm, Phase, Protocol, Recall, Write
from memlab.protocols.bounds import Count, Number, Part, rising
from memlab.protocols.cued import asking, flipped


@final
@dataclass(frozen=True)
class Salience(Protocol):
    """Learn items of different salience once each and recall them all.

    How they differ is said by ``patterns.salience``; in the arm *even* all are ordinary, which
    shows what the rest pays for those that matter. A scan learns in a medium of its own per value
    of one parameter: one arm each, its recall on the axis named after the parameter.
    """

    items: Count = 18
    flips: Part | None = 0.1  # share of a cue's values that are wrong; None: the run's own cue
    scan: str | None = None  # a parameter of the substrate
    values: tuple[Number, ...] = ()  # of that parameter

    def __post_init__(self) -> None:
        """Refuse half a scan."""
        if (self.scan is None) != (not self.values):
            raise ValueError(
                "scan and values belong together, for example scan=beta values=[0.5,1,2]; got "
                f"scan={self.scan} and values={list(self.values)}"
            )
        rising("values", self.values)

    def groups(self) -> dict[str, int]:
        return {"items": self.items}

    def cues(self) -> Mapping[str, CueMaker]:
        return flipped(self.flips)

    def arms(self) -> tuple[Arm, ...]:
        scanned = tuple(
            Arm(f"{name} {x:g}", self._phases(((name, float(x)),)), medium=((name, x),))
            for name, x in ((str(self.scan), x) for x in self.values)
        )
        return (Arm("salient", self._phases()), Arm("even", self._phases(plain=True)), *scanned)

    def _phases(
        self, at: tuple[tuple[str, float], ...] = (), *, plain: bool = False
    ) -> tuple[Phase, ...]:
        items = tuple(range(self.items))
        learn = tuple(Write(item, plain=plain) for item in items)
        recall = Recall(items, cue=asking(self.flips), at=at)
        return (Phase("learn", learn), Phase("recall", (recall,)))
