"""What a search tried, what came of it, and what mattered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from memlab.absent import Absent
from memlab.figures.style import INK, MEDIUM, PALE, UNSURE, sheet, words

COLUMNS = 3
TICKS = 5
LATE = LinearSegmentedColormap.from_list("late", ["#cfe5f2", MEDIUM, "#08243a"])  # early to late


@final
@dataclass(frozen=True)
class Tried:
    """One trial of a search; ``value`` is None if it failed or was given up."""

    number: int
    chosen: Mapping[str, float | str]
    value: float | None
    early: float | None = None  # what it was given up for


@final
@dataclass(frozen=True)
class Searched:
    """All trials of a search."""

    metric: str
    maximized: bool
    scales: Mapping[str, bool]  # axis -> whether it is searched by its logarithm
    trials: tuple[Tried, ...]

    @property
    def finished(self) -> list[Tried]:
        """The trials that have a value, as they were asked."""
        return [trial for trial in self.trials if trial.value is not None]

    @property
    def best(self) -> list[Tried]:
        """The trials that have a value, the best first."""
        sign = -1.0 if self.maximized else 1.0
        return sorted(self.finished, key=lambda trial: sign * (trial.value or 0.0))

    @property
    def scores(self) -> NDArray[np.float64]:
        """The values of the finished trials."""
        return np.array([trial.value for trial in self.finished], dtype=float)


def history(found: Searched) -> Figure:
    """Every trial in its order, and the best until then."""
    figure = sheet(7.4, 3.6, f"What the search found: {words(found.metric)}")
    axes = figure.subplots()
    numbers, scores = [trial.number for trial in found.finished], found.scores
    best = np.maximum.accumulate(scores) if found.maximized else np.minimum.accumulate(scores)
    given_up = [trial for trial in found.trials if trial.value is None and trial.early is not None]
    failed = [t.number for t in found.trials if t.value is None and t.early is None]
    axes.plot(numbers, scores, "o", color=MEDIUM, ms=4, mec="white", mew=0.4, label="finished")
    axes.step(numbers, best, where="post", color=INK, lw=1.2, label="best so far")
    if given_up:
        at, early = [t.number for t in given_up], [t.early or 0.0 for t in given_up]
        axes.plot(at, early, "x", color=PALE, ms=4, label="given up, at its early metric")
    if failed:
        floor = axes.get_ylim()[0]
        axes.plot(failed, [floor] * len(failed), "^", color=UNSURE, ms=4, label="no value")
    axes.set(xlabel="trial", ylabel=words(found.metric))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside lower left", ncols=4)
    return figure


def parallel(found: Searched) -> Figure:
    """Every finished trial as a line through all it chose to what came of it."""
    names = list(found.scales)
    figure = sheet(
        max(6.0, 1.6 * (len(names) + 1) + 1.2), 4.0, "What was chosen, and what came of it"
    )
    axes = figure.subplots()
    scale = Normalize(found.scores.min(), found.scores.max())
    heights = np.stack([*(placed(found, name) for name in names), scale(found.scores)], axis=1)
    order = np.argsort(found.scores if found.maximized else -found.scores)
    colours = mpl.colormaps["viridis_r" if found.maximized else "viridis"]  # the best are dark
    for row in order:  # the best on top
        ink = colours(scale(found.scores[row]))
        axes.plot(heights[row], color=ink, lw=1.3, alpha=0.8, solid_joinstyle="round")
    for place, name in enumerate(names):
        rule(axes, place, *ticks(found, name))
    low, high = found.scores.min(), found.scores.max()
    values = np.linspace(low, high, TICKS) if high > low else np.array([low])
    rule(axes, len(names), [float(scale(v)) for v in values], [f"{v:.3g}" for v in values])
    axes.set_xticks(range(len(names) + 1), [*map(short, names), words(found.metric)])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=8)
    axes.set(xlim=(-0.1, len(names) + 0.35), ylim=(-0.04, 1.04))
    figure.colorbar(ScalarMappable(scale, colours), ax=axes, label=words(found.metric), pad=0.02)
    return figure


def slices(found: Searched) -> Figure:
    """What came of it against every axis by itself."""
    names = list(found.scales)
    rows = -(-len(names) // COLUMNS)
    columns = min(len(names), COLUMNS)
    figure = sheet(max(3.4 * columns, 4.6), 2.7 * rows + 0.5, "What came of it, axis by axis")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    numbers = [trial.number for trial in found.finished]
    points = None
    for axes, name in zip(panels.flat, names, strict=False):
        at, labels = slots(found, name)
        points = axes.scatter(at, found.scores, c=numbers, cmap=LATE)
        points.set(edgecolor=INK, linewidth=0.4, sizes=[22])
        if labels:
            axes.set_xticks(range(len(labels)), labels)
            axes.set_xlim(-0.5, len(labels) - 0.5)
        elif found.scales[name]:
            axes.set_xscale("log")
            axes.set_xticks(*marks(found, name, 4), minor=False)
            axes.xaxis.set_minor_locator(NullLocator())
        elif whole(found, name):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(short(name))
    for axes in panels[:, 0]:
        axes.set_ylabel(words(found.metric))
    if points is not None:
        figure.colorbar(points, ax=panels, label="trial", pad=0.02)
    return figure


def importances(found: Searched, shares: Mapping[str, float]) -> Figure | Absent:
    """How much of what differs between trials each axis accounts for."""
    if not shares:
        return Absent("the trials do not differ enough to say what mattered")
    figure = sheet(6.6, 0.34 * len(shares) + 1.3, f"What mattered for {words(found.metric)}")
    axes = figure.subplots()
    ordered = sorted(shares.items(), key=lambda pair: pair[1])
    for place, (_, share) in enumerate(ordered):
        axes.barh(place, share, color=MEDIUM, height=0.6)
        axes.text(share + 0.012, place, f"{share:.2f}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(ordered)), [short(name) for name, _ in ordered])
    axes.tick_params(axis="y", length=0)
    axes.set(
        xlim=(0, 1.08), xlabel=f"share of the variance over {len(found.finished)} trials (fANOVA)"
    )
    return figure


def placed(found: Searched, name: str) -> NDArray[np.float64]:
    """Where the finished trials stand on an axis from 0 to 1; choices are spread a little."""
    at, labels = slots(found, name)
    if labels:
        return (at + 0.5) / len(labels)
    values = np.log(at) if found.scales[name] else at
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.full(len(values), 0.5)


def slots(found: Searched, name: str) -> tuple[NDArray[np.float64], list[str]]:
    """The numbers chosen on an axis; of choices their places, beside one another, and names."""
    chosen = [trial.chosen[name] for trial in found.finished]
    if not any(isinstance(value, str) for value in chosen):
        return np.array(chosen, dtype=float), []
    labels = sorted({str(trial.chosen[name]) for trial in found.trials})
    aside = np.linspace(-0.2, 0.2, len(chosen))
    return np.array([labels.index(str(value)) for value in chosen]) + aside, labels


def ticks(found: Searched, name: str) -> tuple[list[float], list[str]]:
    """Heights on an axis from 0 to 1, and what stands there."""
    at, labels = slots(found, name)
    if labels:
        return [(place + 0.5) / len(labels) for place in range(len(labels))], labels
    low, high = at.min(), at.max()
    if not low < high:
        return [0.5], [f"{low:.3g}"]
    values, labels = marks(found, name, TICKS)
    scaled = np.log if found.scales[name] else np.asarray
    return [float(x) for x in (scaled(values) - scaled(low)) / (scaled(high) - scaled(low))], labels


def marks(found: Searched, name: str, count: int) -> tuple[list[float], list[str]]:
    """A few numbers between the least and the largest that was chosen, and how they are written."""
    at, _ = slots(found, name)
    spread = np.geomspace if found.scales[name] else np.linspace
    values = spread(at.min(), at.max(), count)
    if whole(found, name):
        values = np.unique(values.round())
    digits = 3 if count == TICKS else 2
    return [float(value) for value in values], [f"{value:.{digits}g}" for value in values]


def whole(found: Searched, name: str) -> bool:
    """Whether an axis has whole numbers only."""
    return all(isinstance(trial.chosen[name], int) for trial in found.finished)


def rule(axes: Axes, place: int, heights: Sequence[float], labels: Sequence[str]) -> None:
    """A vertical axis with its labels."""
    axes.plot([place, place], [0, 1], color="#666666", lw=0.8, zorder=3)
    for height, label in zip(heights, labels, strict=True):
        axes.plot([place - 0.015, place], [height, height], color="#666666", lw=0.8, zorder=3)
        text = axes.text(place + 0.03, height, label, fontsize=7.5, va="center", zorder=4)
        text.set_bbox({"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8})


def short(name: str) -> str:
    """An axis by its last word, which is enough beside others."""
    return words(name.lstrip("+").rpartition(".")[2])
