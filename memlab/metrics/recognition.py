"""Old or new: how well the familiarity of an answer tells items met before from others."""

import torch
from scipy.stats import norm, rankdata
from torch import Tensor

from memlab import similarity
from memlab.absent import Absent
from memlab.metrics.measure import Group, Measure, answers
from memlab.session import Session


def familiarity(
    session: Session, *, arm: str, phase: str, group: Group, control: str | None = None
) -> Tensor | Absent:
    """How much of each cue comes back in its answer: their Pearson correlation, ``(R, C)``.

    No answer has to be right, so that every medium can take part.
    """
    given = answers(session, arm, phase, group, control)
    if isinstance(given, Absent):
        return given
    return similarity.pearson(given.response, given.cue, (2,), given.valid).double()


def mean_familiarity(
    session: Session, *, arm: str, phase: str, group: Group, control: str | None = None
) -> Measure:
    """The mean familiarity of a group."""
    found = familiarity(session, arm=arm, phase=phase, group=group, control=control)
    return found if isinstance(found, Absent) else found.mean(1)


def auroc(
    session: Session,
    *,
    arm: str,
    phase: str,
    old: Group = "old",
    new: Group = "new",
    control: str | None = None,
) -> Measure:
    """Probability that an old item's cue is more familiar than a new one's; ties count half."""
    met = familiarity(session, arm=arm, phase=phase, group=old, control=control)
    unmet = familiarity(session, arm=arm, phase=phase, group=new, control=control)
    if isinstance(met, Absent):
        return met
    if isinstance(unmet, Absent):
        return unmet
    count, others = met.shape[1], unmet.shape[1]
    ranks = rankdata(torch.cat([met, unmet], 1).numpy().round(6), axis=1)
    above = torch.from_numpy(ranks[:, :count]).sum(1) - count * (count + 1) / 2
    return above / (count * others)


def d_prime(
    session: Session, *, arm: str, phase: str, old: Group = "old", new: Group = "new"
) -> Measure:
    """z(hits) - z(false alarms), an item called old if it is more familiar than half of all.

    Rates are log-linear, (k + 1/2) / (n + 1), so that perfect ones stay finite.
    M. Hautus, Behavior Research Methods 27, 46 (1995).
    """
    met = familiarity(session, arm=arm, phase=phase, group=old)
    unmet = familiarity(session, arm=arm, phase=phase, group=new)
    if isinstance(met, Absent):
        return met
    if isinstance(unmet, Absent):
        return unmet
    middle = torch.cat([met, unmet], 1).quantile(0.5, dim=1, keepdim=True)
    hits, alarms = (((x > middle).sum(1) + 0.5) / (x.shape[1] + 1) for x in (met, unmet))
    return torch.from_numpy(norm.ppf(hits.numpy()) - norm.ppf(alarms.numpy()))
