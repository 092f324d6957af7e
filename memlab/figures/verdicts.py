"""What is claimed and what was published, against what was measured."""

from collections.abc import Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.claims import Status, Verdict
from memlab.figures.style import BAD, FLOOR, GOOD, INK, MEDIUM, PALE, UNSURE, sheet, words
from memlab.report import Reference, ReferenceRow, Report, headline
from memlab.session import Session
from memlab.statistics import Estimate

INKS = {Status.HOLDS: GOOD, Status.NOT_SHOWN: BAD}

FARTHEST = 1.0  # of the margins drawn; what decides a claim is the smallest
NARROW = 10  # times as small as the widest is a margin that gets an axis of its own


def claim_forest(_: Session, report: Report) -> Figure | Absent:
    """Every claim with its margin over each floor; the smallest decides.

    Claims whose margins would all lie on 0 beside those of others are drawn below, on their own
    axis.
    """
    if not report.verdicts:
        return Absent("nothing is claimed of this run")
    parts = by_scale(report.verdicts)
    note = " (exploratory: too few replicates)" if report.exploratory else ""
    title = f"Claims: margin over every control, or over the other arm{note}"
    figure = sheet(9.6, 0.72 * len(report.verdicts) + 0.7 * len(parts) + 0.5, title)
    heights = [len(part) + 0.2 for part in parts]
    panels = figure.subplots(
        len(parts), 2, width_ratios=[3, 2.7], height_ratios=heights, sharey="row", squeeze=False
    )
    for (axes, text), part in zip(panels, parts, strict=True):
        _forest(axes, text, part)
    if any(len(v.margins or {}) > 1 for v in report.verdicts):
        axes = panels[0][0]
        axes.plot([], [], "o", ms=3.5, color=PALE, label="other controls")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
    return figure


def by_scale(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """The verdicts that share an axis: those with wide margins, and those with far narrower ones.

    What was not measured stands with the first.
    """
    wide = max(_width(one) for one in verdicts)
    narrow = [one for one in verdicts if 0 < _width(one) * NARROW <= wide]
    others = [one for one in verdicts if one not in narrow]
    return [part for part in (others, narrow) if part]


def _width(verdict: Verdict) -> float:
    """How far from 0 its margins reach on the axis."""
    ends = [
        abs(end)
        for one in (verdict.margins or {}).values()
        for end in (one.mean, one.low, one.high)
        if end is not None
    ]
    return min(max(ends, default=0.0), FARTHEST)


def _forest(axes: Axes, text: Axes, verdicts: Sequence[Verdict]) -> None:
    """Some claims on one axis, and what is said of each beside it."""
    axes.axvline(0, color=INK, lw=0.9)
    for place, verdict in enumerate(reversed(verdicts)):
        _margins(axes, place, verdict)
        ink = INKS.get(verdict.status, UNSURE)
        text.text(0, place + 0.02, headline(verdict), color=ink, fontweight="bold", va="bottom")
        text.text(0, place - 0.04, _why(verdict), fontsize=7.5, va="top", color="#555555")
    labels = [fill(v.statement, 34) for v in reversed(verdicts)]
    axes.set_yticks(range(len(verdicts)), labels)
    axes.set(ylim=(-0.6, len(verdicts) - 0.4))
    axes.set_xlabel(f"margin in {_measures(verdicts)}, 95 % interval")
    if axes.get_xlim()[1] > FARTHEST:  # skill has no lower bound, so its margins have no upper one
        axes.set_xlim(right=FARTHEST)
        axes.set_xlabel(f"{axes.get_xlabel()}; those beyond {FARTHEST:g} are not drawn")
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    axes.grid(axis="x", color="#e6e6e6", lw=0.7)
    axes.set_axisbelow(True)
    text.axis("off")


def _measures(verdicts: Sequence[Verdict]) -> str:
    """What the margins are differences of."""
    return " or ".join(words(name) for name in dict.fromkeys(v.measure for v in verdicts))


def reference_dots(_: Session, report: Report) -> Figure | Absent:
    """Published, expected and measured values of every reference, controls left out."""
    rows = [r for r in report.references if "/control" not in r.reference.metric_name]
    scores = [r for r in rows if (r.reference.expected or 0) <= 1]
    large = [r for r in rows if (r.reference.expected or 0) > 1]
    if not rows:
        return Absent("nothing was published for this protocol")
    figure = sheet(8.2, 0.27 * len(rows) + 2.0, "Published, expected and measured")
    heights = [max(len(part), 1) for part in (scores, large)]
    upper, lower = figure.subplots(2, 1, height_ratios=heights)
    _dots(upper, scores, relative=False)
    _dots(lower, large, relative=True)
    upper.set(xlim=(-0.02, 1.05), xlabel="score")
    lower.set_xlabel("multiple of the expected value")
    upper.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, borderaxespad=0)
    return figure


def _margins(axes: Axes, place: int, verdict: Verdict) -> None:
    ink = INKS.get(verdict.status, UNSURE)
    for control, margin in (verdict.margins or {}).items():
        decides = control == verdict.best_control
        _interval(axes, place, margin, ink if decides else PALE, 2.2 if decides else 0.9)
        axes.plot(
            margin.mean,
            place,
            "o",
            ms=7 if decides else 3.5,
            color=ink if decides else PALE,
            mec="white",
            mew=0.6,
            zorder=4 if decides else 2,
        )


def _interval(axes: Axes, place: float, value: Estimate, ink: str, width: float) -> None:
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [place, place], color=ink, lw=width, zorder=3)


def _why(verdict: Verdict) -> str:
    lines = fill(words(verdict.reason), 52, max_lines=2, placeholder=" …")
    if verdict.effect is None or verdict.p_holm is None:
        return lines
    over = words(verdict.best_control)
    return f"{verdict.effect} over {over}, Holm p = {verdict.p_holm:.3f}\n{lines}"


def _dots(axes: Axes, rows: list[ReferenceRow], *, relative: bool) -> None:
    for place, row in enumerate(reversed(rows)):
        expected = row.reference.expected
        unit = 1 / expected if relative and expected else 1.0
        _wanted(axes, place, row.reference, unit)
        _measured(axes, place, row, unit)
    axes.set_yticks(range(len(rows)), [words(r.reference.metric_name) for r in reversed(rows)])
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(axis="x", color="#e6e6e6", lw=0.7)
    axes.set_axisbelow(True)
    _legend(axes)


def _wanted(axes: Axes, place: int, wanted: Reference, unit: float) -> None:
    if wanted.expected is not None and wanted.tolerance is not None:
        low, size = (wanted.expected - wanted.tolerance) * unit, 2 * wanted.tolerance * unit
        axes.barh(place, size, left=low, height=0.62, color="#cfe5f2")
        axes.plot([wanted.expected * unit] * 2, [place - 0.31, place + 0.31], color=FLOOR, lw=1)
    if wanted.published is not None:
        axes.plot(wanted.published * unit, place, "D", ms=5, mfc="none", mec=INK)


def _measured(axes: Axes, place: int, row: ReferenceRow, unit: float) -> None:
    value, ink = row.measured, BAD if row.within is False else MEDIUM
    if isinstance(value, Absent):
        text = axes.text(0.01, place, "not measured", transform=axes.get_yaxis_transform())
        text.set(fontsize=7, color=UNSURE, va="center")
        return
    if value.low is not None and value.high is not None:
        axes.plot([value.low * unit, value.high * unit], [place, place], color=ink, lw=1.6)
    axes.plot(value.mean * unit, place, "o", ms=4.5, color=ink)


def _legend(axes: Axes) -> None:
    axes.plot([], [], "D", ms=5, mfc="none", mec=INK, label="published")
    axes.barh(0, 0, color="#cfe5f2", label="expected ± tolerance")
    axes.plot([], [], "o", ms=4.5, color=MEDIUM, label="measured, within")
    axes.plot([], [], "o", ms=4.5, color=BAD, label="measured, outside")
