"""Which unit tells a concept, with nulls for having searched among many.

Activity is ``(R, samples S, units N)``, labels are bool ``(R, S)``. The measure is the area under
the ROC curve, the probability that a sample with the concept excites a unit more than one without
(ties count half), which is the Mann–Whitney U over its largest value.
"""

from dataclasses import dataclass
from typing import final

import torch
from scipy.stats import norm, rankdata
from torch import Tensor

from memlab.codes.sparseness import checked
from memlab.draws import Draws

LEVEL = 0.95  # of an interval
TIES = 1e-9


@final
@dataclass(frozen=True)
class Held:
    """What was found in one half of the samples and tested on the other; each ``(R,)``."""

    unit: Tensor  # int64, the most selective in the first half
    searched: Tensor  # its AUC there: the best of many, so too high
    tested: Tensor  # its AUC in the other half
    low: Tensor  # of the 95 % interval of that
    high: Tensor


def auc(activity: Tensor, labels: Tensor) -> Tensor:
    """The AUC ``(R, N)`` of every unit for the concept; 1/2 is chance."""
    _check(activity, labels)
    return _auc(_ranks(activity), labels)


def searched_p(
    activity: Tensor, labels: Tensor, draws: Draws, *, permutations: int = 999
) -> Tensor:
    """One-sided p ``(R, N)``: the best of all units is as selective for shuffled labels.

    Corrected for the search by the largest statistic of each shuffle (P. Westfall and S. Young,
    1993). The least is 1 / (permutations + 1).
    """
    _check(activity, labels)
    if permutations < 1:
        raise ValueError(f"permutations must be 1 or more, got {permutations}")
    ranks = _ranks(activity)
    real = _auc(ranks, labels)
    reached = torch.ones_like(real)
    for nth in range(permutations):
        order = draws.at(nth).permutation("labels", labels.shape[1])
        best = _auc(ranks, labels.gather(1, order)).amax(1, keepdim=True)
        reached += best >= real - TIES
    return reached / (permutations + 1)


def held_out(activity: Tensor, labels: Tensor, draws: Draws) -> Held:
    """Search one random half of the samples for the most selective unit, test it on the other.

    Both halves hold half of the samples with the concept and half of those without. The interval is
    that of J. Hanley and B. McNeil, Radiology 143, 29 (1982).
    """
    _check(activity, labels)
    first = _half(labels, draws)
    if not (_both(labels, first) and _both(labels, ~first)):
        raise ValueError("halves need two samples with the concept and two without, at least")
    searched, unit, tested = [], [], []
    for rates, label, mine in zip(activity, labels, first, strict=True):
        one = auc(rates[None, mine], label[None, mine])[0]
        best = int(one.argmax())
        unit.append(best)
        searched.append(one[best])
        tested.append(auc(rates[None, ~mine][..., [best]], label[None, ~mine])[0, 0])
    area, mine = torch.stack(tested), labels & ~first
    reach = norm.ppf((1 + LEVEL) / 2) * _deviation(area, mine.sum(1), (~labels & ~first).sum(1))
    return Held(
        torch.tensor(unit),
        torch.stack(searched),
        area,
        low=(area - reach).clamp(min=0),
        high=(area + reach).clamp(max=1),
    )


def _half(labels: Tensor, draws: Draws) -> Tensor:
    """A random half of the samples, bool ``(R, S)``, of each label every second."""
    order = draws.uniform("half", (labels.shape[1],))
    within = torch.where(labels, order, order + 1).argsort(1)  # first those with the concept
    nth = within.argsort(1)
    nth = torch.where(labels, nth, nth - labels.sum(1, keepdim=True))
    return nth % 2 == 0


def _deviation(area: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """The standard error of an area from so many samples with and without."""
    pair, square = area / (2 - area), 2 * area.square() / (1 + area)
    variance = (
        area * (1 - area)
        + (positive - 1) * (pair - area.square())
        + (negative - 1) * (square - area.square())
    ) / (positive * negative)
    return variance.clamp(min=0).sqrt()


def _auc(ranks: Tensor, labels: Tensor) -> Tensor:
    """From ranks ``(R, S, N)`` over samples: U = Σ ranks - n (n + 1) / 2, over n times the rest."""
    n = labels.sum(1, keepdim=True).double()
    total = torch.einsum("rsn,rs->rn", ranks, labels.double())
    return (total - n * (n + 1) / 2) / (n * (labels.shape[1] - n))


def _ranks(activity: Tensor) -> Tensor:
    ranks = rankdata(checked(activity).cpu().numpy(), axis=1)
    return torch.from_numpy(ranks).to(activity.device)


def _both(labels: Tensor, among: Tensor) -> bool:
    return bool((labels & among).any(1).all() and (~labels & among).any(1).all())


def _check(activity: Tensor, labels: Tensor) -> None:
    if activity.ndim != 3 or labels.shape != activity.shape[:2] or labels.dtype != torch.bool:
        raise ValueError(
            "activity must be (R, samples, units) and labels bool (R, samples), got "
            f"{tuple(activity.shape)} and {labels.dtype} {tuple(labels.shape)}"
        )
    if not _both(labels, torch.ones_like(labels)):
        raise ValueError("every replicate needs samples with the concept and samples without it")
