"""Recall by how much an item mattered, and the load that predicts it."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Measure, answers, asked
from memlab.metrics.scores import score
from memlab.session import Session

Third: TypeAlias = Literal["low", "middle", "high"]

TERCILES = ("low", "middle", "high")


def by_tercile(
    session: Session,
    *,
    arm: str,
    tercile: Third,
    measure: str = "success",
    phase: str = "recall",
    control: str | None = None,
) -> Measure:
    """Mean score over the third of the items that mattered least, between, or most."""
    found = scored(session, arm, phase, measure, control)
    if isinstance(found, Absent):
        return found
    salience, scores = found
    if bool((salience == salience[:, :1]).all()):
        return Absent(
            "all items matter the same; patterns.salience={low: 0, high: 3} makes them differ"
        )
    rank = salience.argsort(dim=1, stable=True).argsort(dim=1, stable=True)
    third = rank * len(TERCILES) // salience.shape[1] == TERCILES.index(tercile)
    means = torch.where(third, scores, torch.nan).nanmean(1)
    empty = int(means.isnan().sum())
    return Absent(f"no item in the {tercile} third in {empty} replicates") if empty else means


def privilege(
    session: Session, *, arm: str, measure: str = "success", phase: str = "recall"
) -> Measure:
    """What the third that mattered most is recalled better than the third that mattered least."""
    high = by_tercile(session, arm=arm, tercile="high", measure=measure, phase=phase)
    low = by_tercile(session, arm=arm, tercile="low", measure=measure, phase=phase)
    if isinstance(high, Absent):
        return high
    return low if isinstance(low, Absent) else high - low


def gain(
    session: Session,
    *,
    arm: str,
    even: str,
    tercile: Third = "high",
    measure: str = "success",
) -> Measure:
    """What a third of the items gains by salience: arm ``arm`` less ``even``."""
    lost = cost(session, arm=arm, even=even, tercile=tercile, measure=measure)
    return lost if isinstance(lost, Absent) else -lost


def cost(
    session: Session,
    *,
    arm: str,
    even: str,
    tercile: Third = "low",
    measure: str = "success",
) -> Measure:
    """What a third of the items loses by the salience of the others: arm ``even`` less ``arm``."""
    with_it = by_tercile(session, arm=arm, tercile=tercile, measure=measure)
    without = by_tercile(session, arm=even, tercile=tercile, measure=measure)
    if isinstance(with_it, Absent):
        return with_it
    return without if isinstance(without, Absent) else without - with_it


def scored(
    session: Session, arm: str, phase: str, measure: str, control: str | None = None
) -> tuple[Tensor, Tensor] | Absent:
    """Salience and score of every item that a recall asked for, ``(R, C)`` each."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    given = answers(session, arm, phase, recall.items, control)
    scores = given if isinstance(given, Absent) else score(measure)(given)
    if isinstance(scores, Absent):
        return scores
    return session.salience[:, list(recall.items)].double(), scores.double()


def predicted(session: Session, *, series: str) -> Measure:
    """What theory expects of the first item whose writing the medium told it of, ``(R,)``."""
    for exposure in session.exposures:
        if exposure.item is not None and series in exposure.series:
            return exposure.series[series].values[:, -1].double()
    return Absent(f"this medium tells no {series!r} when it writes")


def effective_load(session: Session, arm: str, phase: str = "recall") -> Tensor | Absent:
    """α_eff of every item that a recall asked for: Σ w² / (N w_item²), ``(R, C)``.

    w is the weight with which the medium says it wrote an item (its series *weight*), or the item's
    salience where it says nothing. A Hebbian memory keeps what lies below 0.138.
    """
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    weights = session.salience.double().clone()
    for exposure in session.exposures:
        if arm in exposure.arms and exposure.item is not None and "weight" in exposure.series:
            weights[:, exposure.item] = exposure.series["weight"].values[:, -1].double()
    power = weights[:, list(dict.fromkeys(recall.presented))].square().sum(1, keepdim=True)
    return power / (session.space.size * weights[:, list(recall.items)].square())
