"""A sweep from the words that ask for it to its summary: plan, check, launch, gather, tell."""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from hydra.core.plugins import Plugins
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from memlab.app.composer import plain
from memlab.app.pipe import written
from memlab.app.schema import Refused, Settings, Sweep, Tree, checked
from memlab.app.task import LOG
from memlab.record import identity
from memlab.record.files import Busy, locked, replaced
from memlab.record.outcome import CODES, Outcome, Status, found
from memlab.sweep import grid
from memlab.sweep.watch import watched

SWEEP = "sweep.json"
NAMED = 40  # characters of a sweep's name that tell what is varied
ASIDE = ("hydra", "resume=", "name=", "tracking", "checkpoint", "outputs=", "sweep.confirm")


@final
@dataclass(frozen=True)
class Plan:
    """A sweep that is ready to start."""

    name: str
    folder: Path  # one folder per job below it, named by the job's number
    launch: Path  # the folder memlab was called in
    outputs: Path
    command: tuple[str, ...]
    settings: Sweep
    grid: grid.Grid
    began: float  # s since 1970


def conducted(
    context: HydraContext, task: TaskFunction, config: DictConfig, arguments: Sequence[str]
) -> None:
    """Run every job of a sweep; leaves the process with an error code if any did not finish."""
    first, plan = planned(context, config, arguments)
    plan.folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(plan.folder / ".lock"):
            ready(first, plan)
            keep(plan)
            launch(context, task, config, plan)
            code = concluded(plan, plain_part(config, "tracking"))
    except Busy as error:
        raise Refused(
            f"the same sweep is under way in another process, in {plan.folder}; wait for it, or "
            "start an independent one with resume=false"
        ) from error
    if code:
        raise SystemExit(code)


def planned(
    context: HydraContext, config: DictConfig, arguments: Sequence[str]
) -> tuple[Settings, Plan]:
    """The settings of the first job and the whole sweep; Refused if it cannot be."""
    loader = context.config_loader
    axes = plain_part(config, "sweep").get("axes") or {}
    spanned = grid.grid(grid.overrides(arguments, axes, loader))
    confirmed = bool(config.sweep.confirm)
    grid.check(spanned, loader, confirmed=confirmed)
    first = composed(context, config, next(spanned.jobs()))
    settings = checked(first)
    launch = Path(config.hydra.runtime.cwd)
    outputs = (launch / settings.outputs).resolve()
    name = named(arguments, spanned, resume=settings.resume)
    folder = outputs / "sweeps" / name
    plan = Plan(
        name, folder, launch, outputs, tuple(arguments), settings.sweep, spanned, time.time()
    )
    return settings, plan


def composed(context: HydraContext, config: DictConfig, overrides: Sequence[str]) -> Tree:
    """What the job with these overrides would be configured as."""
    found = context.config_loader.load_sweep_config(config, list(overrides))
    with open_dict(found):
        del found["hydra"]
    return plain(found)


def plain_part(config: DictConfig, name: str) -> Tree:
    """One part of a configuration as plain data."""
    tree: Any = OmegaConf.to_container(config[name], resolve=True)
    return dict(tree)


def named(arguments: Sequence[str], spanned: grid.Grid, *, resume: bool) -> str:
    """The name of a sweep: the same command under the same code is the same sweep."""
    files = [word.partition("=")[2] for word in arguments if word.startswith("sweep=")]
    keys = "-".join(axis.key for axis in spanned.axes)
    told = "".join(c if c.isalnum() or c in "._-" else "-" for c in (files or [keys])[0] or "one")
    asked = [word for word in arguments if not word.startswith(ASIDE)]
    words = json.dumps([asked, [asdict(axis) for axis in spanned.axes], identity.code_hash()])
    digest = hashlib.sha256(words.encode()).hexdigest()[:8]
    again = "" if resume else time.strftime("_%Y-%m-%d_%H-%M-%S_") + str(time.time_ns() % 10**9)
    return f"{told[:NAMED]}_{digest}{again}"


def ready(first: Settings, plan: Plan) -> None:
    """Open the store once, before many processes do."""
    from memlab.app.assembly import built  # torch

    try:
        built("tracking", first.tracking).ready(plan.launch, plan.outputs)
    except (OSError, ValueError) as error:
        raise Refused(f"tracking: {error}") from error


def keep(plan: Plan) -> None:
    """Write down what the sweep is, for whoever reads its folder later."""
    text = json.dumps(asdict(plan), indent=1, default=str)
    replaced(plan.folder / SWEEP, text)


def launch(context: HydraContext, task: TaskFunction, config: DictConfig, plan: Plan) -> None:
    """Hand all jobs to the launcher and show how far they are."""
    with open_dict(config):
        config.hydra.sweep.dir = str(plan.folder)
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir='{plan.folder}'")
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=context, task_function=task, config=config
    )
    figures = "always" if drawn(plan) else "never"
    jobs = [[*job, f"sweep.figures={figures}"] for job in plan.grid.jobs()]
    with watched(plan.folder, plan.grid.total):
        launcher.launch(jobs, initial_job_idx=0)


def drawn(plan: Plan) -> bool:
    """Whether every job draws its own figures; they take longer than a short job."""
    if plan.settings.figures == "auto":
        return plan.grid.total <= plan.settings.figures_up_to
    return plan.settings.figures == "always"


def concluded(plan: Plan, tracking: Tree) -> int:
    """Show and keep the summary of a sweep; its exit code."""
    outcomes = gathered(plan)
    finished = [outcome for outcome in outcomes if outcome.status is Status.FINISHED]
    codes = [outcome.code for outcome in outcomes]
    if finished:
        from memlab.sweep.summary import conclude  # heavy, as the jobs were

        try:
            conclude(finished, tracking, plan.folder, plan.launch)
        except Exception as error:
            codes.append(CODES[Status.FAILED])
            written(f"FAILED: the summary is incomplete: {error}\n", sys.stderr)
    written(failures(outcomes), sys.stderr)
    return max(codes, default=0)


def gathered(plan: Plan) -> list[Outcome]:
    """The outcomes of a sweep's jobs, by number; a job that left none has failed."""
    outcomes = []
    for number, overrides in enumerate(plan.grid.jobs()):
        folder = plan.folder / str(number)
        lost = Outcome(Status.FAILED, str(folder), tuple(overrides), message="it left no outcome")
        outcomes.append(found(folder) or lost)
    return outcomes


def failures(outcomes: Sequence[Outcome]) -> str:
    """Every job that did not finish: what it was asked, what went wrong, where its log is."""
    lost = [outcome for outcome in outcomes if outcome.code]
    reused = sum(outcome.reused for outcome in outcomes)
    again = f" ({reused} of them before)" if reused else ""
    lines = [f"{len(outcomes) - len(lost)} of {len(outcomes)} jobs finished{again}."]
    for outcome in lost:
        lines += [
            f"{outcome.status}: {' '.join(outcome.overrides)}",
            *(f"  {line}" for line in outcome.message.splitlines()),
            f"  log: {outcome.folder}/{LOG}",
        ]
    return "\n".join(lines) + "\n"
