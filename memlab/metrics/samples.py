"""What a medium says when it is let speak: is it a string, is it new, does it repeat itself?"""

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.forecasts import contents, rowwise
from memlab.metrics.measure import Group, Measure, members
from memlab.session import Samples, Session


def spoken(session: Session, arm: str, phase: str = "speak") -> Samples | Absent:
    """What was said in a phase of an arm."""
    for one in session.samples:
        if arm in one.arms and one.phase == phase:
            return one
    return Absent(f"nothing was said in {arm}/{phase}")


def whole(session: Session, found: Samples) -> Tensor:
    """Which samples ``(R, n)`` are patterns of the space: strings that end, and have a letter."""
    if not session.space.ends:
        return found.ended
    return found.ended & (found.values[..., 0] != 0)


def new(session: Session, found: Samples) -> Tensor:
    """Which samples ``(R, n)`` the memory was never shown."""
    rows = []
    for values, shown, patterns in zip(
        found.values.flatten(2), found.presented, session.patterns.flatten(2), strict=True
    ):
        known = contents(patterns[shown.long()])
        rows.append([one not in known for one in rowwise(values)])
    return torch.tensor(rows)


def validity(session: Session, *, arm: str, phase: str = "speak") -> Measure:
    """The share of samples that are strings: not empty, and ended in time."""
    found = spoken(session, arm, phase)
    return found if isinstance(found, Absent) else whole(session, found).double().mean(1)


def novelty(session: Session, *, arm: str, phase: str = "speak") -> Measure:
    """The share of valid samples that the memory was never shown."""
    found = spoken(session, arm, phase)
    if isinstance(found, Absent):
        return found
    valid = whole(session, found)
    return _share(new(session, found) & valid, valid, "valid")


def uniqueness(session: Session, *, arm: str, phase: str = "speak") -> Measure:
    """Different samples among the valid ones, as a share of them."""
    found = spoken(session, arm, phase)
    if isinstance(found, Absent):
        return found
    valid = whole(session, found)
    different = [len(contents(v[w])) for v, w in zip(found.values.flatten(2), valid, strict=True)]
    return _share(torch.tensor(different)[:, None], valid, "valid")


def found_again(
    session: Session, *, arm: str, phase: str = "speak", group: Group = "test"
) -> Measure:
    """The share of new samples that are items of a group which was held out: right guesses."""
    found = spoken(session, arm, phase)
    if isinstance(found, Absent):
        return found
    fresh = new(session, found) & whole(session, found)
    items, rows = list(members(session, group)), []
    for values, patterns in zip(found.values.flatten(2), session.patterns.flatten(2), strict=True):
        known = contents(patterns[items])
        rows.append([one in known for one in rowwise(values)])
    return _share(torch.tensor(rows) & fresh, fresh, "new")


def _share(part: Tensor, of: Tensor, what: str) -> Measure:
    """Shares ``(R,)`` of samples; Absent where a replicate has none to be counted."""
    size = of.sum(1)
    if none := int((size == 0).sum()):
        return Absent(f"no {what} sample in {none} of {len(size)} replicates")
    return part.sum(1).double() / size
