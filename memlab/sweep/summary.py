"""A sweep over seeds as one table: mean and interval of every measure in every setting."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pandas as pd
from matplotlib.axes import Axes
from rich.table import Table

from memlab.app.assembly import built
from memlab.app.progress import console
from memlab.app.results import markdown
from memlab.app.schema import Tree
from memlab.app.task import Place
from memlab.figures.style import INK, PALE, sheet
from memlab.record.outcome import Outcome, Status
from memlab.record.tracking import Ended, Record, Tracking
from memlab.report import ENOUGH
from memlab.runner import Progress
from memlab.statistics import Estimate, estimate

SEED = "seed"
SIDE_BY_SIDE = 4  # settings in one table of the terminal
PANELS = 12  # measures in the figure
COLUMNS = 3


@final
@dataclass(frozen=True)
class Row:
    """One measure in one setting, over its seeds."""

    setting: str  # what was varied, but for the seed
    measure: str
    estimate: Estimate


def conclude(finished: Sequence[Outcome], tracking: Tree, folder: Path, launch: Path) -> None:
    """Show the summary of the jobs that finished, keep it, and track it as a run of its own."""
    rows = summarised(finished)
    for table in tables(rows):
        console().print(table)
    kept = folder / "summary"
    kept.mkdir(exist_ok=True)
    keep(rows, kept)
    store: Tracking = built("tracking", tracking)
    tags = {"memlab.sweep": folder.name, "memlab.kind": "summary", "memlab.folder": str(kept)}
    record = Record(f"summary · {folder.name}", {"jobs": str(len(finished))}, tags)
    console().print(f"The table and its figure: {kept}", soft_wrap=True)
    place = Place(kept, launch, folder.parent.parent, (), {}, folder.name)
    store.begin(record, Progress(), place).finish(Ended(Status.FINISHED))


def summarised(outcomes: Sequence[Outcome]) -> list[Row]:
    """Every measure of every setting, estimated over the jobs that share the setting."""
    names = settings(outcomes)
    values: dict[tuple[str, str], list[float]] = {}
    for outcome, name in zip(outcomes, names, strict=True):
        for measure, value in outcome.scalars.items():
            if math.isfinite(value):
                values.setdefault((name, measure), []).append(value)
    return [Row(name, measure, estimate(found)) for (name, measure), found in values.items()]


def settings(outcomes: Sequence[Outcome]) -> list[str]:
    """What each job was asked that not all were asked, leaving out the seed."""
    asked = [dict(override.split("=", 1) for override in o.overrides) for o in outcomes]
    keys = list(dict.fromkeys(key for one in asked for key in one if key.lstrip("+") != SEED))
    varied = [key for key in keys if len({one.get(key) for one in asked}) > 1]
    if not varied:
        return [outcome.factors.get("substrate", "all") for outcome in outcomes]
    return [", ".join(short(key, one.get(key, "")) for key in varied) for one in asked]


def short(key: str, value: str) -> str:
    """A choice by its name alone, a parameter with its key."""
    return f"{key.lstrip('+')}={value}" if "." in key else value


def tables(rows: Sequence[Row]) -> list[Table]:
    """One row per measure, one column per setting, a few settings to a table."""
    names = list(dict.fromkeys(row.setting for row in rows))
    measures = list(dict.fromkeys(row.measure for row in rows))
    found = {(row.measure, row.setting): row.estimate for row in rows}
    result = []
    for first in range(0, len(names), SIDE_BY_SIDE):
        some = names[first : first + SIDE_BY_SIDE]
        table = Table(title=title(rows), title_justify="left")
        for heading in ("measure", *some):
            table.add_column(heading)
        for measure in measures:
            table.add_row(measure, *(cell(found.get((measure, name))) for name in some))
        result.append(table)
    return result


def title(rows: Sequence[Row]) -> str:
    """What the numbers are, and how far they carry."""
    few = max(row.estimate.n for row in rows) < ENOUGH
    warning = f" (exploratory: fewer than {ENOUGH} seeds)" if few else ""
    return f"Over seeds: mean, 95 % interval and n{warning}"


def cell(value: Estimate | None) -> str:
    """An estimate with its n, as a cell of the table."""
    if value is None:
        return "–"
    return f"{value}, {value.n}" if value.n > 1 else str(value)


def keep(rows: Sequence[Row], folder: Path) -> None:
    """Write the table as CSV, JSON and Markdown, and its figure."""
    frame = pd.DataFrame(
        [
            {
                "setting": row.setting,
                "measure": row.measure,
                "mean": row.estimate.mean,
                "low": row.estimate.low,
                "high": row.estimate.high,
                "n": row.estimate.n,
            }
            for row in rows
        ]
    )
    frame.to_csv(folder / "summary.csv", index=False)
    frame.to_json(folder / "summary.json", orient="records", indent=1)
    page = markdown(list(frame.columns), frame.astype(object).to_numpy().tolist())
    (folder / "summary.md").write_text(page + "\n", encoding="utf-8")
    draw(rows, folder / "summary.png")


def draw(rows: Sequence[Row], path: Path) -> None:
    """One panel per measure, one interval per setting."""
    by_measure: dict[str, dict[str, Estimate]] = {}
    for row in rows:
        by_measure.setdefault(row.measure, {})[row.setting] = row.estimate
    chosen = list(by_measure.items())[:PANELS]
    lines = math.ceil(len(chosen) / COLUMNS)
    height = lines * (1.2 + 0.25 * max(len(found) for _, found in chosen))
    figure = sheet(12, height + 0.4, title(rows))
    panels = figure.subplots(lines, COLUMNS, squeeze=False, sharey=True)
    for axes in panels.flat[len(chosen) :]:
        axes.set_visible(False)
    for axes, (measure, found) in zip(panels.flat, chosen, strict=False):
        panel(axes, measure, found)
    figure.savefig(path)


def panel(axes: Axes, measure: str, found: Mapping[str, Estimate]) -> None:
    """Means and intervals of one measure, the settings from top to bottom."""
    for place, value in enumerate(found.values()):
        if value.low is not None and value.high is not None:
            axes.plot([value.low, value.high], [place, place], color=INK)
        axes.plot(value.values, [place] * value.n, "|", color=PALE)
        axes.plot(value.mean, place, "o", color=INK)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_title(measure, fontsize="small")
