"""What was measured of one form of memory, and the range it has to lie in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from memlab.statistics import Estimate, estimate

TREE, RADIX, PUBLISHED = "plastic tree", "radix trie in Python", "published tree"
AUTOMATON = "automaton"
SECONDS, NODES, BYTES, STATES = "CPU seconds", "nodes", "bytes", "states"
CODE = "bits that describe the names"
PARTING = "nodes where strings part or end"
GROWTH, EXPONENTS, BITS, FORMS = "growth", "exponents", "bits", "forms"
LEVELS, FAN_OUT, IN_DEGREES, LAWS = "levels", "fan_out", "in_degrees", "laws"


@final
@dataclass(frozen=True)
class Row:
    """One measure of one form over all replicates."""

    table: str
    level: int  # what a block of the table shares: strings, a level, or children
    form: str
    measure: str
    measured: Estimate
    least: float | None = None  # that the mean must be
    most: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the mean lies in its range; None where there is none."""
        if self.least is None and self.most is None:
            return None
        mean = self.measured.mean
        return (self.least is None or mean >= self.least) and (
            self.most is None or mean <= self.most
        )

    @property
    def expectation(self) -> str:
        """The range in words."""
        if self.least == self.most:
            return "" if self.least is None else f"{self.least:g}"
        if self.least is None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.most is None else f"{self.least:g} to {self.most:g}"

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.measured.mean if self.measured.low is None else self.measured.low

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.measured.mean if self.measured.high is None else self.measured.high


def those(rows: Sequence[Row], table: str, form: str, measure: str) -> list[Row]:
    """The rows of one measure, in their order."""
    return [row for row in rows if (row.table, row.form, row.measure) == (table, form, measure)]


def mean(rows: Sequence[Row], table: str, form: str, measure: str) -> float:
    """Of the last of them."""
    return those(rows, table, form, measure)[-1].measured.mean


def less(one: Row, other: Row) -> Estimate:
    """How much less the one is, paired over replicates."""
    pairs = zip(one.measured.values, other.measured.values, strict=True)
    return estimate([b - a for a, b in pairs])
