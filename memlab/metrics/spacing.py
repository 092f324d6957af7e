"""What spaced presentations gain over massed ones (axes *gap*, *delay* and *lures*)."""

from typing import Literal

import torch

from memlab.absent import Absent
from memlab.metrics.ladder import Ladder, Place, ladder
from memlab.metrics.measure import Measure
from memlab.session import Session

FAINT = 1e-3  # scores whose sum is below this have no ratio


def by_gap(
    session: Session,
    *,
    filler: Literal["idle", "lures"],
    delay: Place,
    measure: str = "hidden_pearson",
    control: str | None = None,
) -> Ladder | Absent:
    """The score against the gap, gaps and delay filled in one way."""
    where: dict[str, Place] = {"delay": delay, "lures": float(filler == "lures")}
    return ladder(session, axis="gap", measure=measure, where=where, control=control)


def benefit(
    session: Session,
    *,
    filler: Literal["idle", "lures"],
    delay: Place,
    measure: str = "hidden_pearson",
) -> Measure:
    """Mean score over all gaps above 0, less that of massed presentations."""
    found = by_gap(session, filler=filler, delay=delay, measure=measure)
    if isinstance(found, Absent):
        return found
    return found.values[:, 1:].mean(1) - found.values[:, 0]


def index(
    session: Session,
    *,
    filler: Literal["idle", "lures"],
    delay: Place,
    measure: str = "hidden_pearson",
) -> Measure:
    """(spaced - massed) / (spaced + massed), spaced being the mean over all gaps above 0."""
    found = by_gap(session, filler=filler, delay=delay, measure=measure)
    if isinstance(found, Absent):
        return found
    spaced, massed = found.values[:, 1:].mean(1), found.values[:, 0]
    if bool((spaced + massed < FAINT).any()) or bool((torch.minimum(spaced, massed) < 0).any()):
        return Absent("scores near or below 0 in some replicates have no ratio")
    return (spaced - massed) / (spaced + massed)


def best_gap(
    session: Session,
    *,
    filler: Literal["idle", "lures"],
    delay: Place,
    measure: str = "hidden_pearson",
) -> Measure:
    """The gap of the highest score, the smallest of equal ones."""
    found = by_gap(session, filler=filler, delay=delay, measure=measure)
    if isinstance(found, Absent):
        return found
    return torch.tensor(found.x, dtype=torch.float64)[found.values.argmax(1)]
