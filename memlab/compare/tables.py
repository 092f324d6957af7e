"""A comparison as tables: for the terminal, as Markdown, and as records for CSV and JSON."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from memlab.compare.comparison import Comparison, Difference, Entry
from memlab.compare.words import (
    BEST,
    NONE,
    count,
    difference,
    mean,
    notes,
    pairs,
    result,
    tally,
    tested,
)
from memlab.statistics import Estimate

HEADINGS = (
    "setting",
    "mean [95 %]",
    "n",
    "less the baseline",
    "pairs",
    "p",
    "p (Holm)",
    "difference",
)
ABREAST = 3  # measures in one overview
LABEL = 30  # characters of a setting's name kept on one line
Record: TypeAlias = dict[str, str | float | int | bool | None]


def row(name: str, entry: Entry) -> tuple[str, ...]:
    """The cells of a setting in one measure, under HEADINGS."""
    apart = difference(entry), pairs(entry), *tested(entry), result(entry)
    return (name, starred(entry), count(entry.estimate), *apart)


def measure_table(comparison: Comparison, measure: str) -> Table:
    """One measure in every setting."""
    table = Table(title=measure, title_justify="left", title_style="bold")
    alone = len(comparison.settings) == 1
    headings = HEADINGS[:3] if alone else HEADINGS
    for heading in headings:
        table.add_column(
            heading, overflow="fold", min_width=len(heading) if heading == "p" else None
        )
    for name, entry in comparison.measures[measure].items():
        cells = row(name, entry)[: len(headings)]
        strong = isinstance(entry.difference, Difference) and entry.difference.shown
        table.add_row(*map(escape, cells), style="bold" if strong else "")
    return table


def overview(comparison: Comparison, names: Sequence[str]) -> Iterator[Table]:
    """The measures side by side for some settings, a few to a table."""
    for some in _batches(list(comparison.measures), ABREAST):
        table = Table(show_lines=False)
        for heading in ("setting", *some):
            table.add_column(heading, overflow="fold")
        part = comparison.narrowed(some)
        rows = {cells[0]: cells for cells in overview_rows(part)}
        for name in names:
            table.add_row(*map(escape, rows[name]))
        yield table


def overview_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Every setting with its mean in every measure."""
    return [
        (name, *(starred(entries[name]) for entries in comparison.measures.values()))
        for name in comparison.names
    ]


def starred(entry: Entry) -> str:
    """A mean with its interval, marked if it is the best."""
    return f"{mean(entry)} {BEST}" if entry.best else mean(entry)


def verdict_table(comparison: Comparison, names: Sequence[str]) -> Table:
    """In how many of its runs every claim holds, for some settings."""
    title = "Claims: the runs in which they hold"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("setting", overflow="fold", min_width=min(LABEL, max(map(len, names))))
    for claim in comparison.verdicts:
        table.add_column(claim.replace("_", "\n"))
    for name in names:
        found = (verdicts.get(name, Counter()) for verdicts in comparison.verdicts.values())
        table.add_row(escape(name), *(_coloured(one) for one in found))
    return table


def tables(comparison: Comparison) -> Group:
    """Everything for a terminal."""
    parts: list[Table | Text] = [measure_table(comparison, name) for name in comparison.measures]
    parts += [verdict_table(comparison, comparison.names)] if comparison.verdicts else []
    return Group(*parts, *(Text(line) for line in [*notes(comparison), *open_claims(comparison)]))


def open_claims(comparison: Comparison) -> list[str]:
    """What the question mark at a claim means, where there is one."""
    verdicts = (one for found in comparison.verdicts.values() for one in found.values())
    if any(one["cannot be shown"] for one in verdicts):
        return ["? a run had too few replicates to show the claim, whatever came out."]
    return []


def markdown(comparison: Comparison, further: Sequence[str] = ()) -> str:
    """Everything as a page of Markdown, with what else is to be said."""
    page = []
    for measure, entries in comparison.measures.items():
        rows = [row(name, entry) for name, entry in entries.items()]
        page += [f"## {measure}", "", _grid(HEADINGS, rows), ""]
    if comparison.verdicts:
        claims = list(comparison.verdicts)
        page += ["## Claims", "", _grid(("setting", *claims), verdict_rows(comparison)), ""]
    return "\n".join([*page, *(f"- {line}" for line in (*notes(comparison), *further)), ""])


def verdict_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Every setting with the verdicts of its runs on all claims."""
    return [
        (name, *(tally(found.get(name, Counter())) for found in comparison.verdicts.values()))
        for name in comparison.names
    ]


def records(comparison: Comparison) -> list[Record]:
    """One record per measure and setting, numbers in full."""
    return [
        {
            "measure": measure,
            "setting": name,
            **_numbers("", entry.estimate if isinstance(entry.estimate, Estimate) else None),
            "unit": comparison.unit.value,
            "best": entry.best,
            "baseline": comparison.baseline,
            **_tested(entry),
        }
        for measure, entries in comparison.measures.items()
        for name, entry in entries.items()
    ]


def comma_separated(comparison: Comparison) -> str:
    """The records as CSV."""
    text, rows = io.StringIO(), records(comparison)
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _tested(entry: Entry) -> Record:
    found = entry.difference if isinstance(entry.difference, Difference) else None
    return {
        **_numbers("difference", found and found.estimate),
        "p": found and found.p,
        "p_holm": found and found.p_holm,
        "compared": found and found.compared,
        "smallest_p_holm": found and found.least,
        "result": result(entry),
    }


def _numbers(name: str, found: Estimate | None) -> Record:
    keys = [f"{name}_{key}".lstrip("_") for key in ("mean", "low", "high", "n")]
    values = (None,) * 4 if found is None else (found.mean, found.low, found.high, found.n)
    return dict(zip(keys, values, strict=True))


def _coloured(verdicts: Counter[str]) -> Text:
    """``4 of 5``, with a question mark where too few replicates left it open."""
    holds, total = verdicts["holds"], sum(verdicts.values())
    if not total:
        return Text(NONE)
    style = "green" if holds == total else "yellow" if holds else ""
    return Text(f"{holds} of {total}{' ?' * bool(verdicts['cannot be shown'])}", style=style)


def _grid(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_safe(cell) for cell in line)} |" for line in lines)


def _safe(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def _batches(some: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for first in range(0, len(some), size):
        yield some[first : first + size]
