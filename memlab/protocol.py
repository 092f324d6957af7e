"""What is done to a medium, as data: acts, phases, arms; a protocol lays them out beforehand."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

from memlab.cues import CueMaker


@final
@dataclass(frozen=True)
class Write:
    """Present one item once. Salience 0 lets the same time pass with nothing learned."""

    item: int
    salience: float = 1.0  # times the item's own
    plain: bool = False  # as an ordinary item, whatever its own salience


@final
@dataclass(frozen=True)
class Rest:
    """Let so many presentations' worth of the medium's own time pass."""

    presentations: int


@final
@dataclass(frozen=True)
class Lesion:
    """Destroy a random share of the memory: those entries are as they were before any item.

    A larger share destroys what a smaller one does, and more.
    """

    share: float


@final
@dataclass(frozen=True)
class Consolidate:
    """Protect what these items have taught from what comes later, as far as the medium can."""

    items: tuple[int, ...]


@final
@dataclass(frozen=True)
class Recall:
    """Cue each of these items and log the answers, beside every control if ``controlled``.

    ``cue`` names one of the run's cues. ``at`` says where on the axes of a curve this recall
    lies: (("items", 20.0), ("flips", 0.1)).
    """

    items: tuple[int, ...]
    controlled: bool = True
    cue: str = "default"
    at: tuple[tuple[str, float], ...] = ()


@final
@dataclass(frozen=True)
class Study:
    """Present some items once each, in one of the orders of ``memlab.text.orders``.

    Each is foretold just before it is learned, and how surprising it was is logged. All items are
    laid out in that order, by each replicate for itself; this act presents the places ``start`` …
    ``stop - 1`` of it, so that a long pass is several acts.
    """

    items: tuple[int, ...]
    order: str = "given"
    start: int = 0
    stop: int | None = None  # None: to the end

    @property
    def span(self) -> range:
        """The places that are presented."""
        return range(self.start, len(self.items) if self.stop is None else self.stop)


@final
@dataclass(frozen=True)
class Foretell:
    """Foretell each symbol of these items from those before it, beside floors if ``controlled``."""

    items: tuple[int, ...]
    controlled: bool = True
    at: tuple[tuple[str, float], ...] = ()  # as of a recall


@final
@dataclass(frozen=True)
class Sample:
    """Let the medium speak: draw patterns symbol by symbol from what it foretells."""

    count: int
    temperature: float = 1.0  # chances to the power of its inverse; 0 takes the likeliest
    top_k: int | None = None  # of the symbols, the likeliest alone; None: all
    at: tuple[tuple[str, float], ...] = ()  # as of a recall


Act: TypeAlias = Write | Rest | Lesion | Consolidate | Recall | Study | Foretell | Sample
Setting: TypeAlias = tuple[tuple[str, float | int | str], ...]  # parameters of a substrate


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

    ``medium`` names parameters of the substrate that this arm sets otherwise.
    """

    name: str
    phases: tuple[Phase, ...]
    medium: Setting = ()


class Protocol(ABC):
    """Several arms over the same items and cues, all known before anything runs."""

    @abstractmethod
    def groups(self) -> dict[str, int]:
        """How many items of each role the protocol needs, in the order they are drawn."""

    @abstractmethod
    def arms(self) -> tuple[Arm, ...]:
        """The treatments, over item indices in the order of ``groups``."""

    def cues(self) -> Mapping[str, CueMaker]:
        """Cues that the protocol itself varies, by the names its recalls ask for."""
        return {}


def rounds(items: tuple[int, ...], count: int) -> tuple[Act, ...]:
    """So many rounds of presenting some items."""
    return tuple(Write(item) for _ in range(count) for item in items)
