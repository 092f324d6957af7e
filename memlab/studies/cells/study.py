"""What cells of one size learn of the past, as a study: a block per task."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from torch import Generator

from memlab.draws import Draws
from memlab.statistics import estimate
from memlab.studies.cells.abilities import STREAM, task_of
from memlab.studies.cells.bars import BARS, TITLES
from memlab.studies.cells.effort import Effort
from memlab.studies.cells.figure import portrait
from memlab.studies.cells.floors import FLOORS
from memlab.studies.cells.keeping import Kept
from memlab.studies.cells.learners import BUDGET, learner
from memlab.studies.cells.measuring import INPUTS, Trial
from memlab.studies.cells.row import TABLE, Row
from memlab.studies.cells.verdict import verdict
from memlab.studies.study import Study, singles

TITLE = f"Learned with at most {BUDGET:,} parameters; a bar holds if the worst seed passes it"
HEADINGS = ("task", "learner", "parameters", "bar", "mean [95 %]", "worst seed")
DECIMALS = 4


def abilities(
    cells: Sequence[str], tasks: Sequence[str], effort: Effort, folder: Path
) -> Study[Row]:
    """The study of these cells and all floors on these tasks; scores are kept in the folder."""
    kept = Kept(folder)
    trials = [Trial(task, who, effort) for task in tasks for who in (*cells, *FLOORS)]
    return Study(
        ahead=[partial(trial.scores, kept) for trial in trials],
        parts=[partial(rows_of, trial, kept) for trial in trials],
        tables={TABLE: (TITLE, HEADINGS)},
        cells=told,
        record=record,
        verdict=partial(verdict, effort=effort),
        figure=portrait,
    )


def rows_of(trial: Trial, kept: Kept, draws: Draws) -> list[Row]:
    """All measures of one learner in one task."""
    each = [trial.scores(kept, one) for one in singles(draws)]
    size = None if trial.who in FLOORS else size_of(trial.who, trial.task)
    return [
        Row(trial.task, trial.who, size, measure, estimate([one[measure] for one in each]), bar)
        for measure, bar in BARS[trial.task].items()
    ]


def size_of(who: str, task: str) -> int:
    """The parameters of a learner in a task."""
    inputs = INPUTS if task == STREAM else task_of(task).inputs
    return learner(who, inputs, Generator()).size


def told(row: Row) -> tuple[str, ...]:
    """Task, learner, parameters, bar, mean and worst."""
    size = "" if row.size is None else f"{row.size:,}"
    bar = f"{row.measure} {row.bar}"
    worst = f"{row.worst:.{DECIMALS}f}"
    return (TITLES[row.level], row.who, size, bar, row.measured.rounded(DECIMALS), worst)


def record(row: Row) -> dict[str, object]:
    """The columns of the files."""
    return {
        "task": row.level,
        "learner": row.who,
        "parameters": row.size,
        "measure": row.measure,
        "bar": row.bar.value,
        "above": row.bar.above,
        "mean": row.measured.mean,
        "low": row.measured.low,
        "high": row.measured.high,
        "worst": row.worst,
        "n": row.measured.n,
        "seeds": " ".join(repr(value) for value in row.measured.values),
    }
