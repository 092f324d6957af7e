"""How much of the past is told: MC(k), the accuracy at a lag, and totals against their bound."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.figures.style import CEILING, FLOOR, INK, PALE, SPARE, sheet
from memlab.metrics.ladder import Ladder, rungs
from memlab.metrics.past import LEVELS, accuracy_by_lag, by_lag, capacity
from memlab.metrics.series import series_last
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import band

DEGREES = {1: "linear", 2: "second degree", 3: "third degree"}


def memory_of_lags(session: Session, _: Report) -> Figure | Absent:
    """MC(k) and the accuracy at lag k, a curve per scale of the input, beside a ten-step filter.

    The bound: as many steps as there are units, each told wholly.
    """
    scales = [recall.at["scale"] for recall in rungs(session, "scale")]
    if not scales:
        return Absent("no recall on the axis 'scale'")
    first = by_lag(session, x=scales[0])
    if isinstance(first, Absent):
        return first
    figure = sheet(9.2, 3.9, "How much of the past is told")
    left, right = figure.subplots(1, 2)
    for scale, ink in zip(scales, SPARE, strict=False):
        total = capacity(session, x=scale)
        told = "" if isinstance(total, Absent) else f", Σ = {float(total.mean()):.1f}"
        _lags(left, by_lag(session, x=scale), ink, f"scale {scale:g}{told}")
        _lags(right, accuracy_by_lag(session, x=scale), ink, "")
    for scale in scales:
        _filter(left, by_lag(session, x=scale, control="linear_10_lags"))
        _filter(right, accuracy_by_lag(session, x=scale, control="linear_10_lags"))
    _bound(left, session, first.x[-1])
    right.axhline(1 / LEVELS, color=PALE, lw=1, ls=":")
    right.text(0, 1 / LEVELS, "chance", fontsize=7, ha="left", va="top")
    left.set(xlabel="lag k (steps)", ylabel="MC(k), null taken off", ylim=(-0.03, 1.05))
    right.set(xlabel="lag k (steps)", ylabel=f"told right among {LEVELS} levels", ylim=(0, 1.05))
    handles, labels = left.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=4)
    return figure


def capacity_by_scale(session: Session, _: Report) -> Figure | Absent:
    """What is told of each degree, stacked, against the scale of the input; the units bound it."""
    scales = [recall.at["scale"] for recall in rungs(session, "scale")]
    parts = {d: [capacity(session, x=scale, degree=d) for scale in scales] for d in DEGREES}
    lacking = [one for row in parts.values() for one in row if isinstance(one, Absent)]
    if lacking or not scales:
        return lacking[0] if lacking else Absent("no recall on the axis 'scale'")
    figure = sheet(5.4, 3.7, "Linear and nonlinear memory")
    axes, bottom = figure.subplots(), np.zeros(len(scales))
    for (degree, row), ink in zip(parts.items(), SPARE, strict=False):
        heights = np.array([float(one.mean()) for one in row if not isinstance(one, Absent)])
        axes.bar(range(len(scales)), heights, 0.62, bottom, color=ink, label=DEGREES[degree])
        bottom += heights
    for place, total in enumerate(bottom):
        axes.text(place, total, f"{total:.1f}", ha="center", va="bottom", fontsize=8)
    units = _units(session)
    if units is not None:
        axes.axhline(units, color=CEILING, lw=1.2, ls="--", label=f"{units:g} units: the most")
    axes.set_xticks(range(len(scales)), [f"{scale:g}" for scale in scales])
    axes.set(xlabel="scale of the input", ylabel="total of the shares told")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def _lags(axes: Axes, curve: Ladder | Absent, ink: str, label: str) -> None:
    if isinstance(curve, Absent):
        return
    values = curve.values.double()
    if len(values) > 1:
        axes.fill_between(curve.x, *band(values), color=ink, alpha=0.2, lw=0)
    axes.plot(curve.x, values.mean(0).numpy(), color=ink, label=label)


def _filter(axes: Axes, curve: Ladder | Absent) -> None:
    if not isinstance(curve, Absent):
        mean = curve.values.double().mean(0).numpy()
        axes.plot(curve.x, mean, color=FLOOR, ls="--", lw=1, label="linear filter of 10 steps")


def _bound(axes: Axes, session: Session, furthest: float) -> None:
    units = _units(session)
    if units is None:
        return
    end = min(units - 1, furthest)
    axes.plot([0, end, end], [1, 1, 0 if end < furthest else 1], color=INK, lw=0.9, ls=":")
    axes.text(end, 1.01, f"bound: Σ ≤ {units:g} units", fontsize=7, ha="right", va="bottom")


def _units(session: Session) -> float | None:
    """How many units there are, where the medium says so."""
    arm = next((arm for r in rungs(session, "scale") for arm in r.arms), "")
    found = series_last(session, arm=arm, phase="recall", series="units")
    return None if isinstance(found, Absent) else float(found[0])
