"""The published comparison of three media, as a study: a table per medium."""

from functools import partial

from memlab.studies.comparison_2a.arms import LARGEST, PARTS, SMALLEST, Row, rows_of
from memlab.studies.comparison_2a.figure import comparison_2a
from memlab.studies.comparison_2a.verdict import verdict
from memlab.studies.study import Study

HEADINGS = ("measure", "arm", "published", "expected", "measured [95 %]")


def three_media(size: int) -> Study[Row]:
    """The study on a field of so many cells a side."""
    if not SMALLEST <= size <= LARGEST or size % 4:
        raise ValueError(
            f"size must be a multiple of 4 in [{SMALLEST}, {LARGEST}], got {size} "
            "(the oscillators have a quarter of it as their side)"
        )
    return Study(
        parts=[partial(rows_of, medium, size) for medium in PARTS],
        tables={medium: (medium, HEADINGS) for medium in PARTS},
        cells=cells,
        record=record,
        verdict=verdict,
        figure=comparison_2a,
    )


def cells(row: Row) -> tuple[str, ...]:
    """Measure, arm, published, expected and measured."""
    published = "" if row.reference is None else f"{row.reference:g}"
    return row.measure, row.level, published, row.expectation, str(row.measured)


def record(row: Row) -> dict[str, object]:
    """The columns of the files."""
    names = {"medium": row.table, "measure": row.measure, "arm": row.level}
    return {**names, "published": row.reference, **row.numbers()}
