"""What a store has to know of a run, in the run's folder before any store is told.

``tracking.json`` says who the run is, how it ended and which stores are to have it;
``curves.jsonl`` holds its curves; one small hidden file per store says what that store has taken.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import final

from pydantic import TypeAdapter

from memlab.record.files import replaced
from memlab.record.outcome import Status, found
from memlab.record.process import Process

JOURNAL = "tracking.json"
CURVES = "curves.jsonl"
PRIVATE = 0o600  # the address of a store may hold a password
LOCK = ".tracking.lock"  # held by whoever tells a store of this run


@final
@dataclass(frozen=True)
class Record:
    """What identifies a run."""

    name: str
    params: dict[str, str]
    tags: dict[str, str]


@final
@dataclass(frozen=True)
class Ended:
    """How a run ended and what is to be said of it."""

    status: Status
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    at: float = field(default_factory=time.time)  # s since 1970


@final
@dataclass(frozen=True)
class Target:
    """Where a run is to be mirrored."""

    uri: str
    experiment: str
    artifacts: str  # where the files of a new experiment go; empty lets its server decide

    @property
    def file(self) -> str:
        """The name of the file that says what this store has of a run."""
        told = f"{self.uri}\n{self.experiment}"
        return f".mirror_{hashlib.sha256(told.encode()).hexdigest()[:12]}"


@final
@dataclass(frozen=True)
class Journal:
    """A run as its stores are to know it."""

    record: Record
    process: Process  # that computes it
    began: float  # s since 1970
    attempt: str  # no other attempt at anything has it: finds the run in a store
    targets: tuple[Target, ...]
    ended: Ended | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is added any more: it has ended, or its process is gone."""
        return self.ended is not None or self.process.gone

    def save(self, folder: Path) -> "Journal":
        """Write it into a run's folder, whole or not at all; returns itself."""
        replaced(folder / JOURNAL, json.dumps(asdict(self)), mode=PRIVATE)
        return self


@final
@dataclass(frozen=True)
class Mirror:
    """What one store has taken of a run."""

    asked: int = 0  # how often, to create it: it may exist although its id never came back
    run: str = ""  # its id there
    files: str = ""  # where its files go
    params: bool = False
    told: int = 0  # bytes of the curves
    whole: bool = False
    store: str = ""  # which one of those that had this address: ``store.born``

    def save(self, folder: Path, target: Target) -> "Mirror":
        """Write it into a run's folder, whole or not at all; returns itself.

        A power cut may take the last words: they are told to the store again, which is no harm.
        """
        partial = folder / f"{target.file}.{os.getpid()}"
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(folder / target.file)
        return self


@final
@dataclass(frozen=True)
class Point:
    """One value of a curve, a mean over replicates."""

    name: str  # measure/arm/phase
    step: int
    value: float


@final
@dataclass(frozen=True)
class Noted:
    """Points as they were noted, and where in the file the next ones begin."""

    points: list[tuple[Point, int]]  # with ms since 1970
    end: int


def journal(folder: Path) -> Journal | None:
    """The journal of a run, None where there is none that can be read."""
    try:
        return JOURNALS.validate_json((folder / JOURNAL).read_bytes())
    except (OSError, ValueError):
        return None


def mirror(folder: Path, target: Target) -> Mirror:
    """What a store has of a run, as far as the run's folder knows."""
    try:
        return MIRRORS.validate_json((folder / target.file).read_bytes())
    except FileNotFoundError:
        return Mirror()
    except ValueError:
        return Mirror(asked=1)


def owed(folder: Path, run: Journal) -> list[Target]:
    """The stores that do not yet have all of a run."""
    return [target for target in run.targets if not mirror(folder, target).whole]


def note(folder: Path, points: Sequence[Point]) -> None:
    """Add points to the curves of a run."""
    if not points:
        return
    now = round(time.time() * 1000)
    lines = [json.dumps([point.name, point.step, point.value, now]) for point in points]
    with (folder / CURVES).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def noted(folder: Path, start: int) -> Noted:
    """The points noted from this byte on; a line that a crash cut short or spoilt is left out."""
    try:
        with (folder / CURVES).open("rb") as file:
            file.seek(start)
            found_lines, newline, _ = file.read().rpartition(b"\n")
    except FileNotFoundError:
        return Noted([], start)
    points = [read for line in found_lines.splitlines() if (read := _point(line)) is not None]
    return Noted(points, start + len(found_lines) + len(newline))


def _point(line: bytes) -> tuple[Point, int] | None:
    """A point and its time; None for a line that a power cut has spoilt."""
    try:
        name, step, value, at = json.loads(line)
    except (TypeError, ValueError):
        return None
    return Point(name, step, value), at


def closed(folder: Path, run: Journal) -> Journal:
    """The journal of a run whose process is gone: how it ended is what its outcome says."""
    if run.ended is not None:
        return run
    outcome = found(folder)
    if outcome is None or outcome.status is Status.RUNNING:
        message = f"its process ({run.process}) ended without a word"
        last = Ended(Status.KILLED, tags={"memlab.message": message})
    else:
        tags = {f"memlab.claim.{name}": said for name, said in outcome.verdicts.items()}
        tags |= {"memlab.message": outcome.message} if outcome.message else {}
        last = Ended(outcome.status, outcome.scalars, tags)
    return replace(run, ended=last).save(folder)


JOURNALS = TypeAdapter(Journal)
MIRRORS = TypeAdapter(Mirror)
