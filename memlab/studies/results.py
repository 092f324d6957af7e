"""The rows of a study: measured, printed, and kept as tables, page and figure."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import pandas as pd
from joblib import Parallel, delayed
from rich.progress import track
from rich.table import Table
from rich.text import Text

from memlab.app.progress import console
from memlab.app.results import markdown
from memlab.draws import Draws
from memlab.studies.study import AnyRow, Study, singles

Found = TypeVar("Found")

HOLDS = {True: "yes", False: "NO", None: ""}
STYLES = {True: "green", False: "bold red", None: ""}


def measured(study: Study[AnyRow], draws: Draws, jobs: int = 1) -> list[AnyRow]:
    """All rows, with a bar on the terminal while they come; what is ahead by so many processes."""
    ahead = [delayed(piece)(one) for piece in study.ahead for one in singles(draws)]
    deque(watched(Parallel(jobs, return_as="generator_unordered")(ahead), len(ahead)), maxlen=0)
    return [row for part in watched(study.parts, len(study.parts)) for row in part(draws)]


def watched(found: Iterable[Found], total: int) -> Iterable[Found]:
    """What comes, one by one, with a bar on the terminal that says how much has."""
    screen = console(stderr=True)
    quiet = not (screen.is_terminal and total)
    return track(found, "measuring", total, console=screen, transient=True, disable=quiet)


def keep(study: Study[AnyRow], rows: Sequence[AnyRow], folder: Path) -> None:
    """Write the rows as CSV and JSON; page and figure named for the study; further pictures."""
    name = folder.parent.name
    lines = frame(study, rows)
    lines.to_csv(folder / "rows.csv", index=False)
    lines.to_json(folder / "rows.json", orient="records", indent=1, double_precision=15)
    (folder / f"{name}.md").write_text(page(study, rows), encoding="utf-8")
    study.figure(rows).savefig(folder / f"{name}.png")
    for file, drawn in study.pictures.items():
        drawn(folder / file)


def show(study: Study[AnyRow], rows: Sequence[AnyRow], folder: Path) -> None:
    """Print tables and verdict, how many rows hold, and where all is kept."""
    screen = console()
    for table in tables(study, rows):
        screen.print(table)
    for sentence in study.verdict(rows):
        screen.print(f"• {sentence}", highlight=False)
    known = [row.holds for row in rows if row.holds is not None]
    screen.print(f"{sum(known)} of {len(known)} rows hold. Results: {folder}", soft_wrap=True)


def tables(study: Study[AnyRow], rows: Sequence[AnyRow]) -> Iterator[Table]:
    """Every table for a terminal; a block per level, which says once what its first cells share."""
    for name, (title, headings) in study.tables.items():
        shown = Table(*headings, "holds", title=title, title_justify="left", title_style="bold")
        for _, block in groupby((r for r in rows if r.table == name), lambda row: row.level):
            last = ""
            for row in block:
                first, *further = study.cells(row)
                mark = Text(HOLDS[row.holds], STYLES[row.holds])
                shown.add_row(Text("" if first == last else first), *map(Text, further), mark)
                last = first
            shown.add_section()
        yield shown


def frame(study: Study[AnyRow], rows: Sequence[AnyRow]) -> pd.DataFrame:
    """One line per row: numbers as they are."""
    return pd.DataFrame([study.record(row) | {"holds": row.holds} for row in rows])


def page(study: Study[AnyRow], rows: Sequence[AnyRow]) -> str:
    """Verdict and tables in Markdown."""
    parts = ["## Verdict", "", *(f"- {sentence}" for sentence in study.verdict(rows)), ""]
    for name, (title, headings) in study.tables.items():
        cells: list[list[object]] = [
            [*study.cells(row), HOLDS[row.holds]] for row in rows if row.table == name
        ]
        parts += [f"## {title}", "", markdown([*headings, "holds"], cells), ""]
    return "\n".join(parts)
