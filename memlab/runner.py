"""From a plan to its session: play the stages one by one."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar, final

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.asking import told, trial_on
from memlab.controls import Trial
from memlab.experiment import Plan
from memlab.foretelling.acts import forecast, outlook_on, samples, shown_before, study
from memlab.foretelling.outlook import Outlook
from memlab.keeping import keep_film, last_of_arms, snapshot, titled
from memlab.plan import Stage
from memlab.position import Position
from memlab.protocol import Consolidate, Foretell, Lesion, Recall, Rest, Sample, Study, Write
from memlab.session import Exposure, Forecast, Session
from memlab.session import Recall as RecallLog
from memlab.space import Cue, Item
from memlab.substrate import Engram, Meter, Series

Asked: TypeAlias = RecallLog | Forecast
Log = TypeVar("Log", RecallLog, Forecast)
Met = TypeVar("Met", Trial, Outlook)  # a question as controls meet it


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
    earlier: int = 0  # acts that were done when this process went on
    earlier_ticks: int = 0  # own steps in them

    def go_on(self, plan: Plan, position: Position) -> None:
        """The run starts, or goes on from where it stood."""
        self.total, self.session = plan.acts, plan.session
        self.done = self.earlier = position.done
        self.ticks = self.earlier_ticks = position.ticks
        self.series.extend(position.series)

    def begin(self, label: str, meter: Meter) -> None:
        """A new act starts."""
        self.label, self.meter = label, meter

    def end(self) -> dict[str, Series]:
        """The act is over: its series are kept and returned, its meter is let go."""
        found: dict[str, Series] = {}
        if self.meter is not None:
            found = self.meter.series()
            self.ticks += self.meter.ticks
            self.series.extend((f"{name}/{self.label}", series) for name, series in found.items())
        self.meter = None
        self.done += 1
        return found


def execute(plan: Plan, progress: Progress) -> Session:
    """Play every stage. What was recorded until an exception is in ``progress.session``."""
    for _ in played(plan, progress, Position(plan.session)):
        pass
    return plan.session


def played(plan: Plan, progress: Progress, position: Position) -> Iterator[Position]:
    """Play the stages that are left; yields where the run stands between two acts.

    An act changes an engram in place, so that nothing smaller than an act can be taken up again.
    What it does follows from the engram and from keyed draws alone: a run that goes on from a
    position gives the same bits as one that never stopped there.
    """
    _adopt(plan.session, position.session)
    progress.go_on(plan, position)
    heir = {stage.parent: index for index, stage in enumerate(plan.stages)}  # the last to need it
    engrams = dict(position.engrams)
    begun = position.recall
    for index in range(position.stage, len(plan.stages)):
        stage = plan.stages[index]
        last = heir[stage.parent] == index
        if stage.parent is None:
            progress.label = "making the medium"  # some train a body first
        engram = _start(plan, stage, engrams, last=last)
        try:
            for recall in _play(plan, stage, engram, progress, begun):
                yield _position(plan, progress, engrams, index, recall)
        except FloatingPointError as cause:
            raise FloatingPointError(f"{titled(plan.session, stage)}: {cause}") from cause
        begun = None
        if stage.closes:
            ends = index in last_of_arms(plan.stages)
            plan.session.snapshots.append(snapshot(stage, engram, ends=ends))
        if stage.parent is not None and last:
            del engrams[stage.parent]
        if index in heir:
            engrams[index] = engram
        yield _position(plan, progress, engrams, index + 1)
    plan.session.complete = True


def _adopt(session: Session, earlier: Session) -> None:
    """Fill the log of a run with what it holds already."""
    session.exposures[:] = earlier.exposures
    session.recalls[:] = earlier.recalls
    session.forecasts[:] = earlier.forecasts
    session.samples[:] = earlier.samples
    session.snapshots[:] = earlier.snapshots
    session.films[:] = earlier.films


def _position(
    plan: Plan,
    progress: Progress,
    engrams: dict[int, Engram],
    stage: int,
    recall: Asked | None = None,
) -> Position:
    """Where the run stands now."""
    return Position(
        plan.session, engrams, stage, recall, progress.done, progress.ticks, progress.series
    )


def _start(plan: Plan, stage: Stage, engrams: dict[int, Engram], *, last: bool) -> Engram:
    """The engram a stage works on; the last to need its parent's takes it over uncopied."""
    if stage.parent is None:
        return plan.media[stage.medium].blank(plan.draws.at("blank"))
    return engrams[stage.parent] if last else engrams[stage.parent].copy()


def _play(
    plan: Plan, stage: Stage, engram: Engram, progress: Progress, begun: Asked | None
) -> Iterator[Asked]:
    """Do the act of a stage; yields what a question holds before each of its controls is asked."""
    match stage.act:
        case Recall():
            yield from _recalled(plan, stage, stage.act, engram, progress, begun)
        case Foretell():
            yield from _foretold(plan, stage, stage.act, engram, progress, begun)
        case Sample():
            meter = Meter()
            progress.begin(titled(plan.session, stage), meter)
            plan.session.samples.append(samples(plan, stage, stage.act, engram, meter))
            progress.end()
        case _:
            _treated(plan, stage, stage.act, engram, progress)


def _recalled(  # noqa: PLR0917  as _play, and its act
    plan: Plan, stage: Stage, act: Recall, engram: Engram, progress: Progress, begun: Asked | None
) -> Iterator[RecallLog]:
    """Cue the items of a recall, then ask its controls."""
    trial = trial_on(plan, stage, act, engram)
    log = begun if isinstance(begun, RecallLog) else _answered(plan, stage, act, trial, progress)
    controls = plan.experiment.controls
    every = {**controls.floors, **controls.ceilings} if act.controlled else {}
    log = yield from _beside(log, every, trial, titled(plan.session, stage), progress)
    plan.session.recalls.append(log)


def _foretold(  # noqa: PLR0917  as _play, and its act
    plan: Plan, stage: Stage, act: Foretell, engram: Engram, progress: Progress, begun: Asked | None
) -> Iterator[Forecast]:
    """Foretell some items, then ask the floors of a forecast."""
    outlook = outlook_on(plan, stage, act, engram)
    if isinstance(begun, Forecast):
        log = begun
    else:
        progress.begin(titled(plan.session, stage), outlook.meter)
        log = forecast(plan, stage, act, outlook)
        progress.end()
    every = plan.experiment.controls.foretold if act.controlled else {}
    log = yield from _beside(log, every, outlook, titled(plan.session, stage), progress)
    plan.session.forecasts.append(log)


def _beside(
    log: Log,
    controls: Mapping[str, Callable[[Met], Tensor | Absent]],
    met: Met,
    title: str,
    progress: Progress,
) -> Generator[Log, None, Log]:
    """Ask every control that was not asked yet; yields the log before each, and returns it."""
    for name, control in controls.items():
        if name in log.controls or name in log.absent:
            continue
        yield log
        unwatched = replace(met, meter=Meter())
        progress.begin(f"{title} · {name}", unwatched.meter)
        log = _controlled(log, name, control(unwatched))
        progress.end()
    return log


def _treated(
    plan: Plan,
    stage: Stage,
    act: Write | Rest | Lesion | Consolidate | Study,
    engram: Engram,
    progress: Progress,
) -> None:
    """Write an item, study or consolidate some, let time pass, or destroy a share of the memory."""
    session, substrate = plan.session, plan.media[stage.medium]
    meter = Meter(keep_frames=plan.experiment.video and _opens(plan, stage))
    progress.begin(titled(session, stage), meter)
    item, took, logged = None, 0, {}
    match act:
        case Write():
            item, took = act.item, 1
            draws = plan.draws.at("write", act.item, stage.nth)
            substrate.write(engram, _item(plan, act), draws, meter)
        case Study():
            took, logged = len(act.span), study(plan, stage, act, engram, meter)
        case Consolidate():
            draws = plan.draws.at("consolidate", *act.items, stage.nth)
            items = tuple(_item(plan, Write(one)) for one in act.items)
            substrate.consolidate(engram, items, draws, meter)
        case Rest():
            took = act.presentations
            substrate.rest(engram, took, plan.draws.at("rest", stage.nth), meter)
        case Lesion():
            blank = substrate.blank(plan.draws.at("blank"))
            substrate.lesion(engram, blank, act.share, plan.draws.at("lesion"))
    series = {**progress.end(), **logged}
    session.exposures.append(Exposure(stage.arms, stage.phase, item, series, took))
    keep_film(session, stage, meter)


def _answered(plan: Plan, stage: Stage, act: Recall, trial: Trial, progress: Progress) -> RecallLog:
    """What the medium answers, before any control is asked."""
    progress.begin(titled(plan.session, stage), trial.meter)
    found = trial.read(trial.engram, trial.cue)
    response = found.response
    series = progress.end()
    if not response.isfinite().all():
        raise FloatingPointError("the answer must be finite, got NaN or infinity")
    keep_film(plan.session, stage, trial.meter)
    return RecallLog(
        arms=stage.arms,
        phase=stage.phase,
        items=act.items,
        presented=told(shown_before(plan, stage)),
        truth=trial.truth.cpu(),
        cue=Cue(trial.cue.values.cpu(), trial.cue.given.cpu(), trial.cue.certain.cpu()),
        response=response.cpu(),
        controls={},
        absent={},
        series=series,
        cue_name=act.cue,
        at=dict(act.at),
        activity=None if found.activity is None else found.activity.cpu(),
    )


def _controlled(log: Log, name: str, found: Tensor | Absent) -> Log:
    """A recall or forecast with the answers of one more control."""
    if isinstance(found, Absent):
        return replace(log, absent={**log.absent, name: found.reason})
    return replace(log, controls={**log.controls, name: found.cpu()})


def _item(plan: Plan, act: Write) -> Item:
    values = plan.shown[:, act.item]
    own = plan.session.salience[:, act.item]
    salience = (act.salience * (torch.ones_like(own) if act.plain else own)).to(values)
    valid = plan.session.space.valid(values)
    if plan.split is not None:
        inputs = plan.session.space.inputs
        valid[..., inputs:] = plan.split.taught[:, act.item, ..., inputs:]
    return Item(values, valid, salience)


def _opens(plan: Plan, stage: Stage) -> bool:
    """Whether a stage belongs to the first phase of the first arm: the one a video shows."""
    first = plan.stages[0]
    return stage.phase == first.phase and first.arms[0] in stage.arms
