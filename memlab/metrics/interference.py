"""What time and other memories take away."""

from collections.abc import Sequence

from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Group, Measure
from memlab.metrics.recall import likeness
from memlab.session import Session

CHANCE = 0.1  # a score at or below this is too near to nothing to be divided by


def retention(
    session: Session,
    *,
    before: Sequence[str],
    after: Sequence[str],
    group: Group,
    measure: str = "pearson",
) -> Measure:
    """Score at (arm, phase) ``after`` as a share of that at ``before``, per replicate."""
    first = likeness(session, arm=before[0], phase=before[1], group=group, measure=measure)
    second = likeness(session, arm=after[0], phase=after[1], group=group, measure=measure)
    if isinstance(first, Absent):
        return first
    if isinstance(second, Absent):
        return second
    return _share(second, first, "/".join(before))


def loss(
    session: Session,
    *,
    whole: Sequence[str],
    left: Sequence[str],
    group: Group,
    measure: str = "pearson",
) -> Measure:
    """The share of the score at (arm, phase) ``whole`` that is missing at ``left``.

    Decay: before against idle. Retroactive interference: idle against interfered. Proactive: new
    items alone against the same after old ones. Negative where something was gained.
    """
    kept = retention(session, before=whole, after=left, group=group, measure=measure)
    return kept if isinstance(kept, Absent) else 1 - kept


def _share(part: Tensor, whole: Tensor, name: str) -> Measure:
    low = int((whole <= CHANCE).sum())
    if low:
        return Absent(f"{name} scored {CHANCE} or less in {low} of {len(whole)} replicates")
    return part / whole
