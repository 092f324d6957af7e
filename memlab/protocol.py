"""What is done to a medium, as data: acts, phases, arms; a protocol lays them out beforehand."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypeAlias, final


@final
@dataclass(frozen=True)
class Write:
    """Present one item once. Salience 0 lets the same time pass with nothing learned."""

    item: int
    salience: float = 1.0


@final
@dataclass(frozen=True)
class Rest:
    """Let so many presentations' worth of the medium's own time pass."""

    presentations: int


@final
@dataclass(frozen=True)
class Recall:
    """Cue each of these items and log the answers, beside every control if ``controlled``."""

    items: tuple[int, ...]
    controlled: bool = True


Act: TypeAlias = Write | Rest | Recall


@final
@dataclass(frozen=True)
class Phase:
    """A named list of acts."""

    name: str
    acts: tuple[Act, ...]


@final
@dataclass(frozen=True)
class Arm:
    """One treatment: phases from a blank engram.

    ``cue`` names another of the run's cues than the default one, and ``medium`` parameters of the
    substrate that this arm sets otherwise.
    """

    name: str
    phases: tuple[Phase, ...]
    cue: str = "default"
    medium: tuple[tuple[str, float | int], ...] = ()


class Protocol(ABC):
    """Several arms over the same items and cues, all known before anything runs."""

    @abstractmethod
    def groups(self) -> dict[str, int]:
        """How many items of each role the protocol needs, in the order they are drawn."""

    @abstractmethod
    def arms(self) -> tuple[Arm, ...]:
        """The treatments, over item indices in the order of ``groups``."""


def rounds(items: tuple[int, ...], count: int) -> tuple[Act, ...]:
    """So many rounds of presenting some items."""
    return tuple(Write(item) for _ in range(count) for item in items)
