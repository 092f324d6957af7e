"""What is left of a stream, by age: the number of presentations since an item's own."""

import torch
from sklearn.isotonic import IsotonicRegression
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.ladder import HALF, Ladder, crossing
from memlab.metrics.measure import Measure, answers, asked
from memlab.metrics.scores import score
from memlab.session import Session


def by_age(
    session: Session,
    *,
    arm: str,
    phase: str = "recall",
    measure: str = "success",
    control: str | None = None,
) -> Ladder | Absent:
    """The score of every item asked for, the youngest first: ``values (R, ages)``.

    An item that was presented again has the age of its last presentation.
    """
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    last = {item: place for place, item in enumerate(recall.presented)}
    known = [item for item in recall.items if item in last]
    order = sorted(known, key=lambda item: -last[item])
    given = answers(session, arm, phase, order, control) if order else Absent("nothing was shown")
    scores = given if isinstance(given, Absent) else score(measure)(given)
    if isinstance(scores, Absent) or isinstance(given, Absent):
        return scores if isinstance(scores, Absent) else Absent("nothing was shown")
    age = {item: float(len(recall.presented) - 1 - place) for item, place in last.items()}
    young = sorted(range(len(given.items)), key=lambda c: age[given.items[c]])
    x = tuple(age[given.items[c]] for c in young)
    return Ladder("age", x, scores[:, young].double(), (recall,))


def retained(
    session: Session, *, arm: str, phase: str = "recall", control: str | None = None
) -> Measure:
    """How many of the items asked for are recalled."""
    found = by_age(session, arm=arm, phase=phase, control=control)
    return found if isinstance(found, Absent) else found.values.sum(1)


def newest(
    session: Session,
    *,
    arm: str,
    count: int,
    phase: str = "recall",
    measure: str = "success",
    control: str | None = None,
) -> Measure:
    """Mean score of the so many youngest items."""
    found = by_age(session, arm=arm, phase=phase, measure=measure, control=control)
    return found if isinstance(found, Absent) else found.values[:, :count].mean(1)


def oldest(
    session: Session,
    *,
    arm: str,
    count: int,
    phase: str = "recall",
    measure: str = "success",
    control: str | None = None,
) -> Measure:
    """Mean score of the so many oldest items."""
    found = by_age(session, arm=arm, phase=phase, measure=measure, control=control)
    return found if isinstance(found, Absent) else found.values[:, -count:].mean(1)


def recency(
    session: Session, *, arm: str, count: int, phase: str = "recall", measure: str = "success"
) -> Measure:
    """Mean score of the youngest items less that of as many oldest."""
    young = newest(session, arm=arm, count=count, phase=phase, measure=measure)
    old = oldest(session, arm=arm, count=count, phase=phase, measure=measure)
    if isinstance(young, Absent):
        return young
    return old if isinstance(old, Absent) else young - old


def half_life(
    session: Session, *, arm: str, phase: str = "recall", measure: str = "success"
) -> Measure:
    """The age at which the score, smoothed to fall only, is half of what it is at the youngest.

    Smoothed by isotonic regression in each replicate. Absent where it never falls so far.
    """
    found = by_age(session, arm=arm, phase=phase, measure=measure)
    if isinstance(found, Absent):
        return found
    smooth = falling(found)
    if bool((smooth.values[:, 0] <= 0).any()):
        return Absent("not even the youngest items are recalled in some replicates")
    level = HALF * smooth.values[:, :1]
    return crossing(smooth, level.expand_as(smooth.values), measure)


def falling(found: Ladder) -> Ladder:
    """The nearest curve to each replicate's that never rises."""
    fit = IsotonicRegression(increasing=False)
    rows = [torch.from_numpy(fit.fit_transform(found.x, row.numpy())) for row in found.values]
    smooth: Tensor = torch.stack(rows).double()
    return Ladder(found.axis, found.x, smooth, found.recalls)
