"""Measure phase locking in synthetic EEG whose coupling and confounds are known.

Phase locking value, pairwise phase consistency and weighted phase lag index, each beside the same
of mispaired trials and beside what is expected; and what a published 0.78 against 0.62 can mean.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from memlab.studies.outline import Outline

if TYPE_CHECKING:
    from memlab.studies.coherence.series import Row
    from memlab.studies.study import Study


def study(asked: Namespace) -> "Study[Row]":
    """The study itself; ValueError for what cannot be."""
    from memlab.studies.coherence.study import phase_locking

    return phase_locking(asked.trials)


TRIALS = ("trials", 60, "trials of a recording, where they are not what is varied")
OUTLINE = Outline(__doc__, (TRIALS,), replicates=20, study=study)
