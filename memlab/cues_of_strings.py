"""Cues to strings: how a string begins."""

from typing import final

import torch
from pydantic import StrictFloat, StrictInt
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.cues import CueMaker, masked
from memlab.draws import Draws
from memlab.space import Cue, Space

DECIMALS = 9  # to which a share of letters is rounded, so that 0.29 of 100 are 29


@final
@checked(frozen=True)
class Prefix(CueMaker):
    """The first values, certain; the rest is not given.

    Of a string these are at most its letters, so that at least its end is left to ask for; of the
    longest one, and of what is no string, a letter or value must be left. A share is one of the
    string's own letters, or of all values, rounded down, but one value or more.
    """

    length: StrictInt | StrictFloat = 3  # how many values are given, or which share of them

    def __post_init__(self) -> None:
        """Refuse what is neither a number of values nor a share."""
        if not (0 < self.length < 1 or (isinstance(self.length, int) and self.length >= 0)):
            raise ValueError(
                "length must be a whole number of values, 0 or more, or a share of them between 0 "
                f"and 1, got {self.length}"
            )

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        self._check_left(space)
        flat = pattern.flatten(1)
        if space.ends:
            letters = (flat != 0).sum(1)
        else:
            letters = torch.full_like(flat[:, 0], space.size, dtype=torch.int64)
        if isinstance(self.length, int):
            known = letters.clamp(max=self.length)
        else:
            known = (self.length * letters.double()).round(decimals=DECIMALS).floor().clamp(min=1)
        given = torch.arange(space.size, device=pattern.device) < known[:, None]
        return masked(pattern, given.reshape(pattern.shape), space)

    def _check_left(self, space: Space) -> None:
        """Raise ValueError where nothing of any pattern is left to ask for."""
        longest, whose = space.size, "values of a pattern"
        if space.ends:
            longest, whose = longest - 1, "letters of the longest string"
        if self.length >= longest:
            raise ValueError(
                f"a prefix must leave something to ask for: length must be below {longest}, all "
                f"{whose}, got {self.length}"
            )
