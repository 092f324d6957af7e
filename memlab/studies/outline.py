"""What the command knows of a study before anything is imported that computes."""

from argparse import Namespace
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from memlab.studies.study import Study


@final
@dataclass(frozen=True)
class Choice:
    """An option that takes some of these names; without it, all."""

    name: str
    names: tuple[str, ...]  # all there are
    told: str

    def of(self, given: Collection[str]) -> tuple[str, ...]:
        """The names given, once each, in the order of all."""
        return tuple(name for name in self.names if name in given)


@final
@dataclass(frozen=True)
class Outline:
    """A study in words, its options, and how to come by the study itself."""

    told: str  # a sentence on a line of its own, then more
    numbers: tuple[tuple[str, int, str], ...]  # its own options: name, default, what it is
    replicates: int  # the default
    study: Callable[[Namespace], "Study[Any]"]  # of what was asked for on the command line
    choices: tuple[Choice, ...] = ()  # further options of its own
    interrupted: str = "nothing was kept"  # what is said of results that Ctrl-C cut off
    side_by_side: bool = False  # whether what takes long can be measured in several processes

    @property
    def sentence(self) -> str:
        """What the study does."""
        return self.told.partition("\n")[0]
