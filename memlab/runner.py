"""From a plan to its session: play the stages one by one."""

from dataclasses import dataclass, field, replace
from typing import final

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.controls import Trial
from memlab.experiment import Plan, cues_to
from memlab.plan import Stage
from memlab.protocol import Recall, Rest, Write
from memlab.session import Exposure, Film, Session, Snapshot
from memlab.session import Recall as RecallLog
from memlab.space import Cue, Item
from memlab.substrate import Engram, Meter, Series


@final
@dataclass
class Progress:
    """How far a run is: appended to by the runner, polled by whoever wants to look."""

    total: int = 0
    done: int = 0
    label: str = ""
    ticks: int = 0  # the medium's own steps in the acts that are done
    meter: Meter | None = None  # of the act that runs now
    series: list[tuple[str, Series]] = field(default_factory=list)  # of acts that are done
    session: Session | None = None

    def begin(self, label: str, meter: Meter) -> None:
        """A new act starts."""
        self.label, self.meter = label, meter

    def end(self) -> None:
        """The act is over: its series are kept, its meter is let go."""
        if self.meter is not None:
            self.ticks += self.meter.ticks
            self.series.extend(
                (f"{name}/{self.label}", series) for name, series in self.meter.series().items()
            )
        self.meter = None
        self.done += 1


def execute(plan: Plan, progress: Progress) -> Session:
    """Play every stage. What was recorded until an exception is in ``progress.session``."""
    session = progress.session = plan.session
    progress.total = plan.acts
    children = [stage.parent for stage in plan.stages]
    engrams: dict[int, Engram] = {}
    for index, stage in enumerate(plan.stages):
        engram = _start(plan, stage, engrams, last=stage.parent not in children[index + 1 :])
        try:
            _play(plan, stage, engram, progress)
        except FloatingPointError as cause:
            raise FloatingPointError(f"{_label(session, stage)}: {cause}") from cause
        if stage.closes:
            session.snapshots.append(_snapshot(stage, engram))
        if index in children:
            engrams[index] = engram
    session.complete = True
    return session


def _start(plan: Plan, stage: Stage, engrams: dict[int, Engram], *, last: bool) -> Engram:
    """The engram a stage works on; the last to need its parent's takes it over uncopied."""
    if stage.parent is None:
        return plan.media[stage.medium].blank(plan.draws.at("blank"))
    return engrams.pop(stage.parent) if last else engrams[stage.parent].copy()


def _play(plan: Plan, stage: Stage, engram: Engram, progress: Progress) -> None:
    session, act = plan.session, stage.act
    if isinstance(act, Recall):
        session.recalls.append(_recall(plan, stage, act, engram, progress))
        return
    substrate = plan.media[stage.medium]
    meter = Meter(keep_frames=plan.experiment.video and _opens(plan, stage))
    progress.begin(_label(session, stage), meter)
    if isinstance(act, Write):
        draws = plan.draws.at("write", act.item, stage.past.count(act))
        substrate.write(engram, _item(plan.patterns[:, act.item], act), draws, meter)
    else:
        draws = plan.draws.at("rest", sum(isinstance(a, Rest) for a in stage.past))
        substrate.rest(engram, act.presentations, draws, meter)
    progress.end()
    item, took = (act.item, 1) if isinstance(act, Write) else (None, act.presentations)
    session.exposures.append(Exposure(stage.arms, stage.phase, item, meter.series(), took))
    _keep_film(session, stage, meter)


def _recall(plan: Plan, stage: Stage, act: Recall, engram: Engram, progress: Progress) -> RecallLog:
    """Ask the medium, then every control, with the same cues."""
    filmed = plan.experiment.video and not plan.session.recalls
    meter = Meter(truth=plan.patterns[:, act.items], keep_frames=filmed)
    trial = _trial(plan, stage, act, engram, meter)
    progress.begin(_label(plan.session, stage), meter)
    response = trial.ask(engram, trial.cue)
    progress.end()
    if not response.isfinite().all():
        raise FloatingPointError("the answer must be finite, got NaN or infinity")
    found = _controlled(plan, trial, progress) if act.controlled else {}
    _keep_film(plan.session, stage, meter)
    return RecallLog(
        arms=stage.arms,
        phase=stage.phase,
        items=act.items,
        presented=stage.presented,
        truth=trial.truth.cpu(),
        cue=Cue(trial.cue.values.cpu(), trial.cue.given.cpu(), trial.cue.certain.cpu()),
        response=response.cpu(),
        controls={name: x.cpu() for name, x in found.items() if not isinstance(x, Absent)},
        absent={name: x.reason for name, x in found.items() if isinstance(x, Absent)},
        series=meter.series(),
    )


def _controlled(plan: Plan, trial: Trial, progress: Progress) -> dict[str, Tensor | Absent]:
    """What every control answers, or why it cannot."""
    controls, label = plan.experiment.controls, progress.label
    found = {}
    for name, control in {**controls.floors, **controls.ceilings}.items():
        unwatched = replace(trial, meter=Meter())
        progress.begin(f"{label} · {name}", unwatched.meter)
        found[name] = control(unwatched)
        progress.end()
    return found


def _trial(plan: Plan, stage: Stage, act: Recall, engram: Engram, meter: Meter) -> Trial:
    session = plan.session
    foils = tuple((item + 1) % len(session.names) for item in act.items)
    substrate = plan.media[stage.medium]
    return Trial(
        substrate=substrate,
        engram=engram,
        blank=substrate.blank(plan.draws.at("blank")),
        cue=cues_to(plan, act.items, stage.cue),
        foil_cue=cues_to(plan, foils, stage.cue),
        truth=plan.patterns[:, act.items],
        foil=plan.patterns[:, foils],
        presented=plan.patterns[:, stage.presented],
        draws=plan.draws.at("recall", stage.phase),
        meter=meter,
    )


def _item(values: Tensor, act: Write) -> Item:
    salience = torch.full(values.shape[:1], act.salience, device=values.device)
    return Item(values, torch.ones_like(values, dtype=torch.bool), salience)


def _snapshot(stage: Stage, engram: Engram) -> Snapshot:
    grids = {n: p.values[0].cpu().clone() for n, p in engram.memory().items() if p.grid}
    return Snapshot(stage.arms, stage.phase, engram.bytes(), grids)


def _opens(plan: Plan, stage: Stage) -> bool:
    """Whether a stage belongs to the first phase of the first arm: the one a video shows."""
    first = plan.stages[0]
    return stage.phase == first.phase and first.arms[0] in stage.arms


def _keep_film(session: Session, stage: Stage, meter: Meter) -> None:
    """Append the frames of an act to the film of its phase."""
    if not meter.frames:
        return
    label = _label(session, stage)
    captions = tuple(f"{label}, step {step}" for step, _ in meter.frames)
    frames = torch.stack([frame for _, frame in meter.frames])
    panels = meter.panels or tuple(session.names[i] for i in _asked(stage))
    film = Film(stage.phase, panels, captions, frames)
    if session.films and session.films[-1].phase == stage.phase:
        earlier = session.films.pop()
        whole = torch.cat([earlier.frames, frames])
        film = replace(film, captions=earlier.captions + captions, frames=whole)
    session.films.append(film)


def _asked(stage: Stage) -> tuple[int, ...]:
    return stage.act.items if isinstance(stage.act, Recall) else ()


def _label(session: Session, stage: Stage) -> str:
    arms = stage.arms[0] if len(stage.arms) == 1 else f"{stage.arms[0]}+{len(stage.arms) - 1}"
    what = session.names[stage.act.item] if isinstance(stage.act, Write) else stage.phase
    return f"{arms} · {stage.phase} · {what}" if what != stage.phase else f"{arms} · {stage.phase}"
