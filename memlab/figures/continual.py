"""Tasks learned in turn: the matrix of forgetting, and what is left of all in every arm."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from memlab.absent import Absent
from memlab.figures.style import INK, SPARE, sheet, words
from memlab.metrics.continual import (
    Results,
    average,
    backward_transfer,
    forgetting_max,
    learning_accuracy,
    results,
)
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import Estimate, estimate

DARK = 0.6  # score beyond which a field is too dark for dark print
LOWEST = -9.995  # score that still fits into a field
SUMS = {
    "all, at the end (ACC)": average,
    "each, just learned": learning_accuracy,
    "change since (BWT)": backward_transfer,
    "forgetting (max)": forgetting_max,
}


def forgetting_matrix(session: Session, _: Report, *, measure: str = "skill") -> Figure | Absent:
    """Mean R(i, j) of every arm: rows as tasks are learned, a column for each task."""
    found = _found(session, measure)
    if not found:
        return Absent("no tasks that are learned in turn")
    tallest = max(one.tasks + 1 for one in found.values())
    width = sum(0.62 * one.tasks + 0.5 for one in found.values())
    figure = sheet(
        max(6.0, width + 1.2), 0.5 * tallest + 1.7, f"What is known of each task ({words(measure)})"
    )
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (arm, one) in zip(panels, found.items(), strict=True):
        image = _matrix(axes, one)
        axes.set_title(words(arm))
    panels[0].set_ylabel("tasks learned")
    figure.colorbar(image, ax=list(panels), shrink=0.8, aspect=14, label=words(measure))
    return figure


def transfer_bars(session: Session, _: Report, *, measure: str = "skill") -> Figure | Absent:
    """ACC, plasticity, BWT and forgetting of every arm, with its replicates."""
    arms = list(_found(session, measure))
    if not arms:
        return Absent("no tasks that are learned in turn")
    figure = sheet(1.7 * len(SUMS) + 2.2, 3.6, "What is left, what was learned, what was lost")
    axes = figure.subplots()
    for k, arm in enumerate(arms):
        for place, of in enumerate(SUMS.values()):
            value = of(session, arm=arm, measure=measure)
            if not isinstance(value, Absent):
                _bar(
                    axes,
                    place + (k - (len(arms) - 1) / 2) * 0.8 / len(arms),
                    0.72 / len(arms),
                    estimate(value),
                    SPARE[k % len(SPARE)],
                )
        axes.bar(0, 0, color=SPARE[k % len(SPARE)], label=words(arm))
    axes.axhline(0, color=INK, lw=0.8)
    axes.set_xticks(range(len(SUMS)), list(SUMS))
    axes.set_ylabel(words(measure))
    figure.legend(loc="outside lower center", ncols=len(arms))
    return figure


def _found(session: Session, measure: str) -> dict[str, Results]:
    """The results of every arm that has some."""
    arms = dict.fromkeys(arm for recall in session.recalls for arm in recall.arms)
    each = {arm: results(session, arm=arm, measure=measure) for arm in arms}
    return {arm: one for arm, one in each.items() if isinstance(one, Results)}


def _matrix(axes: Axes, found: Results) -> AxesImage:
    """One arm's matrix; a line parts what had been learned from what had not."""
    mean = np.full((found.tasks + 1, found.tasks), np.nan)
    mean[list(found.learned)] = found.values.double().mean(0).numpy()
    image = axes.imshow(mean, cmap="RdBu_r", norm=Normalize(-1, 1), aspect="auto")
    for (row, task), value in np.ndenumerate(mean):
        if np.isnan(value):
            continue
        ink = "white" if abs(value) > DARK else INK
        text = f"{value:.2f}" if value > LOWEST else f"< {LOWEST:g}"
        axes.text(task, row, text, ha="center", va="center", fontsize=7.5, color=ink)
    for learned in found.learned:
        axes.plot([learned - 0.5] * 2, [learned - 0.5, learned + 0.5], color=INK, lw=1.6)
    axes.set_xticks(range(found.tasks), [str(j + 1) for j in range(found.tasks)])
    axes.set_yticks(range(found.tasks + 1), [str(i) for i in range(found.tasks + 1)])
    axes.set_xlabel("task")
    return image


def _bar(axes: Axes, place: float, width: float, value: Estimate, ink: str) -> None:
    axes.bar(place, value.mean, width, color=ink, alpha=0.5)
    sideways = np.linspace(-0.3, 0.3, value.n) * width if value.n > 1 else np.zeros(1)
    axes.plot(place + sideways, value.values, ".", color=ink, ms=3)
    if value.low is not None and value.high is not None:
        axes.plot([place, place], [value.low, value.high], color=INK, lw=1.6)
