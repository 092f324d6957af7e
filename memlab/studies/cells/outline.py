"""Measure what seven cells of equal size learn to do with the past, beside a GRU.

Each cell, a GRU and answers that need no training of a network, on eight tasks, each with a bar
that the worst of the seeds must pass. What is measured is kept at once: an interrupted study goes
on where it stood. Give --cells or --tasks for some of them.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from memlab.studies.outline import Choice, Outline

if TYPE_CHECKING:
    from memlab.studies.cells.row import Row
    from memlab.studies.study import Study

CELLS = ("amrc", "pmrc", "amn", "dtpn", "hyper_amn", "sgw_amn", "ndm", "gru")
TASKS = (
    *("recall_10", "recall_20", "single_50", "adding_50"),
    *("sine", "mackey_glass", "carry", "half"),
)


WHO = Choice("cells", CELLS, "that learn the tasks")
WHAT = Choice("tasks", TASKS, "that are learned")
STEPS = (
    "steps",
    600,
    "mini-batches of 32 sequences; recall, single item and adding take 2.5 times as many",
)
STREAM = ("stream", 5000, "steps of the stream of the task half, each followed by an update")


def study(asked: Namespace) -> "Study[Row]":
    """The study itself; ValueError for what cannot be."""
    from memlab.studies.cells.effort import Effort
    from memlab.studies.cells.study import abilities

    effort, folder = Effort(asked.steps, asked.stream), asked.outputs / asked.name / "measured"
    return abilities(WHO.of(asked.cells), WHAT.of(asked.tasks), effort, folder)


OUTLINE = Outline(
    __doc__,
    (STEPS, STREAM),
    replicates=6,
    study=study,
    choices=(WHO, WHAT),
    interrupted="what was measured is kept; the same command goes on",
    side_by_side=True,
)
