"""Repeat published comparison 2A: reaction-diffusion, Hopfield and oscillators as memories.

Each medium with its published defects, with storing, without it, and the cue alone, on the
spectrograms of three synthetic vowels; beside them two media that do store.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from memlab.studies.outline import Outline

if TYPE_CHECKING:
    from memlab.studies.comparison_2a.arms import Row
    from memlab.studies.study import Study


def study(asked: Namespace) -> "Study[Row]":
    """The study itself; ValueError for what cannot be."""
    from memlab.studies.comparison_2a.study import three_media

    return three_media(asked.size)


SIZE = ("size", 128, "side of the field; networks have a half, oscillators a quarter of it")
OUTLINE = Outline(__doc__, (SIZE,), replicates=6, study=study)
