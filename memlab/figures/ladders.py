"""Scores along an axis: load, damage, gap, age; each beside its controls and what theory says."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from memlab.absent import Absent
from memlab.attractors import theory
from memlab.figures.style import CEILING, FLOOR, INK, MEDIUM, PALE, SPARE, sheet, words
from memlab.hebbian import associations
from memlab.metrics import ages
from memlab.metrics.ladder import Ladder, Place, ladder
from memlab.metrics.measure import Measure
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import Floats, band

Scored: TypeAlias = Callable[[str | None], Ladder | Absent]  # of a control, or of the medium

BINARY = 2
SPARSE = 4  # of units, at most one in so many is on in a sparse pattern
NAMED = 2  # floors told by name: those that are highest at most points
UNITS = {
    "items": "items learned",
    "flips": "share of the cue's values that are wrong",
    "hidden": "share of the cue that is not given",
    "amplitude": "amplitude of the cue",
    "share": "share of the memory destroyed",
    "gap": "gap between presentations (presentations)",
    "age": "age (presentations since its own)",
}


def score_along(
    session: Session,
    _: Report,
    *,
    axis: str,
    measures: Sequence[str],
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
    theory_lines: bool = False,
    marks: Mapping[str, Callable[[Session], Measure]] | None = None,
    title: str = "",
) -> Figure | Absent:
    """Scores against one axis, a panel per measure: the medium, its best floor, its ceiling.

    ``marks`` are metrics whose value is a place on the axis, such as a predicted limit.
    """
    scored = {m: partial(score_at, session, axis, m, arm, where) for m in measures}
    figure = _panels(session, scored, axis, title, lines=theory_lines)
    if isinstance(figure, Figure):
        for name, metric in (marks or {}).items():
            _marked(figure.axes, name, metric(session))
    return figure


def _marked(panels: Sequence[Axes], name: str, place: Measure) -> None:
    """An upright line where a metric says so, in every panel."""
    if isinstance(place, Absent):
        return
    at = float(place.mean())
    for axes in panels:
        axes.axvline(at, color=INK, lw=1, ls=(0, (1, 2)))
        _named(axes, at, f"{words(name)} {at:.3g}", 0.9)


def score_by_age(
    session: Session, _: Report, *, arm: str, measures: Sequence[str], phase: str = "recall"
) -> Figure | Absent:
    """Scores of a stream's items against their age, all smoothed to fall only; half-life marked."""
    scored = {m: partial(_aged, session, arm, phase, m) for m in measures}
    figure = _panels(session, scored, "age", "What is left of the stream", lines=False)
    if isinstance(figure, Absent):
        return figure
    shown = [m for m, score in scored.items() if isinstance(score(None), Ladder)]
    for axes, measure in zip(figure.axes, shown, strict=True):
        half = ages.half_life(session, arm=arm, phase=phase, measure=measure)
        if not isinstance(half, Absent):
            axes.axvline(float(half.mean()), color=INK, lw=1, ls=(0, (1, 2)))
            _named(axes, float(half.mean()), f"half-life {float(half.mean()):.1f}", 0.9)
    return figure


def score_by_parts(
    session: Session,
    _: Report,
    *,
    axis: str,
    measure: str,
    parts: Mapping[str, Mapping[str, Place]],
    title: str = "",
) -> Figure | Absent:
    """One score against one axis, a curve for each of several places on other axes.

    A dashed line of the same colour is, at each point, the floor that scores highest there.
    """
    found = {n: ladder(session, axis=axis, measure=measure, where=w) for n, w in parts.items()}
    curves = {name: one for name, one in found.items() if isinstance(one, Ladder)}
    if not curves:
        return next(one for one in found.values() if isinstance(one, Absent))
    figure = sheet(6.4, 3.8, title or f"{words(measure)} against the {axis}")
    axes = figure.subplots()
    for place, ((name, curve), ink) in enumerate(zip(curves.items(), SPARE, strict=False)):
        _draw(axes, curve, ink, words(name), wide=place == 0)
        floor = best_floor(session, partial(score_at, session, axis, measure, None, parts[name]))
        if floor is not None:
            label = f"best floor ({floor.names})"
            axes.plot(floor.x, floor.means, color=ink, ls="--", lw=1, alpha=0.8, label=label)
    axes.set(xlabel=UNITS.get(axis, words(axis)), ylabel=words(measure))
    axes.axhline(0, color=PALE, lw=0.8, zorder=0)
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.13), ncols=4, borderaxespad=0)
    return figure


def score_at(  # noqa: PLR0917  bound one by one
    session: Session,
    axis: str,
    measure: str,
    arm: str | None,
    where: Mapping[str, Place] | None,
    control: str | None,
) -> Ladder | Absent:
    """A score along an axis, of the medium or of a control."""
    return ladder(session, axis=axis, measure=measure, arm=arm, where=where, control=control)


def _aged(
    session: Session, arm: str, phase: str, measure: str, control: str | None
) -> Ladder | Absent:
    """Smoothed, a floor as the medium: single cues swing too far to be read beside a curve."""
    found = ages.by_age(session, arm=arm, phase=phase, measure=measure, control=control)
    return found if isinstance(found, Absent) else ages.falling(found)


def _panels(
    session: Session, scored: Mapping[str, Scored], axis: str, title: str, *, lines: bool
) -> Figure | Absent:
    """A panel per measure that has a meaning."""
    own = {measure: score(None) for measure, score in scored.items()}
    shown = {measure: one for measure, one in own.items() if isinstance(one, Ladder)}
    if not shown:
        return next(one for one in own.values() if isinstance(one, Absent))
    figure = sheet(3.9 * len(shown) + 0.6, 3.9, title or f"Recall against {UNITS.get(axis, axis)}")
    panels = figure.subplots(1, len(shown), sharex=True, squeeze=False)[0]
    for axes, (measure, curve) in zip(panels, shown.items(), strict=True):
        _draw(axes, curve, MEDIUM, "the medium", each=True)
        _controls(axes, session, scored[measure], axis)
        _scales(axes, session, curve, lines=lines)
        axes.set(xlabel=UNITS.get(axis, words(axis)), ylabel=words(measure))
        axes.set_ylim(min(-0.05, axes.get_ylim()[0]), 1.05)
    handles = dict(zip(*reversed(panels[0].get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
    return figure


def _draw(
    axes: Axes, curve: Ladder, ink: str, label: str, *, each: bool = False, wide: bool = False
) -> None:
    """Mean, 95 % band, and every replicate faint if wanted; wide shows below an equal curve."""
    x, values = np.asarray(curve.x), curve.values.double()
    dot = "o" if len(x) <= len(SPARE) * 4 else None
    if each:
        axes.plot(x, values.numpy().T, color=ink, lw=0.5, alpha=0.25)
    if len(values) > 1:
        axes.fill_between(x, *band(values), color=ink, alpha=0.2, lw=0)
    mean, width = values.mean(0).numpy(), 3.4 if wide else 1.6
    axes.plot(x, mean, color=ink, marker=dot, ms=4 + width / 2, lw=width, label=label)


def _controls(axes: Axes, session: Session, score: Scored, axis: str) -> None:
    """At each point the floor that scores highest there, and the ceilings.

    An age is a single cue, among whose floors the highest is so by chance: there one floor counts.
    """
    best = best_floor(session, score, whole=axis == "age")
    if best is not None:
        axes.plot(best.x, best.means, color=FLOOR, ls="--", lw=1.3, label="best floor")
        axes.set_title(f"best floor: {best.names}", fontsize=8, color=FLOOR)
    nearest = score("nearest")
    if isinstance(nearest, Ladder) and axis != "age":
        mean = nearest.values.double().mean(0).numpy()
        axes.plot(nearest.x, mean, color=CEILING, ls=":", lw=1.5, label="nearest pattern")


@final
@dataclass(frozen=True)
class Floor:
    """The highest of all floors at each point of an axis, and which they are, most often first."""

    x: tuple[float, ...]
    means: Floats
    names: str


def best_floor(session: Session, score: Scored, *, whole: bool = False) -> Floor | None:
    """The highest of a session's floors, at each point or over all; None where none has a score."""
    found = {name: score(name) for name in session.floors}
    floors = {n: one for n, one in found.items() if isinstance(one, Ladder)}
    if not floors:
        return None
    means = np.stack([one.values.double().mean(0).numpy() for one in floors.values()])
    rows = np.full(means.shape[1], means.mean(1).argmax()) if whole else means.argmax(0)
    names = Counter(words(list(floors)[row]) for row in rows).most_common()
    told = [name for name, _ in names[:NAMED]] + ["…"] * (len(names) > NAMED)
    highest = means[rows, np.arange(means.shape[1])]
    return Floor(next(iter(floors.values())).x, highest, ", ".join(told))


def _named(axes: Axes, x: float, name: str, height: float, side: str = "left") -> None:
    """The name of an upright line, beginning or ending there, at a share of the height."""
    text = axes.text(x, height, f" {name} ", transform=axes.get_xaxis_transform(), va="center")
    text.set(fontsize=7, color="#666666", ha=side)
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5})


def _times(factor: float, x: ArrayLike) -> Floats:
    return np.asarray(x, dtype=np.float64) * factor


def _sparse(session: Session) -> dict[str, float]:
    """How many items a clipped memory holds, where all patterns have the same few units on."""
    lit = session.patterns.flatten(2).sum(2)
    winners = int(lit.min())
    few = bool((lit == winners).all()) and 0 < winners <= session.space.size // SPARSE
    return {"ln 2 (N/k)²": associations.capacity(session.space.size, winners)} if few else {}


def _scales(axes: Axes, session: Session, curve: Ladder, *, lines: bool) -> None:
    """Load as a second, logarithmic axis, and what theory expects on it."""
    if curve.axis != "items":
        return
    axes.set_xscale("log", base=2)
    axes.set_xticks(curve.x, [f"{x:g}" for x in curve.x], minor=False)
    axes.minorticks_off()
    axes.tick_params(axis="x", labelrotation=90 if len(curve.x) > len(SPARE) * 2 else 0)
    n = session.space.size
    above = axes.secondary_xaxis("top", functions=(partial(_times, 1 / n), partial(_times, n)))
    above.set_xticks([x / n for x in curve.x], [f"{x / n:.2g}" for x in curve.x], minor=False)
    above.set_xlabel("load P / N", fontsize=8)
    above.minorticks_off()
    above.tick_params(labelsize=7, labelrotation=90 if len(curve.x) > len(SPARE) * 2 else 0)
    if not lines or session.space.symbols != BINARY:
        return
    known = {"0.138 N": theory.HEBB * n, "N / 2 ln N": theory.perfect_load(n) * n}
    known |= {f"dense, n = {power}": theory.dense_items(n, power) for power in (3, 4)}
    known |= _sparse(session)
    for place, (name, items) in enumerate(known.items()):
        if curve.x[0] <= items <= curve.x[-1]:
            axes.axvline(items, color=PALE, lw=1, ls=(0, (4, 2)))
            _named(axes, items, name, 0.08 + 0.09 * place, ("left", "right")[place % 2])
