"""Acquire, interfere, recall; with the arms that tell decay from interference."""

from typing import final

from pydantic.dataclasses import dataclass

from memlab.protocol import Arm, Phase, Protocol, Recall, Rest, Write, rounds
from memlab.protocols.bounds import LONGEST, Count


@final
@dataclass(frozen=True)
class ThreePhase(Protocol):
    """Acquire targets, recall, interfere with lures, recall again; with the arms that tell why.

    *interfered* meets the lures, *idle* lets as many presentations of own time pass, *rehearsed*
    meets the targets again, *lures only* never met the targets. So decay (idle against before) and
    interference (interfered against idle) are two numbers, and proactive interference a third.
    """

    targets: Count = 3
    lures: Count = 3
    presentations: Count = 1  # rounds through the items of a phase

    def __post_init__(self) -> None:
        """Refuse a phase that is too long to plan."""
        longest = max(self.targets, self.lures) * self.presentations
        if longest > LONGEST:
            raise ValueError(
                f"presentations times targets or lures must be at most {LONGEST}, got {longest}; "
                "lower presentations"
            )

    def groups(self) -> dict[str, int]:
        return {"targets": self.targets, "lures": self.lures}

    def arms(self) -> tuple[Arm, ...]:
        targets = tuple(range(self.targets))
        lures = tuple(range(self.targets, self.targets + self.lures))
        acquire = Phase("acquire", rounds(targets, self.presentations))
        before = Phase("before", (Recall(targets),))
        interfere = rounds(lures, self.presentations)
        again = tuple(Write(targets[i % self.targets]) for i in range(len(interfere)))
        after = Phase("after", (Recall(targets + lures),))
        return (
            Arm("interfered", (acquire, before, Phase("interfere", interfere), after)),
            Arm("idle", (acquire, before, Phase("interfere", (Rest(len(interfere)),)), after)),
            Arm("rehearsed", (acquire, before, Phase("interfere", again), after)),
            Arm("lures_only", (Phase("interfere", interfere), after)),
        )
