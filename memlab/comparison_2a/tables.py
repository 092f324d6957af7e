"""The rows of the comparison as tables for a terminal, as a data frame and as a page."""

from collections.abc import Sequence

import pandas as pd
from rich.markup import escape
from rich.table import Table

from memlab.app.results import markdown
from memlab.comparison_2a.study import PARTS, Row

HEADINGS = ("measure", "arm", "published", "expected", "measured [95 %]", "holds")
MARKS = {True: "[green]yes[/]", False: "[bold red]NO[/]", None: ""}


def table(rows: Sequence[Row], medium: str) -> Table:
    """One medium for a terminal, a block per arm."""
    shown = Table(title=medium, title_justify="left", title_style="bold")
    for heading in HEADINGS:
        shown.add_column(heading)
    last = None
    for row in (row for row in rows if row.medium == medium):
        if last is not None and row.arm != last:
            shown.add_section()
        shown.add_row(*map(escape, words(row)), MARKS[row.holds])
        last = row.arm
    return shown


def words(row: Row) -> tuple[str, ...]:
    """Measure, arm, published, expected and measured."""
    published = "" if row.published is None else f"{row.published:g}"
    expected = "" if row.expected is None else f"{row.expected:g} ± {row.tolerance:g}"
    return row.measure, row.arm, published, expected, str(row.measured)


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """One line per row: numbers as they are."""
    return pd.DataFrame(
        [
            {
                "medium": row.medium,
                "measure": row.measure,
                "arm": row.arm,
                "published": row.published,
                "expected": row.expected,
                "tolerance": row.tolerance,
                "mean": row.measured.mean,
                "low": row.measured.low,
                "high": row.measured.high,
                "n": row.measured.n,
                "holds": row.holds,
            }
            for row in rows
        ]
    )


def page(rows: Sequence[Row], sentences: Sequence[str]) -> str:
    """Verdict and tables in Markdown."""
    parts = ["## Verdict", "", *(f"- {sentence}" for sentence in sentences), ""]
    for medium in PARTS:
        cells: list[list[object]] = [
            [*words(row), {True: "yes", False: "NO", None: ""}[row.holds]]
            for row in rows
            if row.medium == medium
        ]
        parts += [f"## {medium}", "", markdown(list(HEADINGS), cells), ""]
    return "\n".join(parts)
