"""Compose what the command line asks for, run it job by job, and say how it went."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from memlab.app import manual
from memlab.app.outcome import CODES, Interrupted, Outcome, Place, Status
from memlab.app.pipe import silence, written


def status(folders: list[Path]) -> int:
    """The exit code of the command line, once it is done; choices come from these folders."""
    signal.signal(signal.SIGTERM, terminated)
    outcomes: list[Outcome] = []
    full = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # exceptions come here instead of being printed
    OmegaConf.register_new_resolver("process", os.getpid, replace=True)

    def job(config: DictConfig) -> None:
        from memlab.app.job import attempted  # not needed to show a configuration

        outcomes.append(attempted(plain(config), place(), full=full))

    try:
        hydra.main(version_base="1.3", config_path=str(folders[0]), config_name="config")(job)()
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        return 128 + (stop.signal if isinstance(stop, Interrupted) else signal.SIGINT)
    except BrokenPipeError:  # the composer was showing a configuration, and nobody reads on
        silence(sys.stdout)
    except Exception as error:
        if full:
            raise
        from memlab.app.refusal import FULL, explained

        groups = tuple(manual.groups(folders))
        written(f"{explained(error, groups)}\n\n{FULL}\n", sys.stderr)
        return CODES[Status.REFUSED]
    return max((outcome.code for outcome in outcomes), default=0)


def plain(config: DictConfig) -> dict[str, object]:
    """A composed configuration as plain nested dictionaries, every reference resolved."""
    tree = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    if not isinstance(tree, dict):
        raise TypeError(f"a configuration must be a mapping, got {type(tree).__name__}")
    return {str(key): value for key, value in tree.items()}


def place() -> Place:
    """Where the job that is running now came from and leaves its results."""
    settings = HydraConfig.get()
    multirun = settings.mode == RunMode.MULTIRUN
    return Place(
        folder=Path(settings.runtime.output_dir),
        launch=Path(settings.runtime.cwd),
        overrides=tuple(settings.overrides.task),
        choices={
            str(group): str(choice)
            for group, choice in settings.runtime.choices.items()
            if not str(group).startswith("hydra/") and choice is not None
        },
        sweep=Path(settings.sweep.dir).name if multirun else None,
    )


def terminated(number: int, _: FrameType | None) -> None:
    """Treat a request to end like Ctrl-C, so that the run is closed as KILLED."""
    raise Interrupted(number)
