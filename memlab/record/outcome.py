"""How far a job is and how it ended, as a file in its folder: what everything else goes by."""

import json
import time
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import final

from pydantic import TypeAdapter

from memlab.record.files import replaced
from memlab.record.process import Process

OUTCOME = "outcome.json"


class Status(StrEnum):
    """Where a job stands."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    PRUNED = "PRUNED"  # a search gave it up for lost
    REFUSED = "REFUSED"  # before anything was computed


CODES = {
    Status.RUNNING: 1,  # that it still should when somebody counts is a failure
    Status.FINISHED: 0,
    Status.PRUNED: 0,
    Status.FAILED: 1,
    Status.REFUSED: 2,
    Status.KILLED: 130,
}


@final
@dataclass(frozen=True)
class Outcome:
    """What is known of a job without looking at its arrays."""

    status: Status
    folder: str
    overrides: tuple[str, ...]
    factors: dict[str, str] = field(default_factory=dict)  # group -> the choice made
    key: str = ""  # what was computed: identity.key
    process: Process | None = None  # that does or did it
    scalars: dict[str, float] = field(default_factory=dict)  # means over replicates
    values: dict[str, tuple[float, ...]] = field(default_factory=dict)  # (R) behind each mean
    verdicts: dict[str, str] = field(default_factory=dict)  # claim -> what the gate said
    message: str = ""
    seconds: float = 0.0
    at: float = field(default_factory=time.time)  # when this was said, s since 1970
    reused: bool = False  # computed by an earlier job, whose folder this names

    @property
    def code(self) -> int:
        """The exit code of a process that did only this job."""
        return CODES[self.status]

    @property
    def stale(self) -> bool:
        """Whether it says it is running although its process is gone."""
        return self.status is Status.RUNNING and self.process is not None and self.process.gone

    def save(self, folder: Path | None = None) -> "Outcome":
        """Write it into its folder, or another, whole or not at all; returns itself."""
        place = folder or Path(self.folder)
        replaced(place / OUTCOME, json.dumps(asdict(self), indent=1))
        return self

    def ended(self, status: Status, message: str) -> "Outcome":
        """The same job, with how it ended."""
        return replace(self, status=status, message=message, at=time.time())


def loaded(file: Path) -> Outcome:
    """An outcome as it was saved; ValueError if the file holds none."""
    try:
        return FILED.validate_json(file.read_bytes())
    except ValueError as cause:
        raise ValueError(f"{file} must be an outcome that memlab saved, but {cause}") from cause


def found(folder: Path) -> Outcome | None:
    """The outcome in a folder, None where there is none that can be read.

    It lies where it is found, also if all results have been moved since.
    """
    try:
        outcome = loaded(folder / OUTCOME)
    except (OSError, ValueError):
        return None
    return outcome if outcome.reused else replace(outcome, folder=str(folder))


FILED = TypeAdapter(Outcome)
