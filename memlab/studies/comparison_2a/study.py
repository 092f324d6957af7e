"""The published comparison of three media, as a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

from matplotlib.figure import Figure

from memlab.draws import Draws
from memlab.studies.comparison_2a.arms import PARTS, Row, rows_of
from memlab.studies.comparison_2a.figure import comparison_2a
from memlab.studies.comparison_2a.verdict import verdict
from memlab.studies.study import Part, Study

HEADINGS = ("measure", "arm", "published", "expected", "measured [95 %]")
SMALLEST, LARGEST = 32, 192


@final
@dataclass(frozen=True)
class Comparison2A(Study[Row]):
    """Media with their published defects beside correct ones, a table per medium."""

    size: int  # side of the field

    def __post_init__(self) -> None:
        if not SMALLEST <= self.size <= LARGEST or self.size % 4:
            raise ValueError(
                f"size must be a multiple of 4 in [{SMALLEST}, {LARGEST}], got {self.size} "
                "(the oscillators have a quarter of it as their side)"
            )

    def parts(self, draws: Draws) -> list[Part[Row]]:
        return [partial(rows_of, medium, self.size, draws) for medium in PARTS]

    def headings(self) -> Mapping[str, tuple[str, Sequence[str]]]:
        return {medium: (medium, HEADINGS) for medium in PARTS}

    def cells(self, row: Row) -> tuple[str, ...]:
        published = "" if row.reference is None else f"{row.reference:g}"
        return row.measure, row.level, published, row.expectation, str(row.measured)

    def record(self, row: Row) -> dict[str, object]:
        return {
            "medium": row.table,
            "measure": row.measure,
            "arm": row.level,
            "published": row.reference,
            **row.numbers(),
        }

    def verdict(self, rows: Sequence[Row]) -> list[str]:
        return verdict(rows)

    def figure(self, rows: Sequence[Row]) -> Figure:
        return comparison_2a(rows)
