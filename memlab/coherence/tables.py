"""The rows of a study as tables for a terminal, as a data frame and as a page."""

from collections.abc import Sequence

import pandas as pd
from rich.markup import escape
from rich.table import Table

from memlab.app.results import markdown
from memlab.coherence.study import STUDY, Row

DECIMALS = 3
HEADINGS = ("measure", "expected", "measured [95 %]", "mispaired trials [95 %]", "holds")
MARKS = {True: "[green]yes[/]", False: "[bold red]NO[/]", None: ""}


def table(rows: Sequence[Row], series: str) -> Table:
    """One series for a terminal, a block per level."""
    shown = Table(title=STUDY[series].title, title_justify="left", title_style="bold")
    for heading in (STUDY[series].varied, *HEADINGS):
        shown.add_column(heading)
    some, last = [row for row in rows if row.series == series], None
    for row in some:
        if last is not None and row.level != last:
            shown.add_section()
        level = f"{row.level:g}" if row.level != last else ""
        shown.add_row(level, *map(escape, words(row)), MARKS[row.holds])
        last = row.level
    return shown


def words(row: Row) -> tuple[str, str, str, str]:
    """Measure, expected, measured and mispaired."""
    expected = "" if row.expected is None else f"{row.expected:g} ± {row.tolerance:g}"
    values = row.measured.rounded(DECIMALS), row.mispaired.rounded(DECIMALS)
    return (row.measure, expected, *values)


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """One line per row: numbers as they are."""
    return pd.DataFrame(
        [
            {
                "series": row.series,
                "level": row.level,
                "measure": row.measure,
                "expected": row.expected,
                "tolerance": row.tolerance,
                "mean": row.measured.mean,
                "low": row.measured.low,
                "high": row.measured.high,
                "n": row.measured.n,
                "mispaired": row.mispaired.mean,
                "mispaired_low": row.mispaired.low,
                "mispaired_high": row.mispaired.high,
                "holds": row.holds,
            }
            for row in rows
        ]
    )


def page(rows: Sequence[Row], sentences: Sequence[str]) -> str:
    """Verdict and tables in Markdown."""
    parts = ["## Verdict", "", *(f"- {sentence}" for sentence in sentences), ""]
    for name, series in STUDY.items():
        cells: list[list[object]] = [
            [f"{row.level:g}", *words(row), {True: "yes", False: "NO", None: ""}[row.holds]]
            for row in rows
            if row.series == name
        ]
        parts += [f"## {series.title}", "", markdown([series.varied, *HEADINGS], cells), ""]
    return "\n".join(parts)
