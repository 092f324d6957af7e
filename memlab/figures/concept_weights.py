"""Weights of a concept layer while it learns: R2 and R6 of the noise-to-memory experiment."""

import numpy as np
import torch
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.figures.doses import WIDEST, Look, Rows, contrasted, line
from memlab.figures.style import INK, SPARE, sheet, words
from memlab.report import Report
from memlab.session import Session

WEIGHTS = {"weights", "slow", "fast"}  # what a layer calls them; slow and fast ones add up


def growth(session: Session, _: Report) -> Figure | Absent:
    """R2: the largest and the mean weight, with the growth that was foretold."""
    arms = [arm for arm in contrasted(session) if len(_series(session, arm, "largest_weight"))]
    if not arms:
        return Absent("the medium records no 'largest_weight'")
    figure = sheet(5.6, 3.8, "R2: do weights grow for the concept?")
    axes = figure.subplots()
    for arm, ink in zip(arms, SPARE, strict=False):
        for name, style in (("largest_weight", "-"), ("mean_weight", ":")):
            look = Look(f"{words(arm)}, {words(name)}", ink, style)
            line(axes, _series(session, arm, name), look)
    foretold = _series(session, arms[0], "growth_foretold")
    if len(foretold):
        size = _series(session, arms[0], "largest_weight")
        start = np.log(size[0].mean())
        per = foretold.mean(1) * _steps_of_presentation(session)
        axes.plot(
            range(1, len(per) + 1),
            np.exp(start + np.cumsum(per) - per[0]),
            color=INK,
            ls="--",
            lw=1,
            label="foretold from the first: rate · λ - decay",
        )
    axes.set_yscale("log")
    axes.set(xlabel="presentations", ylabel="weight")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def spectrum(session: Session, _: Report) -> Figure | Absent:
    """R6: the range of weights and their spectrum, with the concept and without."""
    arms = [arm for arm in contrasted(session) if len(_series(session, arm, "largest_weight"))]
    if not arms:
        return Absent("the medium records no 'largest_weight'")
    figure = sheet(10.2, 3.6, "R6: is the concept's signal told from noise in the weights?")
    left, middle, right = figure.subplots(1, 3)
    for arm, ink in zip(arms, SPARE, strict=False):
        ratio = _series(session, arm, "largest_weight") / _series(session, arm, "mean_weight")
        line(left, ratio, Look(words(arm), ink))
        line(middle, _series(session, arm, "rank_one_share"), Look(words(arm), ink))
        values = _singular_values(session, arm)
        if values is not None:
            wide = max(WIDEST - len(right.lines), 1.0)
            right.plot(range(1, len(values) + 1), values, color=ink, lw=wide)
    left.set(xlabel="presentations", ylabel="largest over mean weight", yscale="log")
    middle.set(xlabel="presentations", ylabel="share of the first direction", ylim=(0, 1.05))
    right.set(xlabel="direction", ylabel="singular value at the end", yscale="log")
    left.legend()
    return figure


def _series(session: Session, arm: str, name: str) -> Rows:
    """What a series of the medium ends at in every presentation of A, ``(presentations, R)``."""
    found = [e for e in session.exposures if arm in e.arms and e.phase.startswith("acquired")]
    rows = [e.series[name].values[:, -1].double().numpy() for e in found if name in e.series]
    return np.stack(rows) if rows else np.empty((0, 0))


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
