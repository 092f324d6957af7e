"""Settings beside one another: a panel per measure, or curves against what was varied."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any, final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from memlab.absent import Absent
from memlab.compare.comparison import Comparison, Difference, Entry
from memlab.figures.style import INK, MEDIUM, PALE, SPARE, sheet
from memlab.statistics import Estimate

COLUMNS = 3
WIDE = 3.1  # inches of a panel
ROW, HEAD = 0.26, 0.75  # inches of a setting, and of all above and below the settings
LABEL = 30  # characters in a line of a setting's name
MOST = 40  # settings in one figure
PANELS = 12  # measures in one figure
POINTS = 3  # values that make a curve
CURVES = len(SPARE)  # that one panel can hold
DECADES = 2  # that make an axis logarithmic
ABSENT: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7.5, "color": PALE}


@final
@dataclass(frozen=True)
class Curve:
    """What is varied along a curve, and what from curve to curve."""

    along: str
    across: str  # empty for a single curve
    places: Mapping[str, tuple[str, float]]  # setting -> (which curve, where on it)

    @property
    def names(self) -> list[str]:
        """The curves, in the order they came."""
        return list(dict.fromkeys(name for name, _ in self.places.values()))

    @property
    def logarithmic(self) -> bool:
        """Whether the values span decades."""
        values = [x for _, x in self.places.values()]
        return min(values) > 0 and math.log10(max(values) / min(values)) >= DECADES


def settings_figure(comparison: Comparison) -> Figure | Absent:
    """Mean and interval of every setting, its units as ticks, the baseline as a line."""
    shown = dict(list(comparison.measures.items())[:PANELS])
    if not shown:
        return Absent("no measure was taken")
    names = comparison.names[:MOST]
    columns = min(COLUMNS, len(shown))
    lines = math.ceil(len(shown) / columns)
    labels = [fill(name, LABEL) for name in names]
    rows = sum(0.6 + 0.4 * (label.count("\n") + 1) for label in labels)
    margin = 0.075 * max(len(line) for label in labels for line in label.splitlines())
    size = columns * WIDE + margin, lines * (HEAD + ROW * rows) + 0.35 + 0.9 / columns
    figure = sheet(*size, f"Mean, 95 % interval and {comparison.unit}")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    _hide(list(panels.flat)[len(shown) :])
    for axes, (measure, entries) in zip(panels.flat, shown.items(), strict=False):
        _settings(axes, measure, {name: entries[name] for name in names}, comparison.baseline)
        axes.set_yticks(range(len(names)), labels)
    _legend(figure, comparison, columns)
    return figure


def curve_figure(comparison: Comparison) -> Figure | Absent:
    """Every measure against the one number that was varied, with the bands of its intervals."""
    curve, shown = curve_of(comparison), dict(list(comparison.measures.items())[:PANELS])
    if isinstance(curve, Absent):
        return curve
    columns = min(COLUMNS, len(shown))
    lines = math.ceil(len(shown) / columns)
    across = f", by {curve.across}" if curve.across else ""
    title = f"Against {curve.along}{across}: mean, 95 % interval and {comparison.unit}"
    figure = sheet(columns * WIDE + 0.4, lines * 2.5 + 0.9, title)
    panels = figure.subplots(lines, columns, squeeze=False)
    _hide(list(panels.flat)[len(shown) :])
    for axes, (measure, entries) in zip(panels.flat, shown.items(), strict=False):
        _curves(axes, measure, entries, curve)
    for axes in panels.flat[max(0, len(shown) - columns) : len(shown)]:
        axes.set_xlabel(curve.along)
    if curve.across:
        figure.legend(
            *panels.flat[0].get_legend_handles_labels(),
            loc="outside lower left",
            ncols=min(3, len(curve.names)),
        )
    return figure


def curve_of(comparison: Comparison) -> Curve | Absent:
    """The number that was varied, at three values or more, and at most one thing beside it."""
    asked = {setting.name: setting.asked for setting in comparison.settings}
    keys = list(dict.fromkeys(key for given in asked.values() for key in given))
    columns = {key: [given.get(key, "") for given in asked.values()] for key in keys}
    numeric = [key for key in keys if all(_number(x) is not None for x in columns[key])]
    along = max(numeric, key=lambda key: len(set(columns[key])), default="")
    if not along or len(set(columns[along])) < POINTS:
        return Absent(f"no number was varied over at least {POINTS} values")
    others = [key for key in keys if key != along]
    if len(others) > 1 or any(len(set(columns[key])) > CURVES for key in others):
        return Absent(f"beside {along} more was varied than one figure can hold")
    across = others[0] if others else ""
    places = {
        name: (given.get(across, ""), _number(given[along]) or 0.0) for name, given in asked.items()
    }
    return Curve(along, across, places)


def _settings(axes: Axes, measure: str, entries: Mapping[str, Entry], baseline: str) -> None:
    base = entries.get(baseline)
    if base is not None and isinstance(base.estimate, Estimate) and len(entries) > 1:
        axes.axvline(base.estimate.mean, color=PALE, lw=1, ls=(0, (4, 2)), zorder=0)
    for place, (name, entry) in enumerate(entries.items()):
        if isinstance(entry.estimate, Absent):
            axes.text(0.5, place, "no value", transform=axes.get_yaxis_transform(), **ABSENT)
            continue
        _estimate(axes, place, entry.estimate, INK if name == baseline else MEDIUM, _face(entry))
    axes.set_ylim(len(entries) - 0.5, -0.5)
    axes.set_title(measure)
    axes.grid(axis="x", color="#e6e6e6", lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)
    axes.margins(x=0.06)


def _face(entry: Entry) -> str:
    """Filled where the difference to the baseline is shown."""
    found = entry.difference
    hollow = isinstance(found, Absent) or (isinstance(found, Difference) and not found.shown)
    return "white" if hollow else ""


def _estimate(axes: Axes, place: float, value: Estimate, ink: str, face: str) -> None:
    axes.plot(value.values, [place + 0.24] * value.n, "|", color=PALE, ms=4, mew=0.8)
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [place, place], color=ink, lw=1.8)
    axes.plot(value.mean, place, "o", color=ink, mfc=face or ink, ms=5, mew=1.3)


def _legend(figure: Figure, comparison: Comparison, columns: int) -> None:
    """What filled and hollow points mean, below all panels."""
    if len(comparison.settings) == 1:
        return
    handles = [
        Line2D([], [], color=INK, marker="o", ls="", label=f"baseline: {comparison.baseline}"),
        Line2D([], [], color=MEDIUM, marker="o", ls="", label="differs from it (Holm p < .05)"),
        Line2D([], [], color=MEDIUM, marker="o", mfc="white", ls="", label="not shown to differ"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=columns)


def _curves(axes: Axes, measure: str, entries: Mapping[str, Entry], curve: Curve) -> None:
    for number, name in enumerate(curve.names):
        found = sorted(
            (curve.places[setting][1], entry.estimate)
            for setting, entry in entries.items()
            if curve.places[setting][0] == name and isinstance(entry.estimate, Estimate)
        )
        if found:
            _curve(axes, found, SPARE[number], name)
    if curve.logarithmic:
        axes.set_xscale("log")
    values = sorted({x for _, x in curve.places.values()})
    if len(values) <= 6:
        axes.set_xticks(values, [f"{x:g}" for x in values])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title(measure)
    axes.grid(color="#e6e6e6", lw=0.7)
    axes.set_axisbelow(True)


def _curve(axes: Axes, found: Sequence[tuple[float, Estimate]], ink: str, name: str) -> None:
    for place, value in found:
        axes.plot([place] * value.n, value.values, "_", color=ink, ms=4, mew=0.8, alpha=0.45)
    x = [place for place, _ in found]
    means = [value.mean for _, value in found]
    low = [value.mean if value.low is None else value.low for _, value in found]
    high = [value.mean if value.high is None else value.high for _, value in found]
    axes.fill_between(x, low, high, color=ink, alpha=0.18, lw=0)
    axes.plot(x, means, "o-", color=ink, ms=4, label=name)


def _hide(panels: Sequence[Axes]) -> None:
    for axes in panels:
        axes.set_visible(False)


def _number(text: str) -> float | None:
    """A value of the command line as a number, if it is one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
