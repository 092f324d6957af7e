"""How much of what went in can be told from what is there now: memory capacity.

The outputs that ``patterns=past`` asks for are uncorrelated: the shares told of each add up,
to the number of independent signals at most. H. Jaeger, GMD Report 152 (2001); J. Dambre et al.,
Scientific Reports 2, 514 (2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from scipy.stats import chi2
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.ladder import Ladder, Place, placed, rungs
from memlab.metrics.measure import Measure, answered
from memlab.metrics.scores import columns
from memlab.session import Recall, Session
from memlab.similarity import FAINT

LEVELS = 8  # into which the noise is cut for the accuracy at a lag
CHANCE = 1e-4  # that what is told of one output passes by luck


@final
@dataclass(frozen=True)
class Told:
    """What was answered of every output over the steps that were asked for, ``(R, T, K)``."""

    terms: tuple[tuple[int, ...], ...]  # the lags of each output; as many as its degree
    truth: Tensor
    response: Tensor

    @property
    def captured(self) -> Tensor:
        """The squared correlation with the truth ``(R, K)``: the share that is told."""
        return _squared(self.truth, self.response)

    @property
    def null(self) -> float:
        """The squared correlation that unrelated series have on average."""
        return 1 / self.truth.shape[1]

    def of_degree(self, degree: int) -> list[int]:
        """The outputs of a degree."""
        return [k for k, term in enumerate(self.terms) if len(term) == degree]


def told(session: Session, recall: Recall, control: str | None = None) -> Told | Absent:
    """What a recall of one item, or a control of it, tells of the past."""
    names = session.space.outputs
    if not names or not all(part.isdecimal() for name in names for part in name.split("+")):
        return Absent("the patterns do not ask for the past of noise; take patterns=past")
    found = answered(session, recall, [0], control)
    if isinstance(found, Absent):
        return found
    asked = columns(~found.certain, found)[0, 0, :, 0]  # the same steps for all replicates
    return Told(
        tuple(tuple(map(int, name.split("+"))) for name in names),
        columns(found.truth, found)[:, 0, asked].double(),
        columns(found.response, found)[:, 0, asked].double(),
    )


def capacity(session: Session, *, x: Place, degree: int = 1, control: str | None = None) -> Measure:
    """Σ over the outputs of a degree of the share told, at one scale of the input.

    Of degree 1, the null is taken off each share: the linear memory capacity, in steps. Of higher
    ones, shares within chance count as 0 (χ², p = 10⁻⁴): nonlinear capacity.
    """
    found = _at(session, x, control)
    return found if isinstance(found, Absent) else _total(found, degree)


def processing(session: Session, *, x: Place, control: str | None = None) -> Measure:
    """Σ over all outputs of the share told, those within chance as 0: at most the units."""
    found = _at(session, x, control)
    if isinstance(found, Absent):
        return found
    return _beyond_chance(found, range(len(found.terms))).sum(1)


def best_capacity(session: Session) -> Measure:
    """The linear memory capacity at the best of the scales, which each replicate chooses.

    The choice goes by the first half of what is asked, the capacity by the second.
    """
    on = rungs(session, "scale")
    each = [told(session, recall) for recall in on]
    found = [one for one in each if isinstance(one, Told)]
    if not found:
        return next((one for one in each if isinstance(one, Absent)), Absent("no scale was asked"))
    halves = [[_total(_part(one, half), 1) for one in found] for half in (0, 1)]
    first, second = (torch.stack(half, 1) for half in halves)  # (R, scales)
    return second.gather(1, first.argmax(1, keepdim=True))[:, 0]


def reach(session: Session, *, x: Place, share: float = 0.5, control: str | None = None) -> Measure:
    """The first lag of which less than a share of the noise is told."""
    found = _at(session, x, control)
    if isinstance(found, Absent):
        return found
    held = found.captured[:, found.of_degree(1)] >= share
    return held.long().cumprod(1).sum(1).double()


def by_lag(session: Session, *, x: Place, control: str | None = None) -> Ladder | Absent:
    """The share told of the noise at every lag, the null taken off: MC(k)."""
    found = _at(session, x, control)
    if isinstance(found, Absent):
        return found
    at = found.of_degree(1)
    shares = (found.captured[:, at] - found.null).clamp(min=0)
    return Ladder("lag", tuple(float(found.terms[k][0]) for k in at), shares, ())


def accuracy_by_lag(session: Session, *, x: Place, control: str | None = None) -> Ladder | Absent:
    """How often the noise is told right as one of 8 even levels, at every lag; chance is 1/8."""
    found = _at(session, x, control)
    if isinstance(found, Absent):
        return found
    at = found.of_degree(1)
    truth, answer = ((part[..., at] * LEVELS).long() for part in (found.truth, found.response))
    right = truth.clamp(max=LEVELS - 1) == answer.clamp(0, LEVELS - 1)
    return Ladder("lag", tuple(float(found.terms[k][0]) for k in at), right.double().mean(1), ())


def _at(session: Session, x: Place, control: str | None) -> Told | Absent:
    on = rungs(session, "scale")
    value = placed(x, [recall.at["scale"] for recall in on])
    for recall in on:
        if recall.at["scale"] == value:
            return told(session, recall, control)
    return Absent(f"no recall at scale {x}; this run has {[recall.at['scale'] for recall in on]}")


def _total(found: Told, degree: int) -> Tensor:
    at = found.of_degree(degree)
    if degree == 1:
        return (found.captured[:, at] - found.null).clamp(min=0).sum(1)
    return _beyond_chance(found, at).sum(1)


def _beyond_chance(found: Told, at: Sequence[int]) -> Tensor:
    """Shares told, 0 where T r² is no more than χ² of one degree of freedom gives by chance."""
    shares = found.captured[:, list(at)]
    return torch.where(shares * found.truth.shape[1] > float(chi2.isf(CHANCE, 1)), shares, 0.0)


def _part(found: Told, half: int) -> Told:
    parts = [values.chunk(2, 1)[half] for values in (found.truth, found.response)]
    return Told(found.terms, *parts)


def _squared(truth: Tensor, response: Tensor) -> Tensor:
    """Squared correlations over axis 1; 0 where either is constant."""
    x, y = (part - part.mean(1, keepdim=True) for part in (truth, response))
    norm = x.square().sum(1) * y.square().sum(1)
    dull = (x.norm(dim=1) < FAINT) | (y.norm(dim=1) < FAINT)
    return torch.where(dull, 0.0, (x * y).sum(1).square() / torch.where(dull, 1.0, norm))
