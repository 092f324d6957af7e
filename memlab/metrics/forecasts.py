"""How well a language was learned: losses in nats per symbol, calibration, orders of a pass."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.ladder import Ladder
from memlab.metrics.measure import Group, Measure, members
from memlab.session import Forecast, Session

GIVEN = "given"  # the order that others are compared with


@final
@dataclass(frozen=True)
class Pass:
    """How surprising the items of a pass were, in the order in which they came."""

    surprise: Tensor  # (R, N) nats per symbol
    symbols: Tensor  # (R, N)

    @property
    def nats(self) -> Tensor:
        """Of each item, ``(R, N)``."""
        return self.surprise * self.symbols

    def last(self, share: float) -> "Pass":
        """The last share of it."""
        first = self.nats.shape[1] - max(1, round(share * self.nats.shape[1]))
        return Pass(self.surprise[:, first:], self.symbols[:, first:])


def forecast(session: Session, arm: str, phase: str) -> Forecast | Absent:
    """What was foretold in a phase of an arm."""
    for one in session.forecasts:
        if arm in one.arms and one.phase == phase:
            return one
    known = sorted({f"{'/'.join(one.arms)}:{one.phase}" for one in session.forecasts})
    return Absent(f"nothing was foretold in {arm}:{phase}; this run has {known or 'no forecast'}")


def loss(
    session: Session,
    *,
    arm: str,
    phase: str = "ask",
    group: Group = "test",
    control: str | None = None,
) -> Measure:
    """Nats per symbol of the items of a group, the mean over all their symbols."""
    found = forecast(session, arm, phase)
    return found if isinstance(found, Absent) else loss_of(session, found, group, control)


def loss_of(session: Session, found: Forecast, group: Group, control: str | None = None) -> Measure:
    """Nats per symbol of one forecast, of the medium or of a floor."""
    nats = found.surprise if control is None else found.controls.get(control)
    if nats is None:
        return Absent(found.absent.get(control or "", f"no floor {control!r} at {found.phase}"))
    at = found.of(members(session, group))
    if not at:
        return Absent(f"{group!r} was not foretold in {found.phase}")
    return _finite(nats[:, at].flatten(1).nanmean(1))


def certainty(
    session: Session,
    *,
    arm: str,
    phase: str = "ask",
    group: Group = "test",
    control: str | None = None,
) -> Measure:
    """The mean log of the chance that each symbol had: the loss, the higher the better."""
    found = loss(session, arm=arm, phase=phase, group=group, control=control)
    return found if isinstance(found, Absent) else -found


def perplexity(
    session: Session,
    *,
    arm: str,
    phase: str = "ask",
    group: Group = "test",
    control: str | None = None,
) -> Measure:
    """Among how many equally likely symbols the medium was in doubt: e to the loss."""
    found = loss(session, arm=arm, phase=phase, group=group, control=control)
    return found if isinstance(found, Absent) else found.exp()


def loss_by_items(
    session: Session, *, arm: str, group: Group = "test", control: str | None = None
) -> Ladder | Absent:
    """The loss after so many items of the pass."""
    on = [one for one in session.forecasts if arm in one.arms and "items" in one.at]
    on = sorted((one for one in on if one.of(members(session, group))), key=lambda f: f.at["items"])
    each = [loss_of(session, one, group, control) for one in on]
    found = [one for one in each if isinstance(one, Tensor)]
    if len(found) < len(each) or not each:
        lacking = [one for one in each if isinstance(one, Absent)]
        return lacking[0] if lacking else Absent(f"nothing was foretold on the way of {arm!r}")
    return Ladder("items", tuple(one.at["items"] for one in on), torch.stack(found, 1), ())


def passed(session: Session, arm: str) -> Pass | Absent:
    """The pass of an arm, all its studies one after the other."""
    on = [e.series for e in session.exposures if arm in e.arms and "symbols" in e.series]
    if not on:
        return Absent(f"nothing was studied in arm {arm!r}")
    parts = [torch.cat([s[name].values for s in on], dim=1) for name in ("surprise", "symbols")]
    return Pass(*parts)


def prequential(session: Session, *, arm: str, last: float = 1.0) -> Measure:
    """Nats per symbol of a pass, each item foretold before it was learned; or of its last share.

    A. P. Dawid, Journal of the Royal Statistical Society A 147, 278 (1984).
    """
    found = passed(session, arm)
    if isinstance(found, Absent):
        return found
    part = found.last(last)
    return _finite(part.nats.sum(1) / part.symbols.sum(1))


def order_gain(session: Session, *, order: str, over: str = GIVEN, last: float = 1.0) -> Measure:
    """By how many nats per symbol a pass in one order costs less than in another."""
    better = prequential(session, arm=order, last=last)
    worse = prequential(session, arm=over, last=last)
    if isinstance(better, Absent):
        return better
    return worse if isinstance(worse, Absent) else worse - better


def order_spread(session: Session, *, phase: str = "ask", group: Group = "test") -> Measure:
    """The largest loss at the end of a pass less the smallest, over all orders."""
    arms = dict.fromkeys(a for one in session.forecasts if one.phase == phase for a in one.arms)
    each = [loss(session, arm=arm, phase=phase, group=group) for arm in arms]
    found = [one for one in each if isinstance(one, Tensor)]
    if len(found) < 2:
        return Absent("a spread needs two orders or more in which something was foretold")
    losses = torch.stack(found)
    return losses.amax(0) - losses.amin(0)


def calibration_error(session: Session, *, arm: str, phase: str = "ask") -> Measure:
    """The mean distance between a foretold chance and how often it came true, over all chances.

    Chances are taken together in bins, equal on a logarithmic scale, every symbol at every place
    counting once. M. Pakdaman Naeini et al., AAAI 29, 2901 (2015).
    """
    found = forecast(session, arm, phase)
    if isinstance(found, Absent):
        return found
    chances, came, count = found.reliability.unbind(1)
    return (chances - came).abs().sum(1) / count.sum(1)


def leaked(session: Session, *, group: Group = "test", among: Group = "train") -> Measure:
    """The share of a group's items that are also in another group."""
    asked = session.patterns[:, list(members(session, group))].flatten(2)
    known = session.patterns[:, list(members(session, among))].flatten(2)
    shares = []
    for rows, others in zip(asked, known, strict=True):
        there = contents(others)
        shares.append(sum(one in there for one in rowwise(rows)) / len(rows))
    return torch.tensor(shares, dtype=torch.float64)


def contents(rows: Tensor) -> set[bytes]:
    """The different rows of ``(N, L)``."""
    return set(rowwise(rows))


def rowwise(rows: Tensor) -> list[bytes]:
    """Every row of ``(N, L)`` as bytes."""
    return [row.tobytes() for row in rows.int().numpy()]


def _finite(values: Tensor) -> Measure:
    """Losses ``(R,)``; infinite ones are no numbers to compare."""
    endless = int((~values.isfinite()).sum())
    if endless:
        return Absent(f"what came had no chance at all in {endless} of {len(values)} replicates")
    return values.double()
