"""One task after another: what is left of the first when the last is learned, and what helps."""

from collections.abc import Iterator
from typing import Annotated, final

from pydantic import Field
from pydantic.dataclasses import dataclass

from memlab.protocol import Act, Arm, Consolidate, Phase, Protocol, Recall, Write, rounds
from memlab.protocols.bounds import Count


@final
@dataclass(frozen=True)
class Continual(Protocol):
    """Learn tasks in turn; after each, and before the first, ask for all of them.

    Arm *plain* only learns. *replay* presents as many earlier items beside those of a new task, in
    turn. *joint* learns all tasks at once, as often each. For every ``protection`` that the
    substrate knows an arm learns as *plain* does and consolidates a task when it is over. The
    recalls lie on the axis *learned*, and after the last task every control is asked.
    """

    tasks: Annotated[int, Field(strict=True, ge=2, le=1000)] = 3
    items: Count = 1  # of each task
    presentations: Count = 16  # of each item
    replay: bool = True
    joint: bool = True
    protections: tuple[str, ...] = ()  # values of the substrate's parameter of that name

    def groups(self) -> dict[str, int]:
        return {f"task {k}": self.items for k in self._numbers}

    def arms(self) -> tuple[Arm, ...]:
        arms = [Arm("plain", tuple(self._course()))]
        if self.replay:
            arms.append(Arm("replay", tuple(self._course(replay=True))))
        for kind in self.protections:
            phases = tuple(self._course(consolidate=True))
            arms.append(Arm(kind, phases, medium=(("protection", kind),)))
        if self.joint:
            learn = Phase("learn all", rounds(self._before(self.tasks + 1), self.presentations))
            arms.append(Arm("joint", (learn, self._asked(self.tasks))))
        return tuple(arms)

    @property
    def _numbers(self) -> range:
        return range(1, self.tasks + 1)

    def _course(self, *, replay: bool = False, consolidate: bool = False) -> Iterator[Phase]:
        yield self._asked(0)
        for task in self._numbers:
            acts = self._replayed(task) if replay else rounds(self._of(task), self.presentations)
            kept = (Consolidate(self._of(task)),) if consolidate and task < self.tasks else ()
            yield Phase(f"learn {task}", (*acts, *kept))
            yield self._asked(task)

    def _of(self, task: int) -> tuple[int, ...]:
        return tuple(range((task - 1) * self.items, task * self.items))

    def _before(self, task: int) -> tuple[int, ...]:
        return tuple(range((task - 1) * self.items))

    def _replayed(self, task: int) -> tuple[Act, ...]:
        """Rounds of a task's items, each beside as many earlier ones."""
        new, old, acts = self._of(task), self._before(task), []
        for k in range(self.presentations * self.items):
            acts.append(Write(new[k % len(new)]))
            if old:
                acts.append(Write(old[k % len(old)]))
        return tuple(acts)

    def _asked(self, learned: int) -> Phase:
        every, at = self._before(self.tasks + 1), (("learned", float(learned)),)
        recall = Recall(every, controlled=learned == self.tasks, at=at)
        return Phase(f"after {learned}", (recall,))
