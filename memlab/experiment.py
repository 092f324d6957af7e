"""What is asked for, and the same made ready: every object built and checked, every act known."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import final

import psutil
import torch
from torch import Tensor

from memlab.controls import Controls
from memlab.cues import CueMaker
from memlab.draws import Draws
from memlab.foretelling.chances import alphabet
from memlab.patterns.salience import drawn
from memlab.patterns.source import PatternSource, with_contrast
from memlab.plan import Stage, stages
from memlab.protocol import Foretell, Protocol, Recall, Sample, Setting, Study
from memlab.session import Session
from memlab.space import Cue, Space, Split, joined
from memlab.substrate import Substrate
from memlab.text.orders import ordered

CONTROLLED = 3  # copies of a memory at a recall: its own, the blank, and a control's


@final
@dataclass(frozen=True)
class Experiment:
    """A run as it was asked for: what learns what, how it is cued, treated and controlled."""

    seed: int
    replicates: int
    device: torch.device
    video: bool
    substrate: Callable[..., Substrate]  # takes space=, and any parameter an arm sets otherwise
    patterns: PatternSource
    cue: CueMaker
    cues: Mapping[str, CueMaker]  # further cues, by the name an arm asks for
    protocol: Protocol
    protocol_name: str
    controls: Controls


@final
@dataclass(frozen=True)
class Plan:
    """An experiment made ready: every object built and checked, every act known."""

    experiment: Experiment
    draws: Draws
    stages: tuple[Stage, ...]
    media: Mapping[Setting, Substrate]
    makers: Mapping[str, CueMaker]
    patterns: Tensor  # (R, P, *shape), on the device
    shown: Tensor  # (R, P, *shape), what of them may be presented: all, but for tasks
    split: Split | None  # of tasks
    session: Session  # still empty
    orders: Mapping[tuple[tuple[int, ...], str], Tensor] = field(default_factory=dict)
    # the items of a study laid out in its order, (R, N)

    @property
    def acts(self) -> int:
        """How many acts the run has; each control of a recall or forecast counts as one."""
        controls, acts = self.experiment.controls, [stage.act for stage in self.stages]
        recalls = sum(isinstance(act, Recall) and act.controlled for act in acts)
        forecasts = sum(isinstance(act, Foretell) and act.controlled for act in acts)
        asked = recalls * (len(controls.floors) + len(controls.ceilings))
        return len(acts) + asked + forecasts * len(controls.foretold)


def prepare(experiment: Experiment) -> Plan:
    """Build and check everything before any compute; raises ValueError on what cannot be."""
    draws = Draws(experiment.seed, tuple(range(experiment.replicates)), experiment.device)
    planned = stages(experiment.protocol.arms())
    makers = {"default": experiment.cue, **experiment.cues, **experiment.protocol.cues()}
    wanted = {stage.act.cue for stage in planned if isinstance(stage.act, Recall)}
    if missing := wanted - set(makers):
        raise ValueError(
            f"the protocol asks for cues {sorted(missing)}, but cues has {sorted(makers)}; "
            "experiment=scarring_validation sets stronger"
        )
    space = experiment.patterns.space
    _check_sequences(planned, space)
    media = media_of(experiment.substrate, space, {stage.medium for stage in planned})
    session, patterns = _empty_session(experiment, draws, planned)
    split = experiment.patterns.split(patterns)
    shown = patterns if split is None else split.shown(patterns, space)
    orders = laid_out(planned, patterns, draws, ends=space.ends)
    plan = Plan(experiment, draws, planned, media, makers, patterns, shown, split, session, orders)
    for name in makers:
        cues_to(plan, (0,), name)
    _check_room(plan)
    return plan


def media_of(
    substrate: Callable[..., Substrate], space: Space, settings: Iterable[Setting]
) -> dict[Setting, Substrate]:
    """A medium for each setting that arms ask for; raises ValueError for what it has not."""
    found = {setting: substrate(space=space, **dict(setting)) for setting in settings}
    for setting, medium in found.items():
        for name, _ in setting:
            known = [field.name for field in fields(medium) if field.name != "space"]  # type: ignore[arg-type]
            if name not in known:
                raise ValueError(
                    f"the protocol sets {name!r} of the substrate, which has "
                    f"{', '.join(sorted(known)) or 'no parameters'}"
                )
    return found


def _check_room(plan: Plan) -> None:
    """Raise ValueError for memories that this machine cannot hold beside each other."""
    device, replicates = plan.experiment.device, plan.experiment.replicates
    children = Counter(stage.parent for stage in plan.stages if stage.parent is not None)
    copies = CONTROLLED + sum(count > 1 for count in children.values())
    need = max(medium.footprint() for medium in plan.media.values()) * replicates * copies
    room = free_memory(device)
    if need > room:
        raise ValueError(
            f"the memories of {replicates} replicates, in the {copies} copies that are held at "
            f"once, need {need / 1e9:.3g} GB, and {device.type} has {room / 1e9:.3g} GB free; "
            "lower replicates or the size of the patterns"
        )


def _check_sequences(planned: tuple[Stage, ...], space: Space) -> None:
    """Raise ValueError for a protocol that foretells symbols where there are none."""
    if any(isinstance(stage.act, Study | Foretell | Sample) for stage in planned):
        alphabet(space)
        if space.outputs:
            raise ValueError("what comes next is foretold of patterns that are no tasks, got tasks")


def laid_out(
    planned: tuple[Stage, ...], patterns: Tensor, draws: Draws, *, ends: bool
) -> dict[tuple[tuple[int, ...], str], Tensor]:
    """The items of every study in its order, ``(R, N)`` each; all arms and spans share them."""
    wanted = {(s.act.items, s.act.order) for s in planned if isinstance(s.act, Study)}
    found = {}
    for items, order in sorted(wanted, key=lambda one: one[1]):
        at = ordered(patterns[:, items], order, draws.at("order", order), ends=ends).cpu()
        found[items, order] = torch.tensor(items)[at]
    return found


def _empty_session(
    experiment: Experiment, draws: Draws, planned: tuple[Stage, ...]
) -> tuple[Session, Tensor]:
    """The log before anything happened, and the patterns on the device."""
    groups: dict[str, tuple[int, ...]] = {}
    count = 0
    for name, size in experiment.protocol.groups().items():
        groups[name] = tuple(range(count, count + size))
        count += size
    space = experiment.patterns.space
    names = experiment.patterns.names(count)
    drawn_patterns = space.check(experiment.patterns.draw(count, draws.at("patterns")))
    patterns = with_contrast(drawn_patterns, names)
    session = Session(
        space=space,
        seed=experiment.seed,
        replicates=draws.replicates,
        protocol=experiment.protocol_name,
        names=names,
        groups=groups,
        patterns=patterns.cpu(),
        salience=drawn(experiment.patterns.salience, count, draws.at("salience")),
        floors=_floors(experiment.controls, planned),
        ceilings=tuple(experiment.controls.ceilings),
    )
    return session, patterns


def _floors(controls: Controls, planned: tuple[Stage, ...]) -> tuple[str, ...]:
    """The names of all floors: of recalls, and where something is foretold, of forecasts."""
    foretold = any(isinstance(stage.act, Foretell) for stage in planned)
    return tuple(dict.fromkeys((*controls.floors, *(controls.foretold if foretold else ()))))


def cues_to(plan: Plan, items: tuple[int, ...], name: str = "default") -> Cue:
    """The cues to some items: the same bytes for an item in every arm, phase and substrate.

    Of a task everything is told but the outputs that are asked for, and what the cue keeps back.
    """
    patterns, maker = plan.shown, plan.makers[name]
    count = patterns.shape[1]
    cue = joined(
        [
            maker.cue(
                patterns[:, item],
                patterns[:, (item + 1) % count],
                plan.session.space,
                plan.draws.at("cue", name, item),
            )
            for item in items
        ]
    )
    return cue if plan.split is None else _of_tasks(cue, plan, list(items))


def _of_tasks(cue: Cue, plan: Plan, items: list[int]) -> Cue:
    """A cue whose outputs are given, and certain, where they are not asked for."""
    told = torch.zeros_like(cue.given)
    told[..., plan.session.space.inputs :] = True
    hidden = told & plan.split.asked[:, items] if plan.split else told
    values = torch.where(told, plan.shown[:, items], cue.values).masked_fill(hidden, 0)
    return Cue(values, given=(cue.given | told) & ~hidden, certain=(cue.certain | told) & ~hidden)


def free_memory(device: torch.device) -> int:
    """Bytes that a device can still give."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)
