"""Scores and scars against time."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.figures.style import FLOOR, PALE, apart, colour, sheet, words
from memlab.metrics.measure import Group, asked
from memlab.metrics.recall import likeness
from memlab.metrics.scores import SCORES
from memlab.metrics.series import curve_of
from memlab.report import Report
from memlab.session import Exposure, Session
from memlab.statistics import band
from memlab.substrate import Series

DASHES = ("-", "-", (0, (5, 2)), (0, (1.5, 1.5)))
GROWTH = {"scar_mass": "scar mass", "saturated": "saturated share"}


def score_over_time(
    session: Session,
    _: Report,
    *,
    arms: Sequence[str],
    phase: str,
    group: Group | None = None,
    series: str = "pearson",
    floors: bool = True,
    logarithmic: bool = False,
) -> Figure | Absent:
    """The score of the answer step by step per arm, with the floors where the answer was taken."""
    found = {arm: curve_of(session, arm, phase, series, group) for arm in arms}
    curves = {arm: curve for arm, curve in found.items() if not isinstance(curve, Absent)}
    if not curves:
        return next((c for c in found.values() if isinstance(c, Absent)), Absent("no arms"))
    of = f", {group}" if isinstance(group, str) else ""
    figure = sheet(7.2, 3.9, f"Score against time: {words(phase)}{of}")
    axes = figure.subplots()
    _draw_all(axes, curves, arms)
    if logarithmic:
        axes.set_xscale("symlog", linthresh=10)
    axes.set_ylabel(f"{words(series)} with the target")
    if floors:
        _name_floors(axes, _floors(session, next(iter(curves)), phase, group, series))
    return figure


def scar_growth(session: Session, _: Report, *, arms: Sequence[str]) -> Figure | Absent:
    """Scar mass and its saturated share along the presentations of each arm."""
    grown = {
        name: {arm: line for arm in arms if (line := _strung(session, arm, name)) is not None}
        for name in GROWTH
    }
    grown = {name: lines for name, lines in grown.items() if lines}
    if not grown:
        return Absent("the medium records neither scar mass nor saturation")
    figure = sheet(4.2 * len(grown) + 0.4, 3.5, "Growth of the scars while writing")
    panels = figure.subplots(1, len(grown), squeeze=False)[0]
    for axes, (name, lines) in zip(panels, grown.items(), strict=True):
        for arm, curve in lines.items():
            _draw(axes, curve, arm, arms)
        unit = next(iter(lines.values())).unit
        label = GROWTH[name] + (f" ({unit})" if unit else "")
        axes.set(xlabel="presentations (a rest counts as one)", ylabel=label)
        axes.set_ylim(bottom=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.axes[0].legend(loc="upper left")
    return figure


def _draw_all(axes: Axes, curves: dict[str, Series], arms: Sequence[str]) -> None:
    for arm, curve in curves.items():
        _draw(axes, curve, arm, arms)
    axes.axhline(0, color=PALE, lw=0.8, zorder=0)
    axes.set(xlim=(0, max(int(c.steps[-1]) for c in curves.values())), xlabel="step")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.13), ncols=4, borderaxespad=0)


def _draw(axes: Axes, curve: Series, arm: str, arms: Sequence[str]) -> None:
    """Mean and band; later arms are dashed, so that arms of equal course all show."""
    ink, dashes = colour(arm, arms), DASHES[list(arms).index(arm) % len(DASHES)]
    steps, (low, high) = curve.steps.numpy(), band(curve.values)
    if len(curve.values) > 1:
        axes.fill_between(steps, low, high, color=ink, alpha=0.2, lw=0)
    mean = curve.values.double().nanmean(0).numpy()
    axes.plot(steps, mean, color=ink, lw=1.8, ls=dashes, label=words(arm))


def _floors(
    session: Session, arm: str, phase: str, group: Group | None, series: str
) -> dict[str, float]:
    """The score of each floor at the end of the recall."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent) or series not in SCORES:
        return {}
    chosen = recall.items if group is None else group
    scored = {
        name: likeness(session, arm=arm, phase=phase, group=chosen, measure=series, control=name)
        for name in session.floors
        if name in recall.controls
    }
    return {name: float(s.mean()) for name, s in scored.items() if not isinstance(s, Absent)}


def _name_floors(axes: Axes, heights: dict[str, float]) -> None:
    """Mark values at the right edge and name them beyond it."""
    low, high = axes.get_ylim()
    size = min(7.5, 100 / max(len(heights), 1))
    labels = apart(list(heights.values()), 0.0074 * size * (high - low))
    edge = axes.get_yaxis_transform()
    for (name, height), label in zip(heights.items(), labels, strict=True):
        bent = [height, height, label]
        axes.plot([0.985, 1, 1.02], bent, transform=edge, color=FLOOR, lw=0.8, clip_on=False)
        text = axes.text(1.025, label, f"{words(name)} {height:.2f}", transform=edge, va="center")
        text.set(fontsize=size, color="#666666")
    if labels:
        axes.set_ylim(min(low, *labels), max(high, *labels))


def _strung(session: Session, arm: str, series: str) -> Series | None:
    """A series of all writes of an arm, its steps in units of one presentation."""
    written = [e for e in session.exposures if arm in e.arms and series in e.series]
    if not written:
        return None
    return Series(
        torch.cat([_within(e, series) + place for place, e in enumerate(written)]),
        torch.cat([e.series[series].values for e in written], dim=-1),
        written[0].series[series].unit,
    )


def _within(exposure: Exposure, series: str) -> torch.Tensor:
    """Steps of one presentation as a share of it."""
    steps = exposure.series[series].steps.double()
    return steps / max(float(np.max(steps.numpy(), initial=1)), 1)
