"""Tasks: how well they are learned as learning goes on, and what is said beside what is right."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.figures.style import CEILING, FLOOR, INK, MEDIUM, PALE, apart, sheet, words
from memlab.metrics.ladder import Ladder, ladder
from memlab.metrics.measure import answered, asked, averaged
from memlab.metrics.scores import columns, score
from memlab.report import Report
from memlab.session import Recall, Session
from memlab.statistics import band

LOWEST = -0.25  # score below which a floor is only told by name
SHOWN = 150  # steps that fit side by side
TRIALS = 60  # trials that do
ROWS = 3  # outputs that are drawn
NAMED = {"r2": "R² of what is held out", "choice": "share of right choices"}


def learning_curve(
    session: Session, _: Report, *, arm: str, phase: str, measures: Sequence[str]
) -> Figure | Absent:
    """Scores against presentations, a panel per measure; every floor of the last test as a line."""
    found = {m: ladder(session, axis="presentations", measure=m, arm=arm) for m in measures}
    shown = {m: one for m, one in found.items() if isinstance(one, Ladder)}
    recall = asked(session, arm, phase)
    if not shown or isinstance(recall, Absent):
        lacking = [one for one in found.values() if isinstance(one, Absent)]
        return recall if isinstance(recall, Absent) else lacking[0]
    figure = sheet(5.6 * len(shown) + 0.4, 3.9, "How well the task is done as learning goes on")
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (measure, curve) in zip(panels, shown.items(), strict=True):
        _curve(axes, curve)
        _floors(axes, _scores(session, recall, measure), curve.x[-1])
        axes.set(xlabel="presentations of the task", ylabel=NAMED.get(measure, words(measure)))
    return figure


def said(session: Session, _: Report, *, arm: str, phase: str) -> Figure | Absent:
    """What is right, what the medium says and what a filter of ten steps says; replicate 0."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    if not session.space.outputs:
        return Absent("the patterns are no tasks, of inputs and outputs")
    sources = {"right": None, "the medium": None, "linear 10 lags": "linear_10_lags"}
    lines = {name: _line(session, recall, name, control) for name, control in sources.items()}
    drawn = {name: line for name, line in lines.items() if line is not None}
    figure = sheet(8.2, 1.5 * min(ROWS, len(session.space.outputs)) + 1.2, "What is said")
    panels = figure.subplots(min(ROWS, len(session.space.outputs)), 1, squeeze=False, sharex=True)
    inks = {"right": INK, "the medium": MEDIUM, "linear 10 lags": FLOOR}
    single = session.space.shape[0] > 1
    for k, axes in enumerate(panels[:, 0]):
        for name, line in drawn.items():
            style = ("o" if name == "right" else ".") if single else "-"
            width = 2.6 if name == "right" else 1.3
            axes.plot(line[:, k], style, color=inks[name], lw=width, label=name, alpha=0.85, ms=4)
        axes.set_ylabel(session.space.outputs[k])
        axes.set_ylim(-0.05, 1.05)
    panels[-1, 0].set_xlabel("answers, trial by trial" if single else "steps of the held-out part")
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(drawn)
    )
    return figure


def _line(session: Session, recall: Recall, name: str, control: str | None) -> np.ndarray | None:
    """The first asked outputs of item 0 in replicate 0, ``(steps, O)``."""
    found = answered(session, recall, [0], control)
    if isinstance(found, Absent):
        return None
    hidden = columns(~found.certain, found)[0, 0].any(-1)
    values = columns(found.truth if name == "right" else found.response, found)[0, 0, hidden]
    line: np.ndarray = values[: TRIALS if session.space.shape[0] > 1 else SHOWN].numpy()
    return line


def _scores(session: Session, recall: Recall, measure: str) -> dict[str, float]:
    """The mean score of every floor that has one."""
    found = {}
    for name in session.floors:
        one = averaged(score(measure), answered(session, recall, range(len(recall.items)), name))
        if not isinstance(one, Absent):
            found[name] = float(one.mean())
    return found


def _curve(axes: Axes, curve: Ladder) -> None:
    values, x = curve.values.double(), np.asarray(curve.x)
    axes.plot(x, values.numpy().T, color=MEDIUM, lw=0.5, alpha=0.25)
    if len(values) > 1:
        axes.fill_between(x, *band(values), color=MEDIUM, alpha=0.2, lw=0)
    axes.plot(x, values.mean(0).numpy(), "o-", color=MEDIUM, ms=4, label="the medium")
    axes.set_xscale("log", base=2)
    axes.set_xticks(x, [f"{one:g}" for one in x], minor=False)
    axes.minorticks_off()
    axes.axhline(1, color=CEILING, lw=0.8, ls=":")


def _floors(axes: Axes, scores: Mapping[str, float], right: float) -> None:
    """A dashed line for each floor, named beside the panel; the lowest are told below it."""
    near = {name: one for name, one in scores.items() if one >= LOWEST}
    axes.set_ylim(min(LOWEST, axes.get_ylim()[0]), 1.06)
    span = np.diff(axes.get_ylim())[0]
    for (name, height), at in zip(near.items(), apart([*near.values()], 0.055 * span), strict=True):
        axes.axhline(height, color=FLOOR, lw=0.9, ls="--", zorder=1)
        axes.annotate(
            f"{words(name)} {round(height, 2) + 0:.2f}",
            (right, height),
            xytext=(1.02, at),
            textcoords=("axes fraction", "data"),
            fontsize=7,
            color="#555555",
            va="center",
            annotation_clip=False,
        )
    if far := [words(name) for name, one in scores.items() if one < LOWEST]:
        axes.set_title(f"below {LOWEST:g}: {', '.join(far)}", fontsize=7, color=PALE)
