"""What is asked for, and the same made ready: every object built and checked, every act known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.controls import Controls
from memlab.cues import CueMaker
from memlab.draws import Draws
from memlab.patterns.source import PatternSource
from memlab.plan import Stage, stages
from memlab.protocol import Protocol, Recall
from memlab.session import Session
from memlab.space import Cue, joined
from memlab.substrate import Substrate


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
    media: Mapping[tuple[tuple[str, float | int], ...], Substrate]
    makers: Mapping[str, CueMaker]
    patterns: Tensor  # (R, P, *shape), on the device
    session: Session  # still empty

    @property
    def acts(self) -> int:
        """How many acts the run has; each control of a recall counts as one."""
        extra = len(self.session.floors) + len(self.session.ceilings)
        recalls = [s.act for s in self.stages if isinstance(s.act, Recall) and s.act.controlled]
        return len(self.stages) + extra * len(recalls)


def prepare(experiment: Experiment) -> Plan:
    """Build and check everything before any compute; raises ValueError on what cannot be."""
    draws = Draws(experiment.seed, tuple(range(experiment.replicates)), experiment.device)
    planned = stages(experiment.protocol.arms())
    makers = {"default": experiment.cue, **experiment.cues}
    if missing := {stage.cue for stage in planned} - set(makers):
        raise ValueError(
            f"the protocol asks for cues {sorted(missing)}, but cues has {sorted(makers)}; "
            "experiment=scarring_validation sets stronger"
        )
    space = experiment.patterns.space
    media = {m: experiment.substrate(space=space, **dict(m)) for m in {s.medium for s in planned}}
    session, patterns = _empty_session(experiment, draws)
    plan = Plan(experiment, draws, planned, media, makers, patterns, session)
    for name in makers:
        cues_to(plan, (0,), name)
    return plan


def _empty_session(experiment: Experiment, draws: Draws) -> tuple[Session, Tensor]:
    """The log before anything happened, and the patterns on the device."""
    groups: dict[str, tuple[int, ...]] = {}
    count = 0
    for name, size in experiment.protocol.groups().items():
        groups[name] = tuple(range(count, count + size))
        count += size
    space = experiment.patterns.space
    patterns = space.check(experiment.patterns.draw(count, draws.at("patterns")))
    session = Session(
        space=space,
        seed=experiment.seed,
        replicates=draws.replicates,
        protocol=experiment.protocol_name,
        names=experiment.patterns.names(count),
        groups=groups,
        patterns=patterns.cpu(),
        floors=tuple(experiment.controls.floors),
        ceilings=tuple(experiment.controls.ceilings),
    )
    return session, patterns


def cues_to(plan: Plan, items: tuple[int, ...], name: str = "default") -> Cue:
    """The cues to some items: the same bytes for an item in every arm, phase and substrate."""
    patterns, maker = plan.patterns, plan.makers[name]
    count = patterns.shape[1]
    return joined(
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
