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
LINE, HEAD = 0.14, 1.2  # inches: the name of a floor, and all above and below the axes
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
    title: str = "",
) -> Figure | Absent:
    """The score of the answer step by step per arm, with the floors where the answer was taken.

    It is that of the whole pattern, also where the cue is certain of a part.
    """
    found = {arm: curve_of(session, arm, phase, series, group) for arm in arms}
    curves = {arm: curve for arm, curve in found.items() if not isinstance(curve, Absent)}
    if not curves:
        return next((c for c in found.values() if isinstance(c, Absent)), Absent("no arms"))
    heights = _floors(session, next(iter(curves)), phase, group, series) if floors else {}
    of = f", {group}" if isinstance(group, str) else ""
    clock = "logarithmic time" if logarithmic else "time"
    auto = f"Score against {clock}: {words(phase)}{of}"
    figure = sheet(7.2, max(3.9, LINE * len(heights) + HEAD + 0.4), title or auto)
    axes = figure.subplots()
    _draw_all(axes, curves, arms)
    if logarithmic:
        axes.set_xscale("symlog", linthresh=10)
    score = f"{words(series)} with the whole target"
    axes.set_ylabel(score if series in SCORES else words(series))
    _name_floors(axes, heights, figure.get_figheight() - HEAD)
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
        axes.set(xlabel="presentations (a rest counts for its length)", ylabel=label)
        axes.set(xlim=(0, None), ylim=(0, None))
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.axes[0].legend(loc="upper left")
    return figure


def _draw_all(axes: Axes, curves: dict[str, Series], arms: Sequence[str]) -> None:
    for arm, curve in curves.items():
        _draw(axes, curve, arm, arms)
    axes.axhline(0, color=PALE, lw=0.8, zorder=0)
    last = max(int(c.steps[-1]) for c in curves.values())
    single = all(len(c.steps) == 1 for c in curves.values())
    axes.set(xlim=(0, max(2 * last if single else last, 1)), xlabel="step")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.13), ncols=4, borderaxespad=0)


def _draw(axes: Axes, curve: Series, arm: str, arms: Sequence[str]) -> None:
    """Mean and band, of one step a dot and its interval.

    Later arms are dashed, so that arms of equal course all show.
    """
    ink, dashes = colour(arm, arms), DASHES[list(arms).index(arm) % len(DASHES)]
    steps, (low, high) = curve.steps.numpy(), band(curve.values)
    one = len(steps) == 1
    if len(curve.values) > 1:
        axes.fill_between(steps, low, high, color=ink, alpha=0.2, lw=3 if one else 0)
    mean = curve.values.double().nanmean(0).numpy()
    dot = "o" if one else None
    axes.plot(steps, mean, color=ink, lw=1.8, ls=dashes, marker=dot, label=words(arm))


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


def _name_floors(axes: Axes, heights: dict[str, float], inches: float) -> None:
    """Mark values at the right edge and name them beyond it; the axes are so many inches high."""
    if not heights:
        return
    low, high = axes.get_ylim()
    span = max(high - low, max(heights.values()) - low)
    labels = apart(list(heights.values()), LINE / inches * span)
    edge = axes.get_yaxis_transform()
    for (name, height), label in zip(heights.items(), labels, strict=True):
        bent = [height, height, label]
        axes.plot([0.985, 1, 1.02], bent, transform=edge, color=FLOOR, lw=0.8, clip_on=False)
        text = axes.text(1.025, label, f"{words(name)} {height:.2f}", transform=edge, va="center")
        text.set(fontsize=7.5, color="#666666")
    axes.set_ylim(min(low, *labels), max(high, *labels))


def _strung(session: Session, arm: str, series: str) -> Series | None:
    """A series of all that an arm lived through, its steps in units of one presentation.

    It starts at 0 where the medium was watched from its blank memory on.
    """
    lived = [e for e in session.exposures if arm in e.arms]
    ends = np.cumsum([e.presentations for e in lived])
    watched = [(end, e) for end, e in zip(ends, lived, strict=True) if series in e.series]
    if not watched:
        return None
    steps = [_within(e, series) + int(end) - e.presentations for end, e in watched]
    values = [e.series[series].values for _, e in watched]
    if watched[0][1] is lived[0] and len(steps[0]) and float(steps[0][0]) > 0:
        steps.insert(0, torch.zeros(1))
        values.insert(0, torch.zeros_like(values[0][:, :1]))
    return Series(torch.cat(steps), torch.cat(values, dim=-1), watched[0][1].series[series].unit)


def _within(exposure: Exposure, series: str) -> torch.Tensor:
    """Steps of an exposure in units of one presentation."""
    steps = exposure.series[series].steps.double()
    return exposure.presentations * steps / max(float(np.max(steps.numpy(), initial=1)), 1)
