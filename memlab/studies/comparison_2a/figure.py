"""The published scores of comparison 2A with storing, without it, and of the cue alone."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.figures.style import BAD, INK, MEDIUM, PALE, sheet
from memlab.studies.comparison_2a.arms import (
    CORRECTED,
    CUE,
    FIELD,
    KURAMOTO,
    NETWORK,
    NOTHING,
    PHASES,
    STORED,
    Row,
)

MEASURES = {
    "capacity": "published: likeness of the recall\nfrom half a cue (capacity)",
    "accuracy": "published: patterns named\nfrom a 30 % cue (accuracy)",
    "overlap": "published: likeness 20 steps after\nthe whole pattern (overlap)",
    "hidden part": "ours: likeness where the cue\nsaid nothing",
}
ARMS = {STORED: MEDIUM, NOTHING: PALE, CUE: "#e69f00"}
WIDTH = 0.26  # of a bar, in media
NAMES = {
    FIELD: "reaction-\ndiffusion",
    NETWORK: "Hopfield",
    PHASES: "oscillators",
    CORRECTED: "projection\n(correct)",
    KURAMOTO: "Kuramoto\n(correct)",
}


def comparison_2a(rows: Sequence[Row]) -> Figure:
    """Four panels, a group of bars per medium: means, intervals, published values as marks."""
    figure = sheet(8.6, 6.6, "Comparison 2A: what storing adds to the published scores")
    panels = figure.subplots(2, 2)
    for axes, (measure, title) in zip(panels.flat, MEASURES.items(), strict=True):
        _bars(axes, rows, measure)
        axes.set(title=title, ylim=(-0.45, 1.08))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _bars(axes: Axes, rows: Sequence[Row], measure: str) -> None:
    """One measure of all media; a cue that says nothing where it is scored has no bar."""
    places = list(NAMES)
    for offset, (arm, ink) in enumerate(ARMS.items()):
        some = [r for r in rows if (r.measure, r.level) == (measure, arm)]
        x = [places.index(r.table) + (offset - 1) * WIDTH for r in some]
        axes.bar(x, [r.measured.mean for r in some], WIDTH * 0.92, color=ink, label=arm)
        axes.vlines(x, [r.low for r in some], [r.high for r in some], color=INK, lw=1.2, zorder=3)
    said = [r for r in rows if r.measure == measure and r.reference is not None]
    if said:
        at = [places.index(r.table) - WIDTH for r in said]
        values = [r.reference or 0 for r in said]
        axes.scatter(at, values, marker="D", s=26, color=BAD, zorder=4, label="published")
    axes.axhline(0, color=INK, lw=0.8)
    axes.axvline(len(places) - 2.5, color=PALE, lw=0.8, ls=":")
    axes.set_xticks(range(len(places)), list(NAMES.values()))
