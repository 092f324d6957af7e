"""What the activity behind the answers of a run is like: how codes differ, and how they last.

A code is the set of units that are active: not 0, and finite, for NaN is no memory. A recall is
named by the axis it lies on and its place there; without an axis it is the last one of the arm,
without an arm that of the first.
"""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.codes.overlap import jaccard
from memlab.codes.sparseness import code_entropy, distinct_codes
from memlab.metrics.ladder import Place, recall_at
from memlab.metrics.measure import Group, Measure, members
from memlab.session import Recall, Session

Rung: TypeAlias = Sequence[str | float]  # an axis, and a place on it

SILENT = "no unit was active"


def recalled(session: Session, arm: str | None, axis: str | None, x: Place) -> Recall | Absent:
    """The recall at a place of an axis, or the last one of an arm."""
    if axis is not None:
        return recall_at(session, axis=axis, x=x, arm=arm)
    wanted = [session.recalls[0].arms[0] if arm is None else arm] if session.recalls else []
    found = [recall for recall in session.recalls if set(wanted) & set(recall.arms)]
    return found[-1] if found else Absent(f"nothing was asked in arm {arm!r}")


def activity(
    session: Session, arm: str | None, axis: str | None, x: Place, group: Group | None = None
) -> Tensor | Absent:
    """The activity at the cues of a group, or at all, ``(R, C, units)``."""
    recall = recalled(session, arm, axis, x)
    if isinstance(recall, Absent):
        return recall
    if recall.activity is None:
        return Absent("the medium shows no activity of units behind its answers")
    if group is None:
        return recall.activity
    at = recall.of(members(session, group))
    return recall.activity[:, at] if at else Absent(f"{group!r} was not asked for")


def codes(
    session: Session, arm: str | None, axis: str | None, x: Place, group: Group | None = None
) -> Tensor | Absent:
    """Which units were active, bool ``(R, C, units)``."""
    found = activity(session, arm, axis, x, group)
    return found if isinstance(found, Absent) else found.isfinite() & (found != 0)


def distinct(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """How many different codes all items asked for have; 1 is a collapse."""
    found = codes(session, arm, axis, x)
    return found if isinstance(found, Absent) else distinct_codes(found).double()


def entropy(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """What a code tells of which item is meant, bits."""
    found = codes(session, arm, axis, x)
    return found if isinstance(found, Absent) else code_entropy(found)


def inactive(
    session: Session,
    *,
    arm: str | None = None,
    axis: str | None = None,
    x: Place = "last",
    group: Group | None = None,
) -> Measure:
    """The share of units that are silent at a cue, on average."""
    found = codes(session, arm, axis, x, group)
    return found if isinstance(found, Absent) else 1 - found.double().mean((1, 2))


def bands(
    session: Session,
    *,
    arm: str | None = None,
    axis: str | None = None,
    x: Place = "last",
    group: Group | None = None,
) -> Measure:
    """How many units carry the mean activity of a group, (Σ|a|)² / Σa²: few make bands."""
    found = activity(session, arm, axis, x, group)
    if isinstance(found, Absent):
        return found
    mean = found.double().mean(1).abs()
    return defined(mean.sum(1).square() / mean.square().sum(1), SILENT)


def apart(
    session: Session, *, arm: str, axis: str, group: Group, of: Group, x: Place = "last"
) -> Measure:
    """1 - the mean Jaccard of a group's codes with those of another's in the same recall.

    Of a group with itself, an item is not compared with itself.
    """
    ours, theirs = (codes(session, arm, axis, x, one) for one in (group, of))
    if isinstance(ours, Absent):
        return ours
    if isinstance(theirs, Absent):
        return theirs
    shared = jaccard(ours[:, :, None], theirs[:, None])
    if group == of:
        shared = shared.masked_fill(torch.eye(shared.shape[1], dtype=torch.bool), torch.nan)
    return defined(1 - shared.nanmean((1, 2)), SILENT)


def kept(session: Session, *, arm: str, before: Rung, after: Rung, group: Group) -> Measure:
    """The mean Jaccard of an item's code before and after; 1 is the same winners."""
    first, last = (_code_at(session, arm, rung, group) for rung in (before, after))
    if isinstance(first, Absent):
        return first
    return last if isinstance(last, Absent) else defined(jaccard(first, last).nanmean(1), SILENT)


def _code_at(session: Session, arm: str, rung: Rung, group: Group) -> Tensor | Absent:
    axis, x = rung
    place: Place = "first" if x == "first" else "last" if x == "last" else float(x)
    return codes(session, arm, str(axis), place, group)


def outlier(session: Session, *, arm: str, axis: str) -> Measure:
    """The largest weight over the mean one after the last presentation on an axis."""
    most, mean = (last_of(session, arm, axis, f"{what}_weight") for what in ("largest", "mean"))
    if isinstance(most, Absent):
        return most
    return mean if isinstance(mean, Absent) else most / mean


def last_of(session: Session, arm: str, axis: str, series: str) -> Measure:
    """The last value of a series of the medium in the presentations on an axis."""
    phases = [e for e in session.exposures if arm in e.arms and e.phase.startswith(f"{axis} ")]
    found = [e.series[series].values[:, -1].double() for e in phases if series in e.series]
    if not found:
        return Absent(f"the medium records no {series!r} in arm {arm!r} on the axis {axis!r}")
    return defined(found[-1], f"{series} was not finite")


def defined(values: Tensor, why: str) -> Measure:
    """The values if all are numbers; else why some are not."""
    bad = int((~values.isfinite()).sum())
    return Absent(f"{why} in {bad} of {len(values)} replicates") if bad else values
