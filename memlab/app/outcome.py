"""Where a job belongs, and how it ended."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import final

OUTCOME = "outcome.json"


class Status(StrEnum):
    """How a job ended; those that ran at all are called so in MLflow too."""

    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    REFUSED = "REFUSED"  # before anything was computed


CODES = {Status.FINISHED: 0, Status.FAILED: 1, Status.REFUSED: 2, Status.KILLED: 130}


@final
class Interrupted(KeyboardInterrupt):
    """The request to end came as a signal other than Ctrl-C."""

    def __init__(self, signal: int) -> None:
        super().__init__(f"signal {signal}")
        self.signal = signal


@final
@dataclass(frozen=True)
class Place:
    """Where a job came from and where it leaves its results."""

    folder: Path
    launch: Path  # the folder memlab was called in
    overrides: tuple[str, ...]
    choices: dict[str, str]  # group -> the choice made
    sweep: str | None  # the sweep's name, None for a single run


@final
@dataclass(frozen=True)
class Outcome:
    """What a sweep needs to know of a job."""

    status: Status
    folder: str
    overrides: tuple[str, ...]
    factors: dict[str, str] = field(default_factory=dict)  # group -> the choice made
    scalars: dict[str, float] = field(default_factory=dict)
    message: str = ""
    seconds: float = 0.0

    @property
    def code(self) -> int:
        """The exit code of a process that did only this job."""
        return CODES[self.status]

    def save(self) -> None:
        """Write it where the sweep will look for it."""
        path = Path(self.folder, OUTCOME)
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def loaded(file: Path) -> Outcome:
    """An outcome as it was saved."""
    tree = json.loads(file.read_text(encoding="utf-8"))
    status, overrides = Status(tree.pop("status")), tuple(tree.pop("overrides"))
    return Outcome(status=status, overrides=overrides, **tree)
