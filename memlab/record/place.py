"""Where a job came from and where it leaves its results."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

LOG = "memlab.log"  # in the folder of a job


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
