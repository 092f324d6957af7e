"""One pattern, one long read-out, written and unwritten."""

from typing import final

from pydantic.dataclasses import dataclass

from memlab.protocol import Arm, Phase, Protocol, Recall, Write, rounds
from memlab.protocols.bounds import Count


@final
@dataclass(frozen=True)
class Single(Protocol):
    """Acquire one pattern and watch one long read-out, beside a medium that learned nothing."""

    presentations: Count = 1

    def groups(self) -> dict[str, int]:
        return {"targets": 1}

    def arms(self) -> tuple[Arm, ...]:
        recall = Phase("recall", (Recall((0,)),))
        unwritten = tuple(Write(0, salience=0.0) for _ in range(self.presentations))
        return (
            Arm("written", (Phase("acquire", rounds((0,), self.presentations)), recall)),
            Arm("unwritten", (Phase("acquire", unwritten), recall)),
        )
