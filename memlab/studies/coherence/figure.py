"""Phase locking with and without coupling, and what its measures make of confounds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.figures.style import BAD, GOOD, INK, MEDIUM, PALE, sheet
from memlab.studies.coherence.measures import plv_by_chance
from memlab.studies.coherence.series import SERIES, Row, curve
from memlab.studies.coherence.verdict import CONFOUNDS, EMOTIONAL, NEUTRAL

INKS = {"PLV": MEDIUM, "PPC": BAD, "wPLI": GOOD}
MARKS = {"PLV": "o", "PPC": "s", "wPLI": "^"}


def coherence(rows: Sequence[Row]) -> Figure:
    """Four panels: few trials, coupling, and two confounds without coupling.

    Dashed lines are the published values.
    """
    figure = sheet(8.6, 6.8, "Phase locking of two synthetic EEG channels, 30–80 Hz")
    (few, coupled), confounded = figure.subplots(2, 2)
    _few(few, rows)
    _panel(coupled, rows, "coupling", [])
    coupled.set_title("coupling with a lag of 4 ms")
    start = [row for row in rows if row.table == "coupling" and row.level == 0]
    for axes, name in zip(confounded, CONFOUNDS, strict=True):
        _panel(axes, rows, name, start)
        axes.set_title(SERIES[name].title[0].lower() + SERIES[name].title[1:])
    for axes in (coupled, *confounded):
        _published(axes)
    handles, labels = coupled.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _few(axes: Axes, rows: Sequence[Row]) -> None:
    """Locking by chance against the number of trials."""
    for measure in ("PLV", "PPC"):
        _line(axes, curve(rows, "trials", measure), measure)
    levels = [row.level for row in curve(rows, "trials", "PLV")]
    n = np.geomspace(levels[0], levels[-1], 100)
    axes.plot(n, [plv_by_chance(x) for x in n], color=INK, lw=1, ls="--", zorder=3)
    axes.annotate(
        r"$\sqrt{\pi/4n} = 0.886/\sqrt{n}$",
        (levels[2], plv_by_chance(levels[2])),
        xytext=(12, 14),
        textcoords="offset points",
    )
    axes.axhline(0, color=PALE, lw=0.8, zorder=0)
    axes.set_xscale("log")
    axes.set_xticks(levels, [f"{level:g}" for level in levels])
    axes.minorticks_off()
    axes.set(title="no coupling: locking by chance", xlabel="trials n", ylabel="measure")


def _panel(axes: Axes, rows: Sequence[Row], series: str, start: Sequence[Row]) -> None:
    """All measures along one series, with what mispaired trials give; ``start`` is its level 0."""
    for measure in INKS:
        _line(axes, [*curve(start, "coupling", measure), *curve(rows, series, measure)], measure)
    axes.set(xlabel=SERIES[series].varied, ylabel="measure", ylim=(-0.05, 1.03))


def _line(axes: Axes, rows: Sequence[Row], measure: str) -> None:
    """Means with their intervals, and those of mispaired trials as a dotted line."""
    levels, means = [row.level for row in rows], [row.measured.mean for row in rows]
    lows, highs = [row.low for row in rows], [row.high for row in rows]
    ink = INKS[measure]
    axes.plot(levels, means, color=ink, marker=MARKS[measure], ms=4.5, label=measure)
    axes.vlines(levels, lows, highs, color=INK, lw=1.2, zorder=3)
    by_chance = [row.reference.mean for row in rows]
    axes.plot(levels, by_chance, color=ink, ls=":", lw=1.2, label=f"{measure}, mispaired trials")


def _published(axes: Axes) -> None:
    """The two published values, named at the right edge."""
    edge = axes.get_yaxis_transform()
    for value in (EMOTIONAL, NEUTRAL):
        axes.axhline(value, color=PALE, lw=0.9, ls=(0, (6, 3)), zorder=0)
        name = axes.text(1.01, value, f"published\n{value}", transform=edge, va="center")
        name.set(fontsize=7, color="#666666")
