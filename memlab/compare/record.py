"""What a sweep's folder says of it: its question, its grid, the command, and how its jobs stand."""

import json
import math
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from memlab.record.outcome import Outcome, found

SWEEP = "sweep.json"


@final
@dataclass(frozen=True)
class SweepRecord:
    """A sweep as it was asked for."""

    name: str
    launch: str = ""  # the folder memlab was called in
    words: tuple[str, ...] = ()  # of the command
    question: str = ""
    metric: str = ""  # what a search was after
    fixed: tuple[str, ...] = ()  # overrides that all jobs share
    axes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    total: int = 0  # jobs; 0 where nobody said

    @property
    def command(self) -> str:
        """The command that does it again, ready for a shell."""
        return shlex.join(["python", "-m", "memlab", *self.words])


def read(folder: Path) -> SweepRecord:
    """The record of a sweep; only its name where the file is not there or says nothing."""
    try:
        told: dict[str, Any] = json.loads((folder / SWEEP).read_text(encoding="utf-8"))
        return _built(folder.name, told)
    except (OSError, ValueError, KeyError, TypeError):
        return SweepRecord(folder.name)


def outcomes(folder: Path) -> dict[int, Outcome | None]:
    """How every job of a sweep stands that has a folder, by number."""
    jobs = [path for path in folder.iterdir() if path.name.isdecimal()]
    return {int(path.name): found(path) for path in sorted(jobs, key=lambda path: int(path.name))}


def _built(name: str, told: dict[str, Any]) -> SweepRecord:
    axes = {axis["key"]: tuple(axis["values"]) for axis in told["grid"]["axes"]}
    return SweepRecord(
        name,
        told["launch"],
        tuple(told["command"]),
        told["settings"]["question"],
        told["settings"].get("metric") or "",
        tuple(told["grid"]["fixed"]),
        axes,
        told.get("total", math.prod(len(values) for values in axes.values())),
    )
