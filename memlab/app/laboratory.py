"""A run from settings to results: prepare, track, execute, evaluate, keep, show."""

import logging
import os
import re
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import torch
import yaml

from memlab import archive, native
from memlab.app.assembly import Instruments, built, planned, prepared
from memlab.app.outcome import Outcome, Place, Status
from memlab.app.progress import live
from memlab.app.provenance import device_name, facts, fingerprints
from memlab.app.results import keep_figures, keep_tables, keep_videos, show, show_link
from memlab.app.schema import DIRECTIVES, Settings, Tree
from memlab.app.tracking import Ended, Lost, Record, RunLog, Tracking
from memlab.experiment import Plan
from memlab.report import Report, evaluate, numbers
from memlab.runner import Progress, execute

log = logging.getLogger(__name__)

# parts of the configuration that say how to look at a run, not what it is; config.yaml has them
NO_PARAMS = ("controls", "metrics", "figures", "tracking")


def conducted(settings: Settings, config: Tree, place: Place) -> Outcome:
    """Run a job to its end; whatever ends it, the tracked run says so."""
    began = time.time()
    plan = planned(settings, place.choices.get("protocol", ""))
    instruments = prepared(settings)
    tracking: Tracking = built("tracking", settings.tracking)
    record = described(settings, config, place, plan.experiment.device)
    progress = Progress()
    run = tracking.begin(record, progress, place.launch)
    try:
        with live(progress, heading(record, plan.experiment.device)):
            report = observed(plan, progress, instruments, place.folder)
        outcome = finished(report, place, time.time() - began)
        outcome.save()  # before anything that others can keep from ending
        show(report, place, outcome.seconds)
        tags = verdicts(report) | fingerprints(plan.session)
        run.finish(Ended(Status.FINISHED, place.folder, logged(report), tags))
    except Lost as error:
        log.exception("the run was not tracked")
        return replace(outcome, status=Status.FAILED, message=str(error))
    except BaseException as error:
        close(run, error, progress, place.folder)
        raise
    show_link(place, run.link)
    return outcome


def finished(report: Report, place: Place, seconds: float) -> Outcome:
    """The outcome of a job that has all its results."""
    means = {n: x for n, x in logged(report).items() if not n.startswith("interval/")}
    return Outcome(
        Status.FINISHED, str(place.folder), place.overrides, place.choices, means, seconds=seconds
    )


def observed(plan: Plan, progress: Progress, instruments: Instruments, folder: Path) -> Report:
    """Execute, measure, and keep everything in the run's folder."""
    session = execute(plan, progress)
    archive.save(session, folder / "session.npz")
    report = evaluate(session, instruments.scalars, instruments.claims, instruments.references)
    keep_tables(report, folder)
    keep_figures(instruments.figures, session, report, folder)
    keep_videos(session, folder)
    return report


def described(settings: Settings, config: Tree, place: Place, device: torch.device) -> Record:
    """What identifies the run, written into its folder too."""
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (place.folder / "config.yaml").write_text(text, encoding="utf-8")
    chosen = [place.choices[g] for g in ("substrate", "protocol", "patterns") if g in place.choices]
    name = settings.name or f"{' · '.join(chosen)} · seed {settings.seed}"
    tags = facts(config, device) | {"memlab.folder": str(place.folder)}
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


def close(run: RunLog, error: BaseException, progress: Progress, folder: Path) -> None:
    """Keep what an unfinished run recorded, and say in its tracked run how it ended.

    What goes wrong here is logged only: the error to tell is the one that ended the run.
    """
    status = Status.FAILED if isinstance(error, Exception) else Status.KILLED
    where = f" in {progress.label}" if progress.meter is not None else ""
    tags = {
        "memlab.message": f"{type(error).__name__}: {error}".rstrip(": ") + where,
        "memlab.trace": "".join(traceback.format_exception(error)),
    }
    with closing_down():
        try:
            if progress.session is not None:
                archive.save(progress.session, folder / "session.npz")
        finally:
            run.finish(Ended(status, folder, tags=tags))


@contextmanager
def closing_down() -> Iterator[None]:
    """Log what goes wrong in the block; a further signal, such as a second Ctrl-C, ends at once."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, abandon) for one in signals]
    try:
        yield
    except Exception:
        log.exception("an unfinished run could not be kept whole")
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def abandon(number: int, _: FrameType | None) -> None:
    """End the process here and now, whatever it waits for."""
    os._exit(128 + number)
