"""A run from settings to results: prepare, track, execute, evaluate, keep, show."""

import logging
import re
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import torch
import yaml

from memlab import archive, native
from memlab.app.assembly import Instruments, built, planned, prepared
from memlab.app.drawing import drawn, wanted
from memlab.app.pipe import written
from memlab.app.progress import console, live
from memlab.app.pruning import Pruned, promising
from memlab.app.results import keep_pictures, keep_tables, show, show_link
from memlab.app.schema import DIRECTIVES, Refused, Settings, Sweep, Tree
from memlab.app.signals import final_warning
from memlab.app.task import Task
from memlab.checkpoint import Checkpoints
from memlab.experiment import Plan
from memlab.position import Position
from memlab.record.address import secluded
from memlab.record.journal import Ended, Record
from memlab.record.ledger import Claim
from memlab.record.live import RunLog
from memlab.record.outcome import Outcome, Status
from memlab.record.place import Place
from memlab.record.process import here
from memlab.record.provenance import device_name, facts, fingerprints, keep_facts
from memlab.record.tracking import Tracking
from memlab.record.unsettled import opened
from memlab.report import Report, evaluate, numbers, values
from memlab.runner import Progress, played

log = logging.getLogger(__name__)

# parts of the configuration that say how to look at a run, not what it is; config.yaml has them
NO_PARAMS = ("controls", "metrics", "figures", "tracking", "sweep")
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where it was built


def conducted(settings: Settings, task: Task, claim: Claim) -> Outcome:
    """Run a job to its end; whatever ends it, its folder and the tracked run say so."""
    began, place = time.time(), task.place
    plan = planned(settings, place.choices.get("protocol", ""))
    instruments = prepared(settings)
    tracking: Tracking = built("tracking", settings.tracking)
    if place.sweep is None:
        ready(tracking, place)
    outcome = started(task, claim)
    record = described(settings, task, plan.experiment.device)
    progress, checkpoints = Progress(), keeping(settings, claim, place)
    run = tracking.begin(record, progress, place)
    try:
        with live(progress, heading(record, plan.experiment.device), quiet=place.sweep is not None):
            report = observed(plan, progress, instruments, place, checkpoints, sweep=settings.sweep)
            if wanted(settings):
                keep_pictures(instruments.figures, plan.session, report, place.folder)
        outcome = finished(outcome, report, time.time() - began).save()
        checkpoints.clear()
        show(report, place, outcome.seconds)
        tags = verdicts(report) | fingerprints(plan.session)
        late = run.finish(Ended(Status.FINISHED, logged(report), tags))
    except Pruned as error:
        close(run, error, progress, outcome)
        checkpoints.clear()
        return outcome.ended(Status.PRUNED, str(error))
    except BaseException as error:
        close(run, error, progress, outcome)
        raise
    show_link(place, run.link, late)
    return outcome


def ready(tracking: Tracking, place: Place) -> None:
    """Refuse a store that does not answer before anything is computed."""
    try:
        tracking.ready(place.launch, place.outputs)
    except (OSError, ValueError) as error:
        raise Refused(f"tracking: {error}") from error


def started(task: Task, claim: Claim) -> Outcome:
    """The outcome of a job that begins now, entered wherever it will be looked for."""
    place = task.place
    text = yaml.dump(task.config, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
    secluded(place.folder, text)
    (place.folder / "config.yaml").write_text(text, encoding="utf-8")
    outcome = Outcome(
        Status.RUNNING, str(place.folder), place.overrides, place.choices, claim.key, here()
    ).save()
    opened(place.outputs, place.folder)
    claim.note(place.folder)
    return outcome


def finished(outcome: Outcome, report: Report, seconds: float) -> Outcome:
    """The outcome of a job that has all its results."""
    means = {n: x for n, x in logged(report).items() if not n.startswith("interval/")}
    said = {verdict.name: verdict.status.value for verdict in report.verdicts}
    return replace(
        outcome,
        status=Status.FINISHED,
        scalars=means,
        values=values(report),
        verdicts=said,
        seconds=seconds,
        at=time.time(),
    )


def keeping(settings: Settings, claim: Claim, place: Place) -> Checkpoints:
    """The checkpoints of this attempt; it goes on from those of others unless told not to."""
    folders = [place.folder, *([] if claim.before is None else [claim.before])]
    earlier = tuple(folders) if settings.resume else ()
    return Checkpoints(place.folder, claim.key, settings.checkpoint.every, earlier)


def observed(
    plan: Plan,
    progress: Progress,
    instruments: Instruments,
    place: Place,
    checkpoints: Checkpoints,
    *,
    sweep: Sweep,
) -> Report:
    """Execute what is left to do, measure, and keep everything in the run's folder."""
    position = checkpoints.latest(plan) or Position(plan.session)
    if position.done:
        text = f"going on from a checkpoint: {position.done} of {plan.acts} acts are done"
        log.info(text)
        if place.sweep is None:
            written(f"{text}\n", sys.stderr)
    positions = played(plan, progress, position)
    checkpoints.keep(plan, promising(positions, instruments.scalars, sweep, place))
    archive.save(plan.session, place.folder / "session.npz")
    found = evaluate(plan.session, instruments.scalars, instruments.claims, instruments.references)
    keep_tables(plan.session, found, place.folder)
    return found


def adopted(settings: Settings, done: Outcome, place: Place) -> str:
    """Bring a job that was done before to the store of now; why it has not taken it, if so."""
    tracking: Tracking = built("tracking", settings.tracking)
    return tracking.adopt(Path(done.folder), place)


def shown_again(settings: Settings, done: Outcome, place: Place, late: str) -> None:
    """Draw what a job that was done before did not; print its tables if it was asked for alone."""
    report = drawn(settings, Path(done.folder))
    if place.sweep is not None:
        return
    there = replace(place, folder=Path(done.folder))
    show(report, there, done.seconds)
    show_link(there, "", late)
    text = "Computed before, by the same code; resume=false computes it again."
    console().print(text, soft_wrap=True)


def described(settings: Settings, task: Task, device: torch.device) -> Record:
    """What identifies the run."""
    config, place = task.config, task.place
    chosen = [place.choices[g] for g in ("substrate", "protocol", "patterns") if g in place.choices]
    name = settings.name or f"{' · '.join(chosen)} · seed {settings.seed}"
    known = facts(config, device, place.launch)
    keep_facts(known, place.folder)
    tags = known | {"memlab.folder": str(place.folder)}
    if place.sweep is not None:
        tags["memlab.sweep"] = place.sweep
    told = {key: value for key, value in config.items() if key not in NO_PARAMS}
    return Record(name, flat(told) | place.choices, tags)


def flat(tree: Tree, path: str = "") -> dict[str, str]:
    """Every leaf of a configuration under its dotted key."""
    leaves: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{path}.{key}" if path else str(key)
        if key in DIRECTIVES:
            continue
        if isinstance(value, dict) and value:
            leaves |= flat(value, name)
        else:
            leaves[name] = str(value)
    return leaves


def heading(record: Record, device: torch.device) -> str:
    """The line a run starts with."""
    replicates, threads = record.params["replicates"], torch.get_num_threads()
    slow = "substrate.backend" in record.params and not native.available()
    kernel = " · no C kernel built (make setup): slow torch reference" if slow else ""
    machine = f"{device_name(device)}, {threads} threads{kernel}"
    return f"{record.name} · {replicates} replicates · {machine}"


def logged(report: Report) -> dict[str, float]:
    """The numbers of a report; bounds of intervals in a chart section of their own."""
    bound = re.compile("(.*)/(low|high)")
    return {bound.sub(r"interval/\1_\2", name): x for name, x in numbers(report).items()}


def verdicts(report: Report) -> dict[str, str]:
    """The verdict on every claim, as tags."""
    return {f"memlab.claim.{verdict.name}": verdict.status.value for verdict in report.verdicts}


def ending(error: BaseException) -> Status:
    """How a run ended that this ended."""
    if isinstance(error, Pruned):
        return Status.PRUNED
    return Status.FAILED if isinstance(error, Exception) else Status.KILLED


def close(run: RunLog, error: BaseException, progress: Progress, outcome: Outcome) -> None:
    """Keep what an unfinished run recorded, and say in its tracked run how it ended.

    What goes wrong here is logged only: the error to tell is the one that ended the run.
    """
    status = ending(error)
    where = f" in {progress.label}" if progress.meter is not None else ""
    message = f"{type(error).__name__}: {error}".rstrip(": ") + where
    trace = "".join(traceback.format_exception(error))
    tags = {"memlab.message": message, "memlab.trace": trace}
    if status is Status.PRUNED:
        tags = {"memlab.message": message, "memlab.pruned": "true"}
    with final_warning():
        try:
            outcome.ended(status, message).save()
            if progress.session is not None:
                archive.save(progress.session, Path(outcome.folder, "session.npz"))
            run.finish(Ended(status, tags=tags))
        except Exception:
            log.exception("an unfinished run could not be kept whole")
