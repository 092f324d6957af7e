"""Phase locking with and without coupling, as a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

from matplotlib.figure import Figure

from memlab.draws import Draws
from memlab.studies.coherence.figure import coherence
from memlab.studies.coherence.series import SERIES, Row, rows_of
from memlab.studies.coherence.verdict import verdict
from memlab.studies.study import Part, Study

DECIMALS = 3
HEADINGS = ("measure", "expected", "measured [95 %]", "mispaired trials [95 %]")
MOST_TRIALS = 2_000  # one replicate of so many is what is held in memory at once


@final
@dataclass(frozen=True)
class Coherence(Study[Row]):
    """Measures of phase locking in series of recordings, a table per series."""

    trials: int  # of a recording, where they are not what is varied

    def __post_init__(self) -> None:
        if not 2 <= self.trials <= MOST_TRIALS:
            raise ValueError(f"trials must be in [2, {MOST_TRIALS}], got {self.trials}")

    def parts(self, draws: Draws) -> list[Part[Row]]:
        return [
            partial(rows_of, name, place, self.trials, draws)
            for name, series in SERIES.items()
            for place in range(len(series.levels))
        ]

    def headings(self) -> Mapping[str, tuple[str, Sequence[str]]]:
        return {name: (one.title, (one.varied, *HEADINGS)) for name, one in SERIES.items()}

    def cells(self, row: Row) -> tuple[str, ...]:
        values = (row.measured.rounded(DECIMALS), row.reference.rounded(DECIMALS))
        return (f"{row.level:g}", row.measure, row.expectation, *values)

    def record(self, row: Row) -> dict[str, object]:
        return {
            "series": row.table,
            "level": row.level,
            "measure": row.measure,
            **row.numbers(),
            "mispaired": row.reference.mean,
            "mispaired_low": row.reference.low,
            "mispaired_high": row.reference.high,
        }

    def verdict(self, rows: Sequence[Row]) -> list[str]:
        return verdict(rows)

    def figure(self, rows: Sequence[Row]) -> Figure:
        return coherence(rows)
