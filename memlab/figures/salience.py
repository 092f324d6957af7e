"""Recall of items that matter more and less."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from memlab.absent import Absent
from memlab.attractors import theory
from memlab.figures.style import BAD, INK, MEDIUM, PALE, sheet, words
from memlab.metrics.ladder import rungs
from memlab.metrics.salience import TERCILES, Third, by_tercile, effective_load, scored
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import estimate

ARMS = {"salient": BAD, "even": MEDIUM}
BINS = 8
DASHES: dict[Third, str] = {"low": ":", "middle": "--", "high": "-"}


def by_salience(session: Session, _: Report, *, measure: str = "success") -> Figure | Absent:
    """A score by thirds of salience, beside the same items when all are ordinary; and any scan."""
    found = {
        (arm, third): by_tercile(session, arm=arm, tercile=third, measure=measure)
        for arm in ARMS
        for third in DASHES
    }
    lacking = [one for one in found.values() if isinstance(one, Absent)]
    if lacking:
        return lacking[0]
    scan = _scanned(session)
    title = f"What matters more, and who pays ({words(measure)})"
    figure = sheet(8.4 if scan else 4.8, 3.6, title)
    panels = figure.subplots(1, 2 if scan else 1, squeeze=False)[0]
    _thirds(panels[0], {key: one for key, one in found.items() if isinstance(one, Tensor)})
    panels[0].set_ylabel(words(measure))
    if scan:
        _scan(panels[1], session, scan, measure)
    return figure


def _thirds(axes: Axes, found: Mapping[tuple[str, str], Tensor]) -> None:
    """Bars of each third, the arms side by side."""
    for (arm, third), values in found.items():
        one = estimate(values)
        at = TERCILES.index(third) + (0.2 if arm == "even" else -0.2)
        low = one.mean if one.low is None else one.low
        high = one.mean if one.high is None else one.high
        axes.bar(at, one.mean, width=0.38, color=ARMS[arm], alpha=0.6)
        axes.plot([at, at], [low, high], color=INK, lw=1.5)
        axes.text(at, high + 0.02, f"{one.mean:.2f}", ha="center", fontsize=7)
    axes.set_xticks(range(3), [f"{third} third" for third in TERCILES])
    axes.set_ylim(min(0, axes.get_ylim()[0]), 1.2)
    for arm, ink in ARMS.items():
        axes.bar(0, 0, color=ink, alpha=0.6, label=arm)
    axes.legend(loc="upper left", ncols=2)


def _scan(axes: Axes, session: Session, scan: Mapping[float, str], measure: str) -> None:
    """The score of each third against the parameter that was scanned."""
    for third, dashes in DASHES.items():
        rows = [by_tercile(session, arm=a, tercile=third, measure=measure) for a in scan.values()]
        means = [float(one.mean()) if isinstance(one, Tensor) else np.nan for one in rows]
        label = f"{third} third"
        axes.plot(list(scan), means, dashes, color=BAD, marker="o", ms=3, label=label)
    axes.set(xlabel=_axis(session), ylabel=words(measure), ylim=(-0.05, 1.05))
    axes.legend()


def against_load(
    session: Session, _: Report, *, arm: str, measure: str = "success"
) -> Figure | Absent:
    """A score of every item against its effective load Σ w² / (N w²), and what Hebb can hold."""
    loads, found = effective_load(session, arm), scored(session, arm, "recall", measure)
    if isinstance(loads, Absent):
        return loads
    if isinstance(found, Absent):
        return found
    x, y = loads.flatten().numpy(), found[1].flatten().numpy()
    figure = sheet(5.2, 3.6, f"Effective load and {words(measure)}")
    axes = figure.subplots()
    edges = np.quantile(x, np.linspace(0, 1, BINS + 1))
    which = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, BINS - 1)
    mids = [
        (np.median(x[which == b]), y[which == b].mean()) for b in range(BINS) if (which == b).any()
    ]
    jitter = np.random.default_rng(0).uniform(-0.02, 0.02, len(y))
    axes.plot(x, y + jitter, "o", color=PALE, ms=2.5, mew=0, alpha=0.5, label="items")
    axes.plot(*zip(*mids, strict=True), "o-", color=MEDIUM, label="mean of an eighth of them")
    axes.axvline(theory.HEBB, color=BAD, lw=1, ls="--", label="0.138: what Hebb holds")
    axes.set_xscale("log")
    axes.set(xlabel="effective load  Σ w² / (N w²)", ylabel=words(measure))
    axes.legend(loc="best", fontsize=7)
    return figure


def _axis(session: Session) -> str:
    names = {name for recall in session.recalls for name in recall.at}
    return min(names, default="")


def _scanned(session: Session) -> dict[float, str]:
    """The values of a scan, and the arm of each."""
    axis = _axis(session)
    return {r.at[axis]: r.arms[0] for r in rungs(session, axis)} if axis else {}
