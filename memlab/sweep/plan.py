"""A sweep as it was asked for: checked as far as it can be before anything runs."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf
from pydantic import ValidationError

from memlab.app.job import anchored
from memlab.app.refusal import explained
from memlab.app.schema import Refused, Settings, Sweep, Tree, checked, complaints, suggestion
from memlab.compare.record import SWEEP
from memlab.record import identity
from memlab.record.address import secluded
from memlab.record.files import replaced
from memlab.sweep import grid
from memlab.sweep.compose import Composer
from memlab.sweep.design import Design

NAMED = 40  # characters of a sweep's name that tell what is varied


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
    design: Design
    began: float  # s since 1970


def planned(
    context: HydraContext, config: DictConfig, arguments: Sequence[str]
) -> tuple[Settings, Plan]:
    """The settings of one of its jobs and the whole sweep; Refused if it cannot be."""
    settings, loader = sweep_settings(config), context.config_loader
    asked = grid.overrides(arguments, settings.axes, loader)
    if settings.search is None:
        design: Design = grid.grid(asked, loader, confirmed=settings.confirm)
    else:
        from memlab.sweep.search import search  # optuna, which may not be there

        design = search(asked, settings, loader, workers(config))
    jobs = sampled(context, config, design)
    launch = Path(config.hydra.runtime.cwd)
    first, *others = [checked(anchored(job, launch)) for job in jobs]
    check_metrics(settings, jobs)
    check_parts([first, *others], list(design.samples()))
    outputs = (launch / first.outputs).resolve()
    name = named(arguments, design, jobs[0])
    folder = outputs / "sweeps" / name
    command = tuple(sys.argv[1:])  # as typed: the launcher and folders of choices are in it too
    plan = Plan(name, folder, launch, outputs, command, settings, design, time.time())
    return first, plan


def sweep_settings(config: DictConfig) -> Sweep:
    """The part ``sweep`` of a configuration, checked."""
    try:
        return Sweep.model_validate(plain_part(config, "sweep"))
    except ValidationError as error:
        known = tuple(Sweep.model_fields)
        raise Refused("\n".join(complaints(error, prefix="sweep", known=known))) from error


def plain_part(config: DictConfig, name: str) -> Tree:
    """One part of a configuration as plain data."""
    tree: Any = OmegaConf.to_container(config[name], resolve=True)
    return dict(tree)


def workers(config: DictConfig) -> int:
    """How many jobs the launcher runs at once, as far as it says."""
    given = OmegaConf.select(config, "hydra.launcher.n_jobs")
    if given == "auto":
        threads = OmegaConf.select(config, "hydra.launcher.threads_per_job")
        given = len(os.sched_getaffinity(0)) // (threads or 1)
    return given if isinstance(given, int) and given > 0 else 1


def sampled(context: HydraContext, config: DictConfig, design: Design) -> list[Tree]:
    """Some jobs as they would be configured; Refused names the one that cannot be."""
    composer, found = Composer(context.config_loader, config), []
    told = ""
    for job in design.samples():
        try:
            found.append(composer.job(job).config)
        except Exception as error:
            told = f"{explained(error, tuple(composer.groups))}\n  in the job {' '.join(job)}"
        if told:  # raised outside: what is shown of an exception is its first cause
            raise Refused(told)
    return found


def check_metrics(settings: Sweep, jobs: Sequence[Tree]) -> None:
    """Raise Refused for a metric that a job would not log."""
    asked = {"sweep.metric": settings.metric, "sweep.prune.metric": settings.prune.metric}
    for key, metric in asked.items():
        for job in jobs if metric is not None else ():
            metrics = job.get("metrics", {})
            known = [*metrics.get("scalars", {})]
            if key == "sweep.metric":
                known += [f"claim/{name}" for name in metrics.get("claims", {})]
            if metric not in known:
                hint = suggestion(str(metric), known)
                raise Refused(f"{key}={metric} is no metric that this run logs{hint}")


def check_parts(jobs: Sequence[Settings], words: Sequence[Sequence[str]]) -> None:
    """Raise Refused, with the job, for a part that cannot be built; each is built once."""
    from memlab.app.assembly import constructible  # torch

    known = set()
    for job, asked in zip(jobs, words, strict=True):
        parts = json.dumps([job.substrate, job.patterns, job.cue, job.cues, job.protocol])
        if parts in known:
            continue
        known.add(parts)
        told = ""
        try:
            constructible(job)
        except Refused as error:
            told = f"{error}\n  in the job {' '.join(asked)}"
        if (
            told
        ):  # raised where it has no cause, as what is shown of an exception is its first cause
            raise Refused(told)


def named(arguments: Sequence[str], design: Design, first: Tree) -> str:
    """The name of a sweep: the same command under the same code is the same sweep."""
    files = [word.partition("=")[2] for word in arguments if word.startswith("sweep=")]
    keys = "-".join(axis.key for axis in design.axes)
    told = "".join(c if c.isalnum() or c in "._-" else "-" for c in (files or [keys])[0] or "one")
    axes = [asdict(axis) for axis in design.axes]
    words = [identity.config_hash(first), axes, design.identity, identity.code_hash()]
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]
    if first["resume"]:
        return f"{told[:NAMED]}_{digest}"
    return f"{told[:NAMED]}_{digest}_{time.strftime('%Y-%m-%d_%H-%M-%S')}_{time.time_ns() % 10**9}"


def keep(plan: Plan) -> None:
    """Write down what the sweep is, for whoever reads its folder later."""
    design = plan.design
    axes = [asdict(axis) for axis in design.axes]
    told = {
        "name": plan.name,
        "folder": str(plan.folder),
        "launch": str(plan.launch),
        "outputs": str(plan.outputs),
        "command": plan.command,
        "began": plan.began,
        "settings": plan.settings.model_dump(),
        "grid": {"fixed": design.fixed, "axes": axes},
        "total": design.total,
    }
    text = json.dumps(told, indent=1)
    secluded(plan.folder, text)
    replaced(plan.folder / SWEEP, text)
