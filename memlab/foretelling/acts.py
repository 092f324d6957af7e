"""The acts on sequences of symbols: a study, a forecast beside its floors, samples."""

import torch
from torch import Tensor

from memlab.experiment import Plan
from memlab.foretelling.chances import surprise
from memlab.foretelling.outlook import Outlook
from memlab.foretelling.reliability import reliability
from memlab.plan import Stage
from memlab.protocol import Foretell, Sample, Study
from memlab.session import Forecast, Samples
from memlab.space import Item
from memlab.substrate import Engram, Meter, Series
from memlab.text.sampling import sampled

SUM = 1e-3  # by which chances may miss 1: they may be in single precision


def shown_before(plan: Plan, stage: Stage) -> Tensor:
    """The items that a stage's memory was shown, in the order of each replicate, ``(R, P)``."""
    parts = [torch.zeros(len(plan.session.replicates), 0, dtype=torch.int64)]
    for act in stage.presented:
        row = torch.tensor([[act]]) if isinstance(act, int) else _spanned(plan, act)
        parts.append(row.expand(len(parts[0]), -1))
    return torch.cat(parts, dim=1)


def gathered(values: Tensor, items: Tensor) -> Tensor:
    """Of ``values (R, P, …)`` those at ``items (R, N)``, in each replicate its own."""
    rows = torch.arange(len(values), device=values.device)[:, None]
    return values[rows, items.to(values.device)]


def study(plan: Plan, stage: Stage, act: Study, engram: Engram, meter: Meter) -> dict[str, Series]:
    """Present the items of a study; how surprising each was, and how many symbols it has."""
    items = _spanned(plan, act)
    values = gathered(plan.shown, items)
    valid = plan.session.space.valid(values)
    salience = gathered(plan.session.salience, items).to(values)
    draws = plan.draws.at("study", act.start, stage.nth)
    nats = plan.media[stage.medium].study(engram, Item(values, valid, salience), draws, meter)
    if nats.isnan().any():
        raise FloatingPointError("the surprise of an item must be a number, got NaN")
    symbols = valid.flatten(2).sum(2).double()
    each = (nats / symbols).double().cpu()
    for n, value in enumerate(each.unbind(1)):
        meter.add("surprise", n, value, "nats per symbol")
    steps = torch.tensor(act.span)
    return {
        "surprise": Series(steps, each, "nats per symbol"),
        "symbols": Series(steps, symbols.cpu()),
    }


def outlook_on(plan: Plan, stage: Stage, act: Foretell, engram: Engram) -> Outlook:
    """A forecast as its floors meet it."""
    substrate = plan.media[stage.medium]
    return Outlook(
        substrate=substrate,
        engram=engram,
        blank=substrate.blank(plan.draws.at("blank")),
        truth=plan.patterns[:, act.items],
        presented=gathered(plan.shown, shown_before(plan, stage)),
        draws=plan.draws.at("foretell", stage.phase),
        meter=Meter(),
    )


def forecast(plan: Plan, stage: Stage, act: Foretell, outlook: Outlook) -> Forecast:
    """What the medium foretells, before any floor is asked."""
    space, nats, sums = outlook.space, [], []
    for some, chances in outlook.chances(outlook.engram):
        _check(chances)
        truth = outlook.truth[:, some]
        nats.append(surprise(chances, truth, space))
        sums.append(reliability(chances, truth.flatten(2), space.valid(truth).flatten(2)))
    return Forecast(
        arms=stage.arms,
        phase=stage.phase,
        items=act.items,
        presented=shown_before(plan, stage).int(),
        surprise=torch.cat(nats, dim=1).cpu(),
        controls={},
        absent={},
        reliability=torch.stack(sums).sum(0).cpu(),
        at=dict(act.at),
    )


def samples(plan: Plan, stage: Stage, act: Sample, engram: Engram, meter: Meter) -> Samples:
    """What the medium says when it is let speak."""
    values, ended = sampled(
        plan.media[stage.medium],
        engram,
        act.count,
        plan.draws.at("sample", stage.phase, stage.nth),
        meter,
        temperature=act.temperature,
        top_k=act.top_k,
    )
    shown = shown_before(plan, stage).int()
    return Samples(stage.arms, stage.phase, values.cpu(), ended.cpu(), shown, dict(act.at))


def _spanned(plan: Plan, act: Study) -> Tensor:
    """The items that a study presents, in the order of each replicate, ``(R, N)``."""
    return plan.orders[act.items, act.order][:, act.span.start : act.span.stop]


def _check(chances: Tensor) -> None:
    """Raise FloatingPointError unless these are chances that add up to 1."""
    apart = (chances.sum(-1) - 1).abs().amax()
    if not bool(apart <= SUM) or bool((chances < 0).any()):
        raise FloatingPointError(
            f"the chances of all symbols must be at least 0 and add up to 1, got some {apart:.3g} "
            f"off, the least {chances.min():.3g}"
        )
