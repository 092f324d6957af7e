"""What the command knows of a study before anything is imported that computes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from memlab.studies.study import Study


@final
@dataclass(frozen=True)
class Outline:
    """A study in words, its options, and how to come by the study itself."""

    told: str  # a sentence on a line of its own, then more
    numbers: tuple[tuple[str, int, str], ...]  # its own options: name, default, what it is
    replicates: int  # the default
    study: Callable[..., "Study[Any]"]  # of its own numbers, in their order

    @property
    def sentence(self) -> str:
        """What the study does."""
        return self.told.partition("\n")[0]
