"""Weights of a concept layer while it learns: R2 and R6 of the noise-to-memory experiment."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from memlab.absent import Absent
from memlab.figures.doses import (
    WIDEST,
    Look,
    Rows,
    contrasted,
    diverged_at,
    headed,
    line,
    or_not_finite,
)
from memlab.figures.style import BAD, INK, SPARE, sheet, words
from memlab.hebbian.growth import LIMIT
from memlab.report import Report
from memlab.session import Session

WEIGHTS = {"weights", "slow", "fast"}  # what a layer calls them; slow and fast ones add up
MANY = 20  # times the mean weight, from which on a scale is logarithmic
NOTHING = "the medium records no 'largest_weight'"


def growth(session: Session, report: Report) -> Figure | Absent:
    """R2: the largest and the mean weight, with the growth that was foretold."""
    arms = [arm for arm in contrasted(session) if len(_series(session, arm, "largest_weight"))]
    if not arms:
        return Absent(NOTHING)
    title = headed(report, ["R2"], "R2: do weights grow for the concept?")
    figure = sheet(8.2, 3.9, title)
    panels = figure.subplots(1, 2)
    for axes, name in zip(panels, ("largest_weight", "mean_weight"), strict=True):
        for arm, ink in zip(arms, SPARE, strict=False):
            line(axes, _series(session, arm, name), Look(words(arm), ink))
        axes.set(xlabel="presentations", ylabel=words(name), yscale="log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        or_not_finite(axes)
    _foretold(panels[0], session, arms[0])
    _divergence(panels, session, arms)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def spectrum(session: Session, report: Report) -> Figure | Absent:
    """R6: the range of weights and their spectrum, with the concept and without."""
    arms = [arm for arm in contrasted(session) if len(_series(session, arm, "largest_weight"))]
    if not arms:
        return Absent(NOTHING)
    title = "R6: is the concept's signal told from noise in the weights?"
    figure = sheet(10.2, 3.9, headed(report, ["R6"], title))
    left, middle, right = figure.subplots(1, 3)
    for arm, ink in zip(arms, SPARE, strict=False):
        ratio = _series(session, arm, "largest_weight") / _series(session, arm, "mean_weight")
        line(left, ratio, Look(words(arm), ink))
        line(middle, _series(session, arm, "rank_one_share"), Look(words(arm), ink))
        values = _singular_values(session, arm)
        if values is not None:
            wide = max(WIDEST - len(right.lines), 1.0)
            right.plot(range(1, len(values) + 1), values, color=ink, lw=wide)
    left.set(xlabel="presentations", ylabel="largest over mean weight")
    if left.get_ylim()[1] > MANY:
        left.set_yscale("log")
    middle.set(xlabel="presentations", ylabel="share of the first direction", ylim=(0, 1.05))
    right.set(xlabel="direction", ylabel="singular value over the largest", yscale="log")
    right.set_title("replicate 0, at the end of the arm")
    for axes in (left, middle, right):
        or_not_finite(axes)
    _divergence([left, middle], session, arms)
    left.legend()
    return figure


def _series(session: Session, arm: str, name: str) -> Rows:
    """What a series of the medium ends at in every presentation of A, ``(presentations, R)``."""
    found = [e for e in session.exposures if arm in e.arms and e.phase.startswith("acquired")]
    rows = [e.series[name].values[:, -1].double().numpy() for e in found if name in e.series]
    return np.stack(rows) if rows else np.empty((0, 0))


def _foretold(axes: Axes, session: Session, arm: str) -> None:
    """The growth that the eigenvalue foretells, from the largest weight after one presentation."""
    foretold = _series(session, arm, "growth_foretold")
    if not len(foretold):
        return
    start = np.log(_series(session, arm, "largest_weight")[0].mean())
    per = foretold.mean(1) * _steps_of_presentation(session)
    sizes = np.exp(start + np.cumsum(per) - per[0])
    kept = sizes <= LIMIT  # beyond it the layer is over, whatever is foretold
    at = np.arange(1, len(per) + 1)
    axes.plot(at[kept], sizes[kept], color=INK, ls="--", lw=1, label="foretold: rate · λ - decay")


def _divergence(panels: Sequence[Axes], session: Session, arms: Sequence[str]) -> None:
    """Where the weights of the first arm that diverges stop to mean anything."""
    found = [diverged_at(_series(session, arm, "largest_weight")) for arm in arms]
    known = [at for at in found if at is not None]
    for axes in panels if known else ():
        axes.axvline(min(known), color=BAD, lw=1)
        axes.text(min(known), 1.0, "diverged ", color=BAD, fontsize=7, ha="right", va="bottom",
                  transform=axes.get_xaxis_transform())  # fmt: skip


def _singular_values(session: Session, arm: str) -> Rows | None:
    """Of the weights at the end of an arm, replicate 0, over the largest."""
    ends = [s.matrices for s in session.snapshots if arm in s.arms]
    weights = [m for name, m in ends[-1].items() if name in WEIGHTS] if ends else []
    if not weights or not all(bool(one.isfinite().all()) for one in weights):
        return None
    values: Rows = torch.linalg.svdvals(torch.stack(weights).double().sum(0)).numpy()
    over: Rows = values / values[0]
    return over


def _steps_of_presentation(session: Session) -> int:
    name = "growth_foretold"
    return next(int(e.series[name].steps[-1]) for e in session.exposures if name in e.series)
