"""How the activity behind the answers of a run represents items, whatever the medium.

Recalls are named as in ``memlab.metrics.codes``. What shuffles takes at most ``MOST`` items, spread
over all that were asked for.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.codes.dimension import participation_ratio, unbiased_participation_ratio
from memlab.codes.geometry import rsa, rsa_p
from memlab.codes.overlap import jaccard_by_chance
from memlab.codes.selectivity import auc, held_out, searched_p
from memlab.codes.sparseness import lifetime_sparseness, population_sparseness
from memlab.draws import Draws
from memlab.metrics.codes import SILENT, activity, codes, defined, recalled
from memlab.metrics.ladder import Place
from memlab.metrics.measure import Group, Measure, members
from memlab.session import Session

MOST = 128  # items
PERMUTATIONS = 199
FLAT = "activity that does not vary, or too few items to tell,"
Where: TypeAlias = tuple[str | None, str | None, Place]  # an arm, an axis, a place on it

SAME = "items that are all equally far apart"


def sparseness(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """Treves–Rolls sparseness of the amount of activity over units, mean over items."""
    return _of(
        lambda a: population_sparseness(a.abs()).nanmean(1), activity(session, arm, axis, x), SILENT
    )


def lifetime(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """Treves–Rolls sparseness over items, mean over the units that are ever active."""
    return _of(
        lambda a: lifetime_sparseness(a.abs()).nanmean(1), activity(session, arm, axis, x), SILENT
    )


def dimensions(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """The participation ratio of the activity over items: too low where items are few."""
    return _of(participation_ratio, activity(session, arm, axis, x), FLAT)


def dimensions_unbiased(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """The participation ratio that infinitely many such items would have."""
    return _of(unbiased_participation_ratio, activity(session, arm, axis, x), FLAT)


def alike(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """The mean Jaccard of the codes of two items."""

    def mean(found: Tensor) -> Tensor:
        on = found.double()
        both, size = on @ on.mT, on.sum(-1)
        shared = both / (size[:, :, None] + size[:, None] - both)
        itself = torch.eye(shared.shape[1], dtype=torch.bool, device=shared.device)
        return shared.masked_fill(itself, torch.nan).nanmean((1, 2))

    return _of(mean, codes(session, arm, axis, x), SILENT)


def alike_by_chance(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """The mean Jaccard of two random sets of as many units as a code has on average."""

    def mean(found: Tensor) -> Tensor:
        sizes = found.sum(-1).double().mean(1).round().int().tolist()
        chances = [jaccard_by_chance(found.shape[-1], size, size) for size in sizes]
        return torch.tensor(chances, dtype=torch.double)

    return _of(mean, codes(session, arm, axis, x), SILENT)


def as_patterns(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """RSA: whether those items are alike in activity whose patterns are, Spearman."""
    patterns = _patterns(session, arm, axis, x)
    if isinstance(patterns, Absent):
        return patterns
    return _of(lambda a: rsa(_spread(a), patterns), activity(session, arm, axis, x), SAME)


def as_patterns_p(
    session: Session, *, arm: str | None = None, axis: str | None = None, x: Place = "last"
) -> Measure:
    """One-sided p of that when items are shuffled."""
    patterns = _patterns(session, arm, axis, x)
    if isinstance(patterns, Absent):
        return patterns
    draws = _draws(session, "rsa")
    return _of(
        lambda a: rsa_p(_spread(a), patterns, draws, permutations=PERMUTATIONS),
        activity(session, arm, axis, x),
        SAME,
    )


def selective(
    session: Session,
    *,
    arm: str | None = None,
    axis: str | None = None,
    x: Place = "last",
    of: Group | None = None,
) -> Measure:
    """The AUC of the unit that tells items of a group best: the best of many, so too high.

    Without a group: those items in which a value of the patterns is on, the one that halves them
    most evenly.
    """
    return _told(session, (arm, axis, x), of, lambda a, labels: auc(a, labels).amax(1))


def selective_p(
    session: Session,
    *,
    arm: str | None = None,
    axis: str | None = None,
    x: Place = "last",
    of: Group | None = None,
) -> Measure:
    """One-sided p of that, corrected for having searched among all units."""

    def least(a: Tensor, labels: Tensor) -> Tensor:
        draws = _draws(session, "selective")
        return searched_p(a, labels, draws, permutations=PERMUTATIONS).amin(1)

    return _told(session, (arm, axis, x), of, least)


def selective_held_out(
    session: Session,
    *,
    arm: str | None = None,
    axis: str | None = None,
    x: Place = "last",
    of: Group | None = None,
) -> Measure:
    """The AUC, over one half of the items, of the unit that was found in the other."""
    draws = _draws(session, "halves")
    return _told(session, (arm, axis, x), of, lambda a, labels: held_out(a, labels, draws).tested)


def _told(
    session: Session, where: Where, of: Group | None, measure: Callable[[Tensor, Tensor], Tensor]
) -> Measure:
    """A measure of activity and labels, bool ``(R, items)``."""
    recall = recalled(session, *where)
    if isinstance(recall, Absent):
        return recall
    if of is None:
        on = session.space.as_response(recall.truth).flatten(2) > 0.5
        even = (on.sum(1) - on.shape[1] / 2).abs().argmin(1)
        labels = on[torch.arange(len(on)), :, even]
    else:
        wanted = members(session, of)
        labels = torch.tensor([item in wanted for item in recall.items])
        labels = labels.expand(len(recall.truth), -1)
    found = activity(session, *where)
    return _of(lambda a: measure(_spread(a), _spread(labels)), found, "no unit tells them")


def _patterns(session: Session, arm: str | None, axis: str | None, x: Place) -> Tensor | Absent:
    """The patterns asked for ``(R, items, values)``, spread."""
    recall = recalled(session, arm, axis, x)
    if isinstance(recall, Absent):
        return recall
    return _spread(session.space.as_response(recall.truth).flatten(2))


def _spread(values: Tensor) -> Tensor:
    """All items of ``values (R, items, …)``, or MOST of them."""
    count = values.shape[1]
    return values if count <= MOST else values[:, torch.arange(MOST) * count // MOST]


def _draws(session: Session, name: str) -> Draws:
    return Draws(session.seed, session.replicates).at("representation", name)


def _of(measure: Callable[[Tensor], Tensor], found: Tensor | Absent, why: str) -> Measure:
    """A measure, or why it has none here."""
    if isinstance(found, Absent):
        return found
    try:
        return defined(measure(found), why)
    except ValueError as refused:
        return Absent(str(refused))
