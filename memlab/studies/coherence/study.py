"""Phase locking with and without coupling, as a study: a table per series of recordings."""

from functools import partial

from memlab.studies.coherence.figure import coherence
from memlab.studies.coherence.series import MOST_TRIALS, SERIES, Row, rows_of
from memlab.studies.coherence.verdict import verdict
from memlab.studies.study import Study

DECIMALS = 3
HEADINGS = ("measure", "expected", "measured [95 %]", "mispaired trials [95 %]")


def phase_locking(trials: int) -> Study[Row]:
    """The study with so many trials per recording, where they are not what is varied."""
    if not 2 <= trials <= MOST_TRIALS:
        raise ValueError(f"trials must be in [2, {MOST_TRIALS}], got {trials}")
    return Study(
        parts=[
            partial(rows_of, name, place, trials)
            for name, series in SERIES.items()
            for place in range(len(series.levels))
        ],
        tables={name: (one.title, (one.varied, *HEADINGS)) for name, one in SERIES.items()},
        cells=cells,
        record=record,
        verdict=verdict,
        figure=coherence,
    )


def cells(row: Row) -> tuple[str, ...]:
    """Level, measure, expected, measured and mispaired."""
    values = (row.measured.rounded(DECIMALS), row.reference.rounded(DECIMALS))
    return (f"{row.level:g}", row.measure, row.expectation, *values)


def record(row: Row) -> dict[str, object]:
    """The columns of the files."""
    names = {"series": row.table, "level": row.level, "measure": row.measure}
    chance = row.reference
    return {
        **names,
        **row.numbers(),
        "mispaired": chance.mean,
        "mispaired_low": chance.low,
        "mispaired_high": chance.high,
    }
