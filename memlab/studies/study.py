"""What every study gives: rows that are held to expectations, sentences and a figure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, final

from matplotlib.figure import Figure

from memlab.draws import Draws
from memlab.statistics import Estimate, estimate

Level = TypeVar("Level")
Reference = TypeVar("Reference")


@final
@dataclass(frozen=True)
class Row(Generic[Level, Reference]):
    """One measure at one level of what a table varies, beside what it is to be read against."""

    table: str
    level: Level
    measure: str
    measured: Estimate
    reference: Reference
    expected: float | None
    tolerance: float | None

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.measured.mean if self.measured.low is None else self.measured.low

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.measured.mean if self.measured.high is None else self.measured.high

    @property
    def holds(self) -> bool | None:
        """Whether the mean is what is expected; None where nothing is."""
        if self.expected is None or self.tolerance is None:
            return None
        return abs(self.measured.mean - self.expected) <= self.tolerance

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        return "" if self.expected is None else f"{self.expected:g} ± {self.tolerance:g}"

    def numbers(self) -> dict[str, object]:
        """Expectation and measure as columns of a file."""
        return {
            "expected": self.expected,
            "tolerance": self.tolerance,
            "mean": self.measured.mean,
            "low": self.measured.low,
            "high": self.measured.high,
            "n": self.measured.n,
        }


class Told(Protocol):
    """What tables and files have to know of a row."""

    @property
    def table(self) -> str:
        """The name of its table."""

    @property
    def level(self) -> Any:
        """What rows of one block of a table share."""

    @property
    def holds(self) -> bool | None:
        """Whether it came out as it should; None where nothing is expected."""


AnyRow = TypeVar("AnyRow", bound=Told)
Saying: TypeAlias = Callable[[Sequence[AnyRow]], Iterator[str]]  # what the rows bear out


@final
@dataclass(frozen=True)
class Study(Generic[AnyRow]):
    """Something whose answer is known or published, measured and told. No cell says what holds."""

    parts: Sequence[Callable[[Draws], list[AnyRow]]]  # each measures some rows, in their order
    tables: Mapping[str, tuple[str, Sequence[str]]]  # name -> title, headings of the cells
    cells: Callable[[AnyRow], Sequence[str]]  # a row for a reader
    record: Callable[[AnyRow], dict[str, object]]  # a row as columns of a file, numbers as they are
    verdict: Callable[[Sequence[AnyRow]], list[str]]  # sentences, each only if the rows bear it out
    figure: Callable[[Sequence[AnyRow]], Figure]
    # What takes long, measured and kept by the study, one replicate at a time, before the parts.
    ahead: Sequence[Callable[[Draws], object]] = ()
    # Further pictures by their file's name, each drawn to the path it is given.
    pictures: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)


def singles(draws: Draws) -> list[Draws]:
    """The draws of each replicate alone."""
    return [replace(draws, replicates=(one,)) for one in draws.replicates]


def difference(one: Row[Any, Any], other: Row[Any, Any]) -> Estimate:
    """How much more the one measured, paired over replicates."""
    pairs = zip(one.measured.values, other.measured.values, strict=True)
    return estimate([a - b for a, b in pairs])
