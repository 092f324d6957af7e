"""What goes on inside a recurrent cell: activity, gates, time constants, reach of the gradient."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.figures.style import INK, MEDIUM, PALE, SPARE, sheet, words
from memlab.metrics.measure import asked
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import band
from memlab.substrate import Series

ACTIVITY, DISTRIBUTION, GRADIENT = "activity/", "distribution/", "gradient_norm"
BINS = 24
WIDE = 20  # times as long as the shortest, from which on times are shown on a logarithmic axis
NOTHING = "the medium records nothing of the inside of a cell here"


def activity(session: Session, _: Report, *, arm: str, phase: str) -> Figure | Absent:
    """The mean size of every state, and what the cell measures of itself, step by step."""
    found = _series(session, arm, phase, ACTIVITY)
    if isinstance(found, Absent):
        return found
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    figure = sheet(3.1 * columns + 0.4, 1.9 * rows + 0.7, "Activity while the task is followed")
    panels = list(figure.subplots(rows, columns, squeeze=False, sharex=True).flat)
    for axes, (name, series) in zip(panels, found.items(), strict=False):
        values = series.values[:, 0].double()
        axes.plot(series.steps, values.numpy().T, color=MEDIUM, lw=0.4, alpha=0.3)
        axes.plot(series.steps, values.mean(0).numpy(), color=INK, lw=1.2)
        axes.set_title(_named(name))
    for axes in panels[len(found) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(found) - columns) : len(found)]:  # the last of every column
        axes.tick_params(labelbottom=True)
    figure.supxlabel("step", fontsize=9)
    return figure


def distributions(session: Session, _: Report, *, arm: str, phase: str) -> Figure | Absent:
    """Histograms of gates and time constants over all units and replicates."""
    found = _series(session, arm, phase, DISTRIBUTION)
    if isinstance(found, Absent):
        return found
    figure = sheet(3.2 * len(found) + 0.4, 3.0, "Gates and time constants")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (name, series) in zip(panels, found.items(), strict=True):
        _histogram(axes, name, series)
    return figure


def gradient_reach(session: Session, _: Report, *, arm: str, phase: str) -> Figure | Absent:
    """‖∂y(t)/∂x(t - k)‖ against the lag k: how far back learning can look."""
    found = _series(session, arm, phase, GRADIENT)
    if isinstance(found, Absent):
        return found
    series = found[GRADIENT]
    values = series.values[:, 0].double().clamp(min=1e-12).log10()
    figure = sheet(5.0, 3.4, "How far back the gradient reaches")
    axes = figure.subplots()
    axes.plot(series.steps, 10 ** values.numpy().T, color=MEDIUM, lw=0.4, alpha=0.3)
    if len(values) > 1:
        low, high = band(values)
        axes.fill_between(series.steps.numpy(), 10**low, 10**high, color=MEDIUM, alpha=0.2, lw=0)
    axes.plot(series.steps, 10 ** values.mean(0).numpy(), color=INK, lw=1.4)
    axes.set(xlabel="lag k (steps)", ylabel="‖∂y(t) / ∂x(t - k)‖", yscale="log")
    axes.grid(axis="y", color=PALE, alpha=0.3, lw=0.6)
    return figure


def _series(session: Session, arm: str, phase: str, prefix: str) -> Mapping[str, Series] | Absent:
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    found = {name: one for name, one in recall.series.items() if name.startswith(prefix)}
    return found or Absent(NOTHING)


def _histogram(axes: Axes, name: str, series: Series) -> None:
    """From percentiles, each of which stands for as many units."""
    values = series.values[:, 0].double().numpy().ravel()
    values, timed = values[np.isfinite(values)], "time_constant" in name
    low, high = (values.min(), values.max()) if timed and len(values) else (0.0, 1.0)
    if timed and high > WIDE * max(low, 1e-9):
        edges = np.geomspace(max(low, high / 1e6), high, BINS)
        axes.set_xscale("log")
    else:
        edges = np.linspace(low, high, BINS)
    heights, _ = np.histogram(values, edges)
    axes.stairs(heights / max(len(values), 1), edges, fill=True, color=SPARE[0])
    axes.set(xlabel="steps" if timed else "share", ylabel="of the units")
    axes.set_title(_named(name))


def _named(name: str) -> str:
    """A series as a heading: one letter is the state of that name."""
    bare = name.split("/", 1)[-1]
    if bare.startswith("time_constant_"):
        return f"time constant of {bare.removeprefix('time_constant_')}"
    return f"mean |{bare}|" if len(bare) <= 2 else words(bare)
