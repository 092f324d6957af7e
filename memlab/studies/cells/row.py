"""What a learner reached in a task, beside the bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from memlab.statistics import Estimate
from memlab.studies.cells.bars import Bar

TABLE = "abilities"


@final
@dataclass(frozen=True)
class Row:
    """One measure of one learner over all seeds."""

    level: str  # the task
    who: str
    size: int | None  # trained parameters; None for an answer without a network
    measure: str
    measured: Estimate
    bar: Bar
    table: str = TABLE

    @property
    def worst(self) -> float:
        """The seed that is the furthest from passing."""
        return self.bar.worst(self.measured.values)

    @property
    def holds(self) -> bool:
        """Whether every seed passes the bar."""
        return self.bar.passed(self.worst)

    @property
    def usual(self) -> bool:
        """Whether the mean over seeds passes it."""
        return self.bar.passed(self.measured.mean)


def those(rows: Sequence[Row], task: str, who: str) -> list[Row]:
    """All measures of a learner in a task."""
    return [row for row in rows if (row.level, row.who) == (task, who)]


def tasks_of(rows: Sequence[Row]) -> list[str]:
    """The tasks in their order."""
    return list(dict.fromkeys(row.level for row in rows))


def learners_of(rows: Sequence[Row]) -> list[str]:
    """The learners in their order."""
    return list(dict.fromkeys(row.who for row in rows))


def passing(rows: Sequence[Row], task: str) -> list[str]:
    """Who passes every bar of a task with every seed."""
    found = learners_of([row for row in rows if row.level == task])
    return [who for who in found if all(row.holds for row in those(rows, task, who))]
