"""Treatments and controls side by side, with every replicate as a point."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from memlab.absent import Absent
from memlab.figures.style import CEILING, FLOOR, INK, MEDIUM, PALE, colour, sheet, words
from memlab.metrics.measure import Group, Measure, asked
from memlab.metrics.recall import likeness
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import Estimate, estimate

LOWEST = -1.5  # score beyond which a bar is cut off; its number tells how far it goes
TREATMENTS = {  # group -> bars: label -> (arm, phase)
    "targets": {
        "before": ("interfered", "before"),
        "after idling": ("idle", "after"),
        "after lures": ("interfered", "after"),
        "after\nrehearsal": ("rehearsed", "after"),
        "never\nwritten": ("lures_only", "after"),
    },
    "lures": {
        "alone": ("lures_only", "after"),
        "after\ntargets": ("interfered", "after"),
        "never\nwritten": ("idle", "after"),
    },
}


def interference_bars(session: Session, _: Report, *, measure: str = "pearson") -> Figure | Absent:
    """The arms of a three-phase run: decay, interference both ways, rehearsal, chance."""
    found = {g: _scores(session, g, measure) for g in TREATMENTS if g in session.groups}
    if not any(found.values()):
        return Absent("none of the arms of the three-phase protocol was run")
    figure = sheet(8.4, 3.7, f"What time and other memories take away ({words(measure)})")
    widths = [len(TREATMENTS[g]) for g in found]
    panels = figure.subplots(1, len(found), width_ratios=widths, sharey=True, squeeze=False)[0]
    for axes, (group, scores) in zip(panels, found.items(), strict=True):
        for place, (label, score) in enumerate(scores.items()):
            arm, phase = TREATMENTS[group][label]
            _bar(axes, place, score, colour(arm) if "never" not in label else PALE)
            _best_floor(axes, place, session, arm, phase, group, measure)
        axes.set_xticks(range(len(scores)), list(scores))
        axes.set_title(f"recall of the {group}")
        axes.axhline(0, color=INK, lw=0.8)
        axes.set_ylim(min(axes.get_ylim()[0], -0.05), max(1.1, axes.get_ylim()[1]))
    figure.axes[0].set_ylabel(words(measure))
    figure.axes[-1].plot([], [], color=INK, ls=":", lw=1.4, label="best floor")
    figure.axes[-1].legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    return figure


def control_bars(
    session: Session,
    _: Report,
    *,
    arm: str,
    phase: str,
    group: Group,
    measure: str = "pearson",
) -> Figure | Absent:
    """The medium's score among those of every control that ran beside it."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    names = [n for n in (*session.floors, *session.ceilings) if n in recall.controls]
    wanted: list[tuple[str, str | None]] = [("the medium", None), *((n, n) for n in names)]
    score = partial(likeness, session, arm=arm, phase=phase, group=group, measure=measure)
    scores = _present({label: score(control=control) for label, control in wanted})
    if not scores:
        return Absent(f"{measure} has no meaning here")
    title = f"The medium among its controls: {words(arm)}, {words(phase)}"
    figure = sheet(6.6, 0.27 * len(scores) + 1.2, title)
    _ranked(figure.subplots(), session, scores, words(measure))
    figure.legend(loc="outside lower right", ncols=2)
    return figure


def _ranked(axes: Axes, session: Session, scores: Mapping[str, Estimate], label: str) -> None:
    order = sorted(scores, key=lambda name: scores[name].mean)
    for place, name in enumerate(order):
        ink = MEDIUM if name == "the medium" else CEILING if name in session.ceilings else FLOOR
        score = scores[name]
        axes.barh(place, score.mean, color=ink, height=0.72, alpha=0.85)
        if score.low is not None and score.high is not None:
            axes.plot([score.low, score.high], [place, place], color=INK, lw=1.2)
        high = max(score.mean, score.high or 0, 0)
        axes.text(high + 0.025, place, f"{score.mean:.3f}", va="center", fontsize=7.5)
    axes.set_yticks(range(len(order)), [words(name) for name in order])
    axes.get_yticklabels()[order.index("the medium")].set_fontweight("bold")
    axes.axvline(scores["the medium"].mean, color=MEDIUM, lw=1, ls=":", zorder=0)
    axes.axvline(0, color=INK, lw=0.8)
    left = max(LOWEST, min(0, axes.get_xlim()[0]))
    right = 1.12 * max(score.high or score.mean for score in scores.values())
    axes.set(xlabel=label, xlim=(left, max(1.1, right)))
    for ink, meaning in ((FLOOR, "floor"), (CEILING, "ceiling")):
        axes.barh(0, 0, color=ink, label=meaning)


def _scores(session: Session, group: str, measure: str) -> dict[str, Estimate]:
    return _present(
        {
            label: likeness(session, arm=arm, phase=phase, group=group, measure=measure)
            for label, (arm, phase) in TREATMENTS[group].items()
        }
    )


def _present(scores: Mapping[str, Measure]) -> dict[str, Estimate]:
    return {n: estimate(s) for n, s in scores.items() if isinstance(s, Tensor)}


def _bar(axes: Axes, place: int, score: Estimate, ink: str) -> None:
    axes.bar(place, score.mean, color=ink, width=0.66, alpha=0.45)
    sideways = np.linspace(-0.2, 0.2, score.n) if score.n > 1 else np.zeros(1)
    axes.plot(place + sideways, score.values, "o", color=ink, ms=3.2, mec="white", mew=0.4)
    if score.low is not None and score.high is not None:
        axes.plot([place, place], [score.low, score.high], color=INK, lw=2)
    top = max(*score.values, score.high or 0, 0) + 0.015
    axes.text(place, top, f"{score.mean:.2f}", fontsize=7.5, va="bottom", ha="center")


def _best_floor(  # noqa: PLR0917  the place of one mark
    axes: Axes, place: int, session: Session, arm: str, phase: str, group: str, measure: str
) -> None:
    """A dotted line at the highest floor of this recall."""
    scores = [
        likeness(session, arm=arm, phase=phase, group=group, measure=measure, control=name)
        for name in session.floors
    ]
    means = [float(s.mean()) for s in scores if not isinstance(s, Absent)]
    if means:
        axes.plot([place - 0.38, place + 0.38], [max(means)] * 2, color=INK, ls=":", lw=1.4)
