"""How each single cue's recall goes on, step by step."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from memlab.absent import Absent
from memlab.figures.style import BAD, GOOD, PALE, sheet, words
from memlab.metrics.measure import answered, asked
from memlab.metrics.scores import success
from memlab.report import Report
from memlab.session import Recall, Session
from memlab.substrate import Series

Flags: TypeAlias = NDArray[np.bool_]

PLANES = 3  # axes (R, C, S) of a series per cue
MOST = 400  # courses that are drawn; of more, evenly spread ones


def courses(
    session: Session,
    _: Report,
    *,
    arm: str,
    phase: str | None = None,
    series: Sequence[str] = ("energy", "pearson"),
) -> Figure | Absent:
    """Energy and score of every cue along a recall, told apart by how it ends.

    No phase asks for the last recall of the arm.
    """
    recall = _last(session, arm) if phase is None else asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    shown = {n: recall.series[n] for n in series if n in recall.series}
    shown = {n: s for n, s in shown.items() if s.values.ndim == PLANES and len(s.steps) > 1}
    if not shown:
        return Absent(f"the medium answers in one step, or records none of {', '.join(series)}")
    ends = _succeeded(session, recall)
    if isinstance(ends, Absent):
        return ends
    where = f"{words(arm)}, {words(recall.phase)}"
    figure = sheet(4.0 * len(shown) + 0.8, 3.9, f"The course of every cue: {where}")
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (name, one) in zip(panels, shown.items(), strict=True):
        _draw(axes, one, ends)
        axes.set(xlabel="step", ylabel=words(name) + (f" ({one.unit})" if one.unit else ""))
    _legend(figure, ends)
    return figure


def _last(session: Session, arm: str) -> Recall | Absent:
    found = [recall for recall in session.recalls if arm in recall.arms]
    return found[-1] if found else Absent(f"nothing was asked in arm {arm!r}")


def _succeeded(session: Session, recall: Recall) -> Flags | Absent:
    """Which cues ended in their item, ``(R · C)``."""
    given = answered(session, recall, range(len(recall.items)))
    found = given if isinstance(given, Absent) else success(given)
    return found if isinstance(found, Absent) else np.asarray(found.flatten().numpy() > 0)


def _draw(axes: Axes, one: Series, ends: Flags) -> None:
    """A thin line per cue and a thick one for the mean of those that end alike."""
    steps, values = one.steps.numpy(), one.values.flatten(0, 1).double().numpy()  # (R · C, S)
    for right, ink in ((False, BAD), (True, GOOD)):
        rows = values[ends == right]
        if not len(rows):
            continue
        axes.plot(steps, rows[:: -(-len(rows) // MOST)].T, color=ink, lw=0.6, alpha=0.25)
        axes.plot(steps, np.nanmean(rows, 0), color=ink, lw=2.2)
    axes.set_xlim(0, steps[-1])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.axhline(0, color=PALE, lw=0.8, zorder=0)


def _legend(figure: Figure, ends: Flags) -> None:
    """What the colours mean, and how many cues each stands for."""
    axes = figure.axes[0]
    for right, ink, meaning in ((True, GOOD, "recalled"), (False, BAD, "not recalled")):
        count = int((ends == right).sum())
        axes.plot([], [], color=ink, lw=2.2, label=f"{meaning}: {count} cues (thick: mean)")
    figure.legend(loc="outside lower left", ncols=2)
