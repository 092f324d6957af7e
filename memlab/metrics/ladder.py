"""Scores along an axis: recalls of one session that differ in load, damage, gap, … in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Group, Measure, answered, averaged, members
from memlab.metrics.scores import score
from memlab.session import Recall, Session

HALF = 0.5
MORE_ARMS = {"concepts": "; protocol.contrasts makes others, as in experiment=zypher"}

Place: TypeAlias = float | Literal["first", "last"]  # on an axis


@final
@dataclass(frozen=True)
class Ladder:
    """A score along an axis: ``x (K)`` going up, ``values (R, K)``, and the recalls behind them."""

    axis: str
    x: tuple[float, ...]
    values: Tensor
    recalls: tuple[Recall, ...]


def rungs(
    session: Session, axis: str, *, arm: str | None = None, where: Mapping[str, Place] | None = None
) -> list[Recall]:
    """The recalls on an axis, in its order; of one arm, and at this place on other axes."""
    on = [r for r in session.recalls if axis in r.at and (arm is None or arm in r.arms)]
    for name, place in (where or {}).items():
        value = placed(place, [recall.at[name] for recall in on if name in recall.at])
        on = [recall for recall in on if recall.at.get(name) == value]
    return sorted(on, key=lambda recall: recall.at[axis])


def placed(place: Place, known: Sequence[float]) -> float | None:
    """A place on an axis as its value; None for the ends of an axis that holds nothing."""
    if isinstance(place, str):
        return (min(known) if place == "first" else max(known)) if known else None
    return float(place)


def ladder(
    session: Session,
    *,
    axis: str,
    measure: str = "success",
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
    group: Group | None = None,
    control: str | None = None,
) -> Ladder | Absent:
    """The mean score of every recall on an axis; group None is all that was asked for."""
    found = rungs(session, axis, arm=arm, where=where)
    if not found:
        return Absent(_nowhere(session, axis, arm, where))
    wanted = None if group is None else members(session, group)
    means: list[Tensor] = []
    for recall in found:
        at = range(len(recall.items)) if wanted is None else recall.of(wanted)
        mean = averaged(score(measure), answered(session, recall, list(at), control))
        if isinstance(mean, Absent):
            return mean
        means.append(mean)
    return Ladder(axis, tuple(r.at[axis] for r in found), torch.stack(means, 1), tuple(found))


def at_rung(
    session: Session,
    *,
    axis: str,
    x: Place,
    measure: str = "success",
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
    group: Group | None = None,
    control: str | None = None,
) -> Measure:
    """The score at one place of an axis; group None is all that was asked for there."""
    recall = recall_at(session, axis=axis, x=x, arm=arm, where=where)
    if isinstance(recall, Absent):
        return recall
    at = range(len(recall.items)) if group is None else recall.of(members(session, group))
    return averaged(score(measure), answered(session, recall, list(at), control))


def recall_at(
    session: Session,
    *,
    axis: str,
    x: Place,
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
) -> Recall | Absent:
    """The recall at one place of an axis."""
    found = rungs(session, axis, arm=arm, where=where)
    if not found:
        return Absent(_nowhere(session, axis, arm, where))
    known = [recall.at[axis] for recall in found]
    value = placed(x, known)
    if value not in known:
        return Absent(f"{axis} was not {value:g} in this run but {_listed(known)}")
    return found[known.index(value)]


def area(
    session: Session,
    *,
    axis: str,
    measure: str = "success",
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
    control: str | None = None,
) -> Measure:
    """The mean score over an axis (trapezoids): 1 where every rung is perfect."""
    found = ladder(session, axis=axis, measure=measure, arm=arm, where=where, control=control)
    if isinstance(found, Absent):
        return found
    if len(found.x) == 1:
        return found.values[:, 0]
    x = torch.tensor(found.x, dtype=torch.float64)
    return torch.trapezoid(found.values, x, dim=1) / (x[-1] - x[0])


def rise(
    session: Session,
    *,
    axis: str,
    measure: str = "success",
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
) -> Measure:
    """The score at the last place of an axis, less that at the first."""
    found = ladder(session, axis=axis, measure=measure, arm=arm, where=where)
    return found if isinstance(found, Absent) else found.values[:, -1] - found.values[:, 0]


def half_at(
    session: Session,
    *,
    axis: str,
    measure: str = "success",
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
    share: float = HALF,
    relative: bool = False,
) -> Measure:
    """Where on an axis the score first falls below a share, interpolated between two rungs.

    ``relative`` takes the share of the first rung's score. A score that starts below is there at
    the first rung; one that never falls has no such place, and the value is Absent.
    """
    found = ladder(session, axis=axis, measure=measure, arm=arm, where=where)
    if isinstance(found, Absent):
        return found
    level = share * found.values[:, :1] if relative else torch.full_like(found.values[:, :1], share)
    return crossing(found, level.expand_as(found.values), measure)


def crossing(found: Ladder, level: Tensor, measure: str) -> Measure:
    """Where a score ``(R, K)`` first falls below a level ``(R, K)``."""
    below = found.values < level
    if never := int((~below.any(1)).sum()):
        rows = f"in {never} of {len(below)} replicates"
        return Absent(f"{measure} stays high up to {found.axis} = {found.x[-1]:g} {rows}")
    first, row = below.long().argmax(1), torch.arange(len(below))
    x, before = torch.tensor(found.x, dtype=torch.float64), (first - 1).clamp(min=0)
    above, under = found.values[row, before], found.values[row, first]
    part = (above - level[row, first]) / torch.where(first == 0, 1.0, above - under)
    return torch.where(first == 0, x[0], x[before] + part * (x[first] - x[before]))


def largest(
    session: Session,
    *,
    axis: str,
    measure: str = "success",
    arm: str | None = None,
    where: Mapping[str, Place] | None = None,
    share: float = HALF,
) -> Measure:
    """The largest place on an axis at which the score still reaches a share; 0 where none does."""
    found = ladder(session, axis=axis, measure=measure, arm=arm, where=where)
    if isinstance(found, Absent):
        return found
    x = torch.tensor(found.x, dtype=torch.float64)
    return torch.where(found.values >= share, x, 0.0).amax(1)


def _nowhere(
    session: Session, axis: str, arm: str | None, where: Mapping[str, Place] | None
) -> str:
    arms = sorted({name for recall in session.recalls for name in recall.arms})
    if arm is not None and arm not in arms:
        return f"this run has no arm {arm!r}, only {arms}{MORE_ARMS.get(session.protocol, '')}"
    known = sorted({name for recall in session.recalls for name in recall.at})
    within = f" in arm {arm!r}" * (arm is not None) + f" at {dict(where or {})}" * bool(where)
    return f"no recall on the axis {axis!r}{within}; the axes of this run: {known or 'none'}"


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{x:g}" for x in values)
