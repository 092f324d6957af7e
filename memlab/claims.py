"""Claims and the gate they must pass: better than every floor, beyond chance, or not shown."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import final

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Group, Measure, asked
from memlab.metrics.recall import likeness
from memlab.session import Session
from memlab.statistics import (
    NOISE,
    Estimate,
    differing,
    estimate,
    holm,
    sign_flip_p,
    smallest_p,
)

ALPHA = 0.05


class Status(StrEnum):
    """What a run says of a claim."""

    HOLDS = "holds"
    NOT_SHOWN = "not shown"
    TOO_FEW = "cannot be shown"
    NO_DATA = "no data"


@final
@dataclass(frozen=True)
class Verdict:
    """A claim as judged: the smallest margin over its floors, and whether it may be stated."""

    name: str
    statement: str
    status: Status
    reason: str
    effect: Estimate | None = None  # the margin over the best control
    best_control: str = ""
    p: float | None = None  # largest over the floors
    p_holm: float | None = None  # over the claims of the report
    margins: Mapping[str, Estimate] | None = None  # over each floor
    measure: str = ""  # what the margins are differences of
    published: str = ""  # what was said elsewhere, word for word


class Claim(ABC):
    """Something said about a run, as paired differences that must all be above zero."""

    statement: str
    measure: str
    published: str  # what was said elsewhere, word for word; empty if the claim is ours

    @abstractmethod
    def margins(self, session: Session) -> dict[str, Tensor] | Absent:
        """By how much the claim beats each of its floors, ``(R,)`` each."""


@final
@dataclass(frozen=True)
class BeatsFloors(Claim):
    """The medium's answers score higher than those of every floor that ran beside them."""

    statement: str
    arm: str
    phase: str
    group: Group
    measure: str = "pearson"
    published: str = ""

    def margins(self, session: Session) -> dict[str, Tensor] | Absent:
        recall = asked(session, self.arm, self.phase)
        own = self._score(session, None)
        if isinstance(recall, Absent):
            return recall
        if isinstance(own, Absent):
            return own
        floors = [name for name in session.floors if name in recall.controls]
        if not floors:
            return Absent(f"no floor was run at {self.arm}/{self.phase}")
        scores = {name: self._score(session, name) for name in floors}
        margins = {name: own - s for name, s in scores.items() if not isinstance(s, Absent)}
        return margins or Absent(f"{self.measure} has no meaning for any of {', '.join(floors)}")

    def _score(self, session: Session, control: str | None) -> Measure:
        return likeness(
            session,
            arm=self.arm,
            phase=self.phase,
            group=self.group,
            measure=self.measure,
            control=control,
        )


@final
@dataclass(frozen=True)
class Contrast(Claim):
    """One treatment scores higher than another on the same items: decay, interference, gain."""

    statement: str
    better: Sequence[str]  # (arm, phase)
    worse: Sequence[str]  # (arm, phase)
    group: Group
    measure: str = "pearson"
    published: str = ""

    def margins(self, session: Session) -> dict[str, Tensor] | Absent:
        above, below = (
            likeness(session, arm=arm, phase=phase, group=self.group, measure=self.measure)
            for arm, phase in (self.better, self.worse)
        )
        if isinstance(above, Absent):
            return above
        return below if isinstance(below, Absent) else {"/".join(self.worse): above - below}


@final
@dataclass(frozen=True)
class MetricBeatsFloors(Claim):
    """A metric of the medium's answers is above the same metric of every floor's.

    ``of`` takes a session and ``control=``, the name of one. For metrics that are more than the
    mean of a score over the cues of one recall. With ``arms`` it also takes ``arm=``, and is above
    what it is in each of these.
    """

    statement: str
    of: Callable[..., Measure]
    measure: str
    arms: Sequence[str] = ()
    published: str = ""

    def margins(self, session: Session) -> dict[str, Tensor] | Absent:
        own = self.of(session)
        if isinstance(own, Absent):
            return own
        scores = {name: self.of(session, control=name) for name in session.floors}
        margins = {name: own - s for name, s in scores.items() if not isinstance(s, Absent)}
        others = all_of({arm: self.of(session, arm=arm) for arm in self.arms})
        if isinstance(others, Absent):
            return others
        margins |= {arm: own - value for arm, value in others.items()}
        return margins or Absent(f"{self.measure} has no meaning for any floor of this run")


@final
@dataclass(frozen=True)
class AboveZero(Claim):
    """A difference that a metric measures is above zero in the replicates: a gain, a cost."""

    statement: str
    of: Callable[[Session], Measure]
    over: str  # what the difference is taken from
    measure: str
    published: str = ""

    def margins(self, session: Session) -> dict[str, Tensor] | Absent:
        found = self.of(session)
        return found if isinstance(found, Absent) else {self.over: found}


@final
@dataclass(frozen=True)
class AllAboveZero(Claim):
    """Several differences that metrics measure are all above zero: each has a name, as a floor."""

    statement: str
    of: Mapping[str, Callable[[Session], Measure]]
    measure: str
    published: str = ""

    def margins(self, session: Session) -> dict[str, Tensor] | Absent:
        return all_of({name: metric(session) for name, metric in self.of.items()})


def all_of(found: Mapping[str, Measure]) -> dict[str, Tensor] | Absent:
    """The values of all metrics; if some are absent, why the first is."""
    missing = [value for value in found.values() if isinstance(value, Absent)]
    if missing:
        return missing[0]
    return {name: value for name, value in found.items() if not isinstance(value, Absent)}


def judged(claims: Mapping[str, Claim], session: Session) -> tuple[Verdict, ...]:
    """The verdict on every claim, Holm-corrected over those that could be tested.

    A claim is tested against all its floors at once (intersection-union): its p is the largest
    over them, so no correction over floors is due.
    """
    found = {name: claim.margins(session) for name, claim in claims.items()}
    tested = {n: _measured(n, claims[n], m) for n, m in found.items() if not isinstance(m, Absent)}
    corrected = holm([verdict.p or 0.0 for verdict in tested.values()])
    settled = {
        name: _settled(verdict, p_holm, len(tested))
        for (name, verdict), p_holm in zip(tested.items(), corrected, strict=True)
    }
    absent = {
        name: Verdict(
            name,
            claims[name].statement,
            Status.NO_DATA,
            margins.reason,
            measure=claims[name].measure,
            published=claims[name].published,
        )
        for name, margins in found.items()
        if isinstance(margins, Absent)
    }
    return tuple((settled | absent)[name] for name in claims)


def _measured(name: str, claim: Claim, margins: dict[str, Tensor]) -> Verdict:
    """The verdict's numbers, its status still open; margins that are float noise count as 0."""
    margins = {control: torch.from_numpy(differing(m)) for control, m in margins.items()}
    estimates = {control: estimate(margin) for control, margin in margins.items()}
    best = min(estimates, key=lambda control: estimates[control].mean)
    return Verdict(
        name,
        claim.statement,
        Status.NOT_SHOWN,
        "",
        effect=estimates[best],
        best_control=best,
        p=max(_p_above(margin) for margin in margins.values()),
        margins=estimates,
        measure=claim.measure,
        published=claim.published,
    )


def _not_above(margin: Estimate, *, by_mean: bool) -> bool:
    """Whether a floor is not beaten: by the interval, or with too few replicates by the mean."""
    return margin.mean < NOISE or (not by_mean and (margin.low is None or margin.low < NOISE))


def _p_above(margin: Tensor) -> float:
    """The two-sided p of a margin, 1 where it points against the claim."""
    return sign_flip_p(margin) if float(margin.mean()) >= NOISE else 1.0


def _settled(verdict: Verdict, p_holm: float, claims: int) -> Verdict:
    """The verdict with its corrected p, status and reason."""
    margins = verdict.margins or {}
    n = next(iter(margins.values())).n
    hopeless = smallest_p(n) * claims > ALPHA
    short = [c for c, m in margins.items() if _not_above(m, by_mean=hopeless)]
    if hopeless and not short:
        status = Status.TOO_FEW
        reason = f"the smallest p of {n} replicates and {claims} claims is above {ALPHA}"
    elif short:
        status, reason = Status.NOT_SHOWN, f"not above {', '.join(short)}"
    elif p_holm >= ALPHA:
        status, reason = Status.NOT_SHOWN, f"p = {p_holm:.3f} after Holm over {claims} claims"
    else:
        all_of = f"all {len(margins)} floors" if len(margins) > 1 else next(iter(margins))
        status, reason = Status.HOLDS, f"above {all_of}"
    return replace(verdict, p_holm=p_holm, status=status, reason=reason)
