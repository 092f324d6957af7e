"""Compose what the command line asks for, run it, and say how it went."""

import os
import sys
from pathlib import Path

import hydra
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from memlab.app import manual
from memlab.app.job import attempted
from memlab.app.pipe import silence, written
from memlab.app.refusal import FULL, explained
from memlab.app.schema import Refused
from memlab.app.signals import exit_code, heed_termination
from memlab.app.task import Task
from memlab.record.outcome import CODES, Status
from memlab.record.place import Place

ALONE = {"hydra.mode=RUN"}  # one job of a sweep's file, on purpose


def status(folders: list[Path]) -> int:
    """The exit code of the command line, once it is done; choices come from these folders."""
    heed_termination()
    full = os.environ.setdefault("MEMLAB_FULL_ERROR", os.environ.get("HYDRA_FULL_ERROR", "")) == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # exceptions come here instead of being printed
    OmegaConf.register_new_resolver("process", os.getpid, replace=True)
    try:
        hydra.main(version_base="1.3", config_path=str(folders[0]), config_name="config")(job)()
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        return exit_code(stop)
    except BrokenPipeError:  # the composer was showing a configuration, and nobody reads on
        silence(sys.stdout)
    except Exception as error:
        if full:
            raise
        groups = tuple(manual.groups(folders))
        written(f"{explained(error, groups)}\n\n{FULL}\n", sys.stderr)
        return CODES[Status.REFUSED]
    return 0


def job(config: DictConfig) -> None:
    """Run one composed job; a single run leaves the process with the job's exit code."""
    place = placed(config)
    if place.sweep is None and (config.sweep.axes or config.sweep.search) and not ALONE & hydras():
        raise Refused("sweep.axes and sweep.search need a sweep: add -m (hydra.mode=RUN: one job)")
    full = os.environ.get("MEMLAB_FULL_ERROR") == "1"
    outcome = attempted(Task(plain(config), place), full=full)
    if place.sweep is None and outcome.code:
        raise SystemExit(outcome.code)


def hydras() -> set[str]:
    """What was asked of the composer itself."""
    return set(HydraConfig.get().overrides.hydra)


def plain(config: DictConfig) -> dict[str, object]:
    """A composed configuration as plain nested dictionaries, every reference resolved."""
    tree = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    if not isinstance(tree, dict):
        raise TypeError(f"a configuration must be a mapping, got {type(tree).__name__}")
    return {str(key): value for key, value in tree.items()}


def placed(config: DictConfig) -> Place:
    """Where the composed job belongs."""
    settings = HydraConfig.get()
    folder, launch = Path(settings.runtime.output_dir), Path(settings.runtime.cwd)
    multirun = settings.mode == RunMode.MULTIRUN
    return Place(
        folder=folder,
        launch=launch,
        outputs=(launch / str(config.outputs)).resolve(),
        overrides=tuple(settings.overrides.task),
        choices=choices(settings),
        sweep=Path(settings.sweep.dir).name if multirun else None,
    )


def choices(settings: HydraConf) -> dict[str, str]:
    """The choice made in each of our groups; ``settings`` is the composer's own part."""
    return {
        str(group): str(choice)
        for group, choice in settings.runtime.choices.items()
        if not str(group).startswith("hydra/") and choice is not None
    }
