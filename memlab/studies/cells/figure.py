"""A panel per task: how much every learner leaves unexplained, seed by seed, beside the bar."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from memlab.figures.style import BAD, GOOD, INK, PALE, sheet
from memlab.studies.cells.abilities import FIT, PEAK
from memlab.studies.cells.bars import TITLES
from memlab.studies.cells.floors import FLOORS
from memlab.studies.cells.row import Row, learners_of, tasks_of

COLUMNS = 4
LEAST, MOST = 3e-5, 6.0  # shares of the variance that are shown; what is beyond stands at the edge
TITLE = "What the cells leave unexplained, seed by seed: share of the variance, 1 − R²"


def portrait(rows: Sequence[Row]) -> Figure:
    """All tasks. Left of the dashed line is better: green if every seed is there."""
    tasks, learners = tasks_of(rows), learners_of(rows)
    columns = min(COLUMNS, len(tasks))
    lines = -(-len(tasks) // columns)
    width, height = 1.8 + 2.3 * columns, 1.3 + lines * (0.5 + 0.2 * len(learners))
    figure = sheet(width, height, TITLE)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes, task in zip(panels.flat, tasks, strict=False):
        _panel(axes, [row for row in rows if row.level == task], learners)
        axes.set_title(TITLES[task], fontsize=9)
    for axes in panels.flat[len(tasks) :]:
        axes.set_visible(False)
    panels[0, 0].set_yticks(range(len(learners)), learners)
    panels[0, 0].invert_yaxis()
    marks = _legend(peaks=any(row.measure == PEAK for row in rows))
    figure.legend(handles=marks, loc="outside lower center", ncols=min(len(marks), columns + 1))
    return figure


def _panel(axes: Axes, rows: Sequence[Row], learners: Sequence[str]) -> None:
    bar = next(row.bar.value for row in rows if row.measure != PEAK)
    limit = 1 - bar if rows[0].measure == FIT else bar
    axes.axvspan(LEAST / 2, limit, color=GOOD, alpha=0.09, lw=0)
    axes.axvline(limit, color=INK, lw=0.9, ls="--")
    fitted = sum(who not in FLOORS for who in learners)
    axes.axhline(fitted - 0.5, color=PALE, lw=0.8, ls=":")
    failed = {row.who for row in rows if not row.holds}
    for row in rows:
        miss = PALE if row.who in FLOORS else BAD
        _line(axes, row, learners.index(row.who), miss if row.who in failed else GOOD)
        if row.measure == PEAK:
            axes.axvline(row.bar.value, color=PALE, lw=0.9, ls=":", zorder=0)
    axes.set_xscale("log")
    axes.set_xlim(LEAST / 1.6, MOST * 1.6)
    axes.tick_params(axis="y", length=0)


def _line(axes: Axes, row: Row, place: int, ink: str) -> None:
    """Every seed, the mean and its interval."""
    if row.measure == PEAK:
        axes.plot(_shown(row.worst), place, marker=">", ms=3.5, color=ink, alpha=0.6, ls="")
        return
    seeds = [_shown(_left(row, value)) for value in row.measured.values]
    axes.plot(seeds, [place] * len(seeds), marker="|", ms=7, color=ink, alpha=0.45, ls="")
    axes.plot(_shown(_left(row, row.measured.mean)), place, marker="o", ms=5, color=ink)
    ends = (row.measured.low, row.measured.high)
    low, high = (_shown(_left(row, row.measured.mean if end is None else end)) for end in ends)
    axes.hlines(place, low, high, color=ink, lw=1.8)


def _left(row: Row, value: float) -> float:
    """What is left of the variance."""
    return 1 - value if row.measure == FIT else value


def _shown(share: float) -> float:
    return min(max(share, LEAST), MOST)


def _legend(*, peaks: bool) -> list[Line2D]:
    """What the marks mean."""
    marks = [
        Line2D([], [], marker="o", ls="", color=GOOD, label="every seed passes"),
        Line2D([], [], marker="o", ls="", color=BAD, label="a seed fails"),
        Line2D([], [], marker="|", ms=8, ls="", color=PALE, label="a seed (dot: mean, 95 %)"),
        Line2D([], [], ls="--", color=INK, lw=0.9, label="the bar"),
    ]
    if peaks:
        told = "highest loss on the way (its bar is dotted)"
        marks.append(Line2D([], [], marker=">", ms=4, ls="", color=PALE, label=told))
    return marks
