"""Learn a task on its past, and be tested on its future: once and again, as learning goes on."""

from itertools import pairwise
from typing import final

from pydantic.dataclasses import dataclass

from memlab.protocol import Arm, Phase, Protocol, Recall, rounds
from memlab.protocols.bounds import Count, rising


@final
@dataclass(frozen=True)
class TrainTest(Protocol):
    """Present tasks so many times; at each rung of a ladder, ask for what was held out of them.

    What is taught of a task comes before what is asked for, in time or by trial. A further task
    that is never presented gives the wrong cue. The recalls lie on the axis *presentations*, and
    the last of them is asked of every control too.
    """

    ladder: tuple[Count, ...] = (1, 2, 4, 8, 16, 32)  # presentations of each task, all in all
    tasks: Count = 1  # learned in turn

    def __post_init__(self) -> None:
        """Refuse a ladder without rungs, or one that does not go up."""
        if not self.ladder:
            raise ValueError("ladder must have a rung, for example [1, 2, 4, 8]")
        rising("ladder", self.ladder)

    def groups(self) -> dict[str, int]:
        return {"tasks": self.tasks, "others": 1}

    def arms(self) -> tuple[Arm, ...]:
        items, phases = tuple(range(self.tasks)), []
        for before, rung in pairwise((0, *self.ladder)):
            phases.append(Phase(f"train {rung}", rounds(items, rung - before)))
            at = (("presentations", float(rung)),)
            last = rung == self.ladder[-1]
            recall = Recall(items, controlled=last, at=at)
            phases.append(Phase("test" if last else f"test {rung}", (recall,)))
        return (Arm("trained", tuple(phases)),)
