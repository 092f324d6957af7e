"""Numbers, verdicts and reference rows of a session, as values, data frames and tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pandas as pd
import torch
from rich.markup import escape
from rich.table import Table
from torch import Tensor

from memlab.absent import Absent
from memlab.claims import Claim, Status, Verdict, judged
from memlab.metrics.measure import Measure, answered, averaged
from memlab.metrics.scores import score
from memlab.session import Recall, Session
from memlab.statistics import Estimate, band, estimate

ALONG = ("success", "identification", "overlap", "pearson", "hidden_pearson")  # of a curve
ALONG_STRINGS = ("exact", "accuracy", "overlap", "hidden_pearson")  # no other need be compared
ENOUGH = 6  # replicates below which no two-sided sign-flip test reaches .05


@final
@dataclass(frozen=True)
class Reference:
    """What a scalar of the report should come out as, and what was published for it."""

    metric_name: str
    published: float | None = None
    expected: float | None = None
    tolerance: float | None = None  # around ``expected``
    note: str = ""


@final
@dataclass(frozen=True)
class ReferenceRow:
    """A reference beside what was measured; ``within`` is None where it cannot be said."""

    reference: Reference
    measured: Estimate | Absent
    within: bool | None


@final
@dataclass(frozen=True)
class Report:
    """All that is said about a session. ``exploratory`` if replicates are too few for a claim."""

    scalars: dict[str, Estimate | Absent]
    verdicts: tuple[Verdict, ...]
    references: tuple[ReferenceRow, ...]
    exploratory: bool


def evaluate(
    session: Session,
    scalars: Mapping[str, Callable[[Session], Measure]],
    claims: Mapping[str, Claim],
    references: Sequence[Reference] = (),
) -> Report:
    """Measure, judge and compare."""
    found = {name: _estimated(metric(session)) for name, metric in scalars.items()}
    return Report(
        scalars=found,
        verdicts=judged(claims, session),
        references=tuple(_row(reference, found) for reference in references),
        exploratory=len(session.replicates) < ENOUGH,
    )


def numbers(report: Report) -> dict[str, float]:
    """Every number under one name each: mean, and ``/low`` and ``/high`` of its interval."""
    found: dict[str, float] = {}
    effects = {f"claim/{v.name}": v.effect for v in report.verdicts if v.effect is not None}
    for name, value in {**report.scalars, **effects}.items():
        if isinstance(value, Estimate):
            bounds = {"": value.mean, "/low": value.low, "/high": value.high}
            found |= {name + end: x for end, x in bounds.items() if x is not None}
    return found


def values(report: Report) -> dict[str, tuple[float, ...]]:
    """The values of all replicates behind every mean of ``numbers``."""
    effects = {f"claim/{v.name}": v.effect for v in report.verdicts if v.effect is not None}
    measured = {**report.scalars, **effects}
    return {name: x.values for name, x in measured.items() if isinstance(x, Estimate)}


def scalar_frame(report: Report) -> pd.DataFrame:
    """One row per scalar: name, mean, low, high, n, absent (the reason, or empty)."""
    return pd.DataFrame([{"name": n, **_cells(v)} for n, v in report.scalars.items()])


def verdict_frame(report: Report) -> pd.DataFrame:
    """One row per claim: its status and reason, the margin over its best control, p."""
    return pd.DataFrame(
        [
            {
                "claim": v.name,
                "statement": v.statement,
                "published": v.published,
                "status": v.status.value,
                "reason": v.reason,
                "best_control": v.best_control,
                "p": v.p,
                "p_holm": v.p_holm,
                **_cells(v.effect or Absent(v.reason)),
            }
            for v in report.verdicts
        ]
    )


def reference_frame(report: Report) -> pd.DataFrame:
    """One row per reference: published, expected, tolerance, measured, within."""
    return pd.DataFrame(
        [
            {
                "name": row.reference.metric_name,
                "published": row.reference.published,
                "expected": row.reference.expected,
                "tolerance": row.reference.tolerance,
                **_cells(row.measured),
                "within": row.within,
                "note": row.reference.note,
            }
            for row in report.references
        ]
    )


def curve_frame(session: Session) -> pd.DataFrame:
    """One row per recall on an axis, measure and answer: the medium's and every control's.

    Columns arm (several joined by +), phase, one per axis, measure, answer, mean, low, high, n. The
    interval is the percentile bootstrap of the bands in figures; one replicate has none.
    """
    found = [recall for recall in session.recalls if recall.at]
    axes = list(dict.fromkeys(axis for recall in found for axis in recall.at))
    rows = [row for recall in found for row in _along(session, recall)]
    frame = pd.DataFrame(
        [where for where, _ in rows], columns=["arm", "phase", *axes, "measure", "answer"]
    )
    if not rows:
        return frame
    scores = torch.stack([each for _, each in rows], dim=1)  # (R, rows)
    low, high = band(scores) if len(scores) > 1 else (None, None)
    mean = scores.mean(0).numpy()
    return frame.assign(mean=mean, low=low, high=high, n=len(scores))


def scalar_table(report: Report) -> Table:
    """The scalars for a terminal."""
    table = _titled("Measures: mean and 95 % interval", report)
    for heading in ("measure", "value", "n"):
        table.add_column(heading)
    absent: dict[str, list[str]] = {}
    for name, value in report.scalars.items():
        if isinstance(value, Absent):
            absent.setdefault(value.reason, []).append(name)
        else:
            table.add_row(name, escape(str(value)), str(value.n))
    for reason, names in absent.items():
        table.add_row(_some(names), _absence(Absent(reason)), "")
    return table


def verdict_table(report: Report) -> Table:
    """The claims for a terminal: what holds and what does not, alike."""
    table = _titled("Claims: margin over the best control, or over the other arm", report)
    for heading in ("claim", "verdict", "margin", "over", "p (Holm)"):
        table.add_column(heading, overflow="fold")
    for v in report.verdicts:
        colour = {Status.HOLDS: "green", Status.NOT_SHOWN: "red"}.get(v.status, "yellow")
        table.add_row(
            stated(v),
            f"[bold {colour}]{headline(v)}[/]\n{escape(v.reason)}",
            "" if v.effect is None else escape(str(v.effect)),
            v.best_control,
            "" if v.p_holm is None else f"{v.p_holm:.3f}",
        )
    return table


def stated(verdict: Verdict) -> str:
    """What is claimed, and below it what was published, for a terminal."""
    said = f"\n[italic]published: “{escape(verdict.published)}”[/]" if verdict.published else ""
    return escape(verdict.statement) + said


def reference_table(report: Report) -> Table:
    """Published, expected and measured for a terminal."""
    table = _titled("Published, expected and measured", report)
    for heading in ("quantity", "published", "expected", "measured", "within"):
        table.add_column(heading)
    for row in report.references:
        published, expected, measured = reference_words(row)
        table.add_row(
            row.reference.metric_name,
            published,
            expected,
            _absence(row.measured) if isinstance(row.measured, Absent) else escape(measured),
            {True: "[green]yes[/]", False: "[bold red]NO[/]", None: ""}[row.within],
        )
    return table


def reference_words(row: ReferenceRow) -> tuple[str, str, str]:
    """Published, expected and measured, with as many decimals as the tolerance has."""
    wanted, measured = row.reference, row.measured
    decimals = _decimals(wanted.tolerance)
    expected = f"{_number(wanted.expected, decimals)} ± {_number(wanted.tolerance, decimals)}"
    if isinstance(measured, Absent):
        return _number(wanted.published, decimals), expected, f"absent: {measured.reason}"
    found = str(measured) if decimals is None else measured.rounded(decimals)
    return _number(wanted.published, decimals), expected, found


def headline(verdict: Verdict) -> str:
    """The verdict in a few words."""
    if verdict.status is Status.TOO_FEW and verdict.effect is not None:
        return f"cannot be shown with {verdict.effect.n} replicates"
    return verdict.status.value


def _along(session: Session, recall: Recall) -> list[tuple[dict[str, object], Tensor]]:
    """The rows of one recall and their values ``(R)``; what has no meaning has no row."""
    where = {"arm": "+".join(recall.arms), "phase": recall.phase, **recall.at}
    rows: list[tuple[dict[str, object], Tensor]] = []
    for control in (None, *recall.controls):
        given = answered(session, recall, range(len(recall.items)), control)
        for measure in ALONG_STRINGS if session.space.ends else ALONG:
            found = averaged(score(measure), given)
            if isinstance(found, Tensor):
                rows.append(({**where, "measure": measure, "answer": control or "medium"}, found))
    return rows


def _estimated(measure: Measure) -> Estimate | Absent:
    return measure if isinstance(measure, Absent) else estimate(measure)


def _row(reference: Reference, found: Mapping[str, Estimate | Absent]) -> ReferenceRow:
    unknown = Absent(f"no scalar {reference.metric_name!r} in this report")
    measured = found.get(reference.metric_name, unknown)
    if isinstance(measured, Absent) or reference.expected is None or reference.tolerance is None:
        return ReferenceRow(reference, measured, None)
    apart = abs(measured.mean - reference.expected)
    return ReferenceRow(reference, measured, apart <= reference.tolerance + 1e-9)


def _cells(value: Estimate | Absent) -> dict[str, float | int | str | None]:
    if isinstance(value, Absent):
        return {"mean": None, "low": None, "high": None, "n": 0, "absent": value.reason}
    return {"mean": value.mean, "low": value.low, "high": value.high, "n": value.n, "absent": ""}


def _titled(title: str, report: Report) -> Table:
    note = " (exploratory: too few replicates for any claim)" if report.exploratory else ""
    return Table(title=title + note, title_justify="left")


def _some(names: Sequence[str]) -> str:
    """A name, or the first of several and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _absence(absent: Absent) -> str:
    return f"[dim]absent: {escape(absent.reason)}[/]"


def _decimals(tolerance: float | None) -> int | None:
    """The decimals a tolerance is written with: 3 of 0.015, none of 8."""
    if tolerance is None:
        return None
    return len(f"{tolerance:.9f}".rstrip("0").partition(".")[2])


def _number(value: float | None, decimals: int | None) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if decimals is None else f"{value:.{decimals}f}"
