"""A sweep from the words that ask for it to its summary: plan, launch, gather, tell."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from memlab.app.job import logged
from memlab.app.pipe import written
from memlab.app.refusal import explained, shortened
from memlab.app.schema import Refused, Settings, Tree
from memlab.record.files import Busy, locked
from memlab.record.outcome import CODES, Outcome, Status, found
from memlab.record.place import LOG
from memlab.record.process import here
from memlab.record.unsettled import unsettled
from memlab.sweep.batch import CLUSTERS
from memlab.sweep.grid import word
from memlab.sweep.plan import Plan, keep, plain_part, planned
from memlab.sweep.tally import NOTHING, interrupted, told
from memlab.sweep.watch import Watch, watched

if TYPE_CHECKING:
    from memlab.record.tracking import Tracking

log = logging.getLogger(__name__)

BATCH = "hydra_plugins.memlab_sweeps.launcher.Batch"  # ours in place of Hydra's for submitit
CALM = 3  # s without a job at work after which none is waited for

Jobs = dict[int, tuple[str, ...]]  # number -> overrides


def conducted(
    context: HydraContext, task: TaskFunction, config: DictConfig, arguments: Sequence[str]
) -> None:
    """Run every job of a sweep; leaves the process with an error code if any did not finish."""
    with unbegun():
        first, plan = planned(context, config, arguments)
        plan.folder.mkdir(parents=True, exist_ok=True)
    with alone(plan):
        with unbegun():
            store = ready(first, plan)
            keep(plan)
        before, jobs = finished(plan.folder), Jobs()
        try:
            launch(launcher(context, task, config, plan), plan, jobs)
        except KeyboardInterrupt:
            written(interrupted(gathered(plan, jobs, store, before)), sys.stderr)
            raise
        outcomes = gathered(plan, jobs, store, before)
        code = concluded(plan, outcomes, plain_part(config, "tracking"))
    if code:
        raise SystemExit(code)


@contextmanager
def unbegun() -> Iterator[None]:
    """Say that no job has begun where the user interrupts what comes before the first one."""
    try:
        yield
    except KeyboardInterrupt:
        written("\ninterrupted before any job began\n", sys.stderr)
        raise


@contextmanager
def alone(plan: Plan) -> Iterator[None]:
    """Hold the folder of a sweep; Refused while another process does."""
    try:
        with locked(plan.folder / ".lock"):
            yield
    except Busy as error:
        raise Refused(
            f"the same sweep is under way in another process, in {plan.folder}; wait for it, or "
            "start an independent one with resume=false"
        ) from error


def ready(first: Settings, plan: Plan) -> "Tracking":
    """The store, opened once before many processes do."""
    from memlab.app.assembly import built  # torch

    store: Tracking = built("tracking", first.tracking)
    try:
        store.ready(plan.launch, plan.outputs)
    except (OSError, ValueError) as error:
        raise Refused(f"tracking: {error}") from error
    return store


def launcher(context: HydraContext, task: TaskFunction, config: DictConfig, plan: Plan) -> Launcher:
    """The launcher that was chosen, its jobs placed in the sweep's folder."""
    with open_dict(config):
        config.hydra.sweep.dir = str(plan.folder)
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={word(str(plan.folder))}")
        if cluster := CLUSTERS.get(config.hydra.launcher._target_):
            asked = plain_part(config.hydra, "launcher")
            del asked["_target_"]
            config.hydra.launcher = {"_target_": BATCH, "cluster": cluster, "asked": asked}
    return Plugins.instance().instantiate_launcher(
        hydra_context=context, task_function=task, config=config
    )


def launch(chosen: Launcher, plan: Plan, jobs: Jobs) -> None:
    """Hand every batch to the launcher, and show how far the jobs are.

    ``jobs`` takes up those that are handed over. What a launcher raises is told: the jobs that ran
    are whole, and a search goes on.
    """
    figures = f"sweep.figures={'always' if drawn(plan) else 'never'}"
    keys = {axis.key for axis in plan.design.axes}
    watch = Watch(plan.folder, plan.design.total, keys)
    with watched(watch):
        for batch in plan.design.batches(plan.folder):
            jobs |= {batch.first + place: tuple(job) for place, job in enumerate(batch.jobs)}
            asked = [[*job, figures] for job in batch.jobs]
            try:
                chosen.launch(asked, initial_job_idx=batch.first)
            except Refused:
                raise
            except Exception as error:
                with logged(plan.folder / LOG):
                    log.info("the launcher failed", exc_info=True)
                first = shortened(error).partition("\n")[0]
                written(f"the launcher failed: {first}\n  {plan.folder / LOG}\n", sys.stderr)
                calmed(plan.folder, range(batch.first, batch.first + len(batch.jobs)))


def calmed(folder: Path, numbers: Sequence[int]) -> None:
    """Wait for jobs of this machine that go on although their launcher, not ours, does not."""
    quiet = 0
    while quiet < CALM:
        outcomes = [found(folder / str(number)) for number in numbers]
        goes_on = any(outcome is not None and at_work(outcome) for outcome in outcomes)
        quiet = 0 if goes_on else quiet + 1
        time.sleep(1)


def at_work(outcome: Outcome) -> bool:
    """Whether a job certainly goes on: its process is there, and it is another than this one."""
    process = outcome.process
    if outcome.status is not Status.RUNNING or process is None or process == here():
        return False
    return process.host == here().host and not process.gone


def drawn(plan: Plan) -> bool:
    """Whether every job draws its own figures; they take longer than a short job."""
    if plan.settings.figures == "auto":
        return plan.design.total <= plan.settings.figures_up_to
    return plan.settings.figures == "always"


def gathered(plan: Plan, jobs: Jobs, store: "Tracking", before: Sequence[Outcome]) -> list[Outcome]:
    """How every job stands; what a process that died left unsaid is said, here and in the store."""
    outcomes = [found(plan.folder / str(number)) for number in jobs]
    if any(folder.parent == plan.folder for folder in unsettled(plan.outputs)):
        try:
            store.ready(plan.launch, plan.outputs)
        except (OSError, ValueError) as error:
            written(f"tracking: {error}\n", sys.stderr)
        outcomes = [found(plan.folder / str(number)) for number in jobs]
    lost = [
        Outcome(Status.FAILED, str(plan.folder / str(number)), asked, message=NOTHING)
        for number, asked in jobs.items()
    ]
    known = [outcome or other for outcome, other in zip(outcomes, lost, strict=True)]
    then = {outcome.folder: outcome for outcome in before}
    return [replace(one, reused=True) if then.get(one.folder) == one else one for one in known]


def concluded(plan: Plan, outcomes: Sequence[Outcome], tracking: Tree) -> int:
    """Show and keep the summary of a sweep, and list what failed; the exit code."""
    codes = [outcome.code for outcome in outcomes]
    try:
        plan.design.concluded(plan.folder)
        summarised(plan, tracking)
    except Exception as error:
        codes.append(CODES[Status.FAILED])
        with logged(plan.folder / LOG):
            log.info("the summary failed", exc_info=True)
        written(f"FAILED: the summary is incomplete: {explained(error, ())}\n", sys.stderr)
    written(told(outcomes), sys.stderr)
    return max(codes, default=0)


def summarised(plan: Plan, tracking: Tree) -> None:
    """Compare what finished, also before this command, and track the comparison."""
    from memlab.compare.summary import conclude  # heavy, as the jobs were

    conclude(finished(plan.folder), tracking, plan.folder, plan.launch)


def finished(folder: Path) -> list[Outcome]:
    """The jobs of a sweep that are finished, by number."""
    numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
    every = [found(folder / str(number)) for number in numbers]
    return [one for one in every if one is not None and one.status is Status.FINISHED]
