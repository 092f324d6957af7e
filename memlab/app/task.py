"""A job as data: what to compute and where it belongs. It can travel to another process."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from memlab.app.schema import Tree

LOG = "memlab.log"


@final
@dataclass(frozen=True)
class Place:
    """Where a job came from and where it leaves its results."""

    folder: Path
    launch: Path  # the folder memlab was called in
    outputs: Path  # the folder of all results
    overrides: tuple[str, ...]
    choices: dict[str, str]  # group -> the choice made
    sweep: str | None  # the sweep's name, None for a single run


@final
@dataclass(frozen=True)
class Task:
    """One job of the command line or of a sweep."""

    config: Tree  # composed and resolved
    place: Place
