"""A recall as the medium and its controls meet it."""

import torch
from torch import Tensor

from memlab.controls import Trial
from memlab.experiment import Plan, cues_to
from memlab.foretelling.acts import gathered, shown_before
from memlab.plan import Stage
from memlab.protocol import Recall
from memlab.substrate import Engram, Meter


def told(shown: Tensor) -> tuple[int, ...]:
    """What was shown ``(R, P)`` as one list: where orders differ, what any replicate was shown."""
    if (shown == shown[:1]).all():
        return tuple(shown[0].tolist())
    return tuple(torch.unique(shown).tolist())


def trial_on(plan: Plan, stage: Stage, act: Recall, engram: Engram) -> Trial:
    """A recall as the medium and its controls meet it."""
    session = plan.session
    foils = tuple((item + 1) % len(session.names) for item in act.items)
    substrate = plan.media[stage.medium]
    truth = plan.patterns[:, act.items]
    shown = shown_before(plan, stage)
    if plan.split is not None:  # no task is counted twice
        once = list(dict.fromkeys(shown[0].tolist()))
        shown = torch.tensor(once, dtype=torch.int64).expand(len(shown), -1)
    return Trial(
        substrate=substrate,
        engram=engram,
        blank=substrate.blank(plan.draws.at("blank")),
        cue=cues_to(plan, act.items, act.cue),
        foil_cue=cues_to(plan, foils, act.cue),
        truth=truth,
        foil=plan.patterns[:, foils],
        presented=gathered(plan.shown, shown),
        taught=None if plan.split is None else gathered(plan.split.taught, shown),
        universal=plan.split is not None and plan.split.universal,
        draws=plan.draws.at("recall", stage.phase),
        meter=Meter(truth=truth, keep_frames=plan.experiment.video and not session.recalls),
    )
