"""Where runs are mirrored. A run's folder is its record; a store has a copy of it.

A store that is away stops nothing: it is asked again, ever more rarely, and what it has not taken
when a run ends is brought by the next start or by ``python -m memlab.sync``. Nothing heavy is
imported here: whether a store answers is known before the physics is loaded.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, final

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from memlab.record.address import HTTP, SQLITE, check, located
from memlab.record.files import locked
from memlab.record.journal import LOCK, Mirror, Record, Target, closed, journal, mirror, owed
from memlab.record.mirror import brought, tried
from memlab.record.place import Place
from memlab.record.store import born, cold, open_store, reach
from memlab.record.trust import trust
from memlab.record.unsettled import OPEN, buried, opened, settled

if TYPE_CHECKING:
    from memlab.record.live import RunLog
    from memlab.runner import Progress

TRIES = 3  # for a run that was computed before

Seconds: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=86_400, allow_inf_nan=False)]


class Tracking(ABC):
    """Where runs are mirrored."""

    @abstractmethod
    def ready(self, launch: Path, outputs: Path) -> None:
        """Open the store and bring what it has missed; OSError or ValueError if it is not there.

        Called once by every command, before any job runs.
        """

    @abstractmethod
    def begin(self, record: Record, progress: "Progress", place: Place) -> "RunLog":
        """Open a run that follows ``progress`` and whose folder is its record."""

    @abstractmethod
    def adopt(self, folder: Path, place: Place) -> str:
        """Bring in a run that was computed before; says why the store has not taken it, if so."""


@final
@dataclass(frozen=True)
class Untracked(Tracking):
    """Nowhere but in the run's own folder."""

    def ready(self, launch: Path, outputs: Path) -> None:
        buried(outputs)

    def begin(self, record: Record, progress: "Progress", place: Place) -> "RunLog":
        from memlab.record.live import Pen, Unlogged

        return Unlogged(Pen(record, progress, place, ()), place)

    def adopt(self, folder: Path, place: Place) -> str:
        return ""


@final
@checked(frozen=True)
class Mlflow(Tracking):
    """An MLflow store."""

    uri: str
    artifacts: str
    experiment: str = "memlab"
    system_metrics: bool = True
    interval: Seconds = 1.0  # s between two looks at the running act
    patience: Seconds = 60.0  # s without an answer until a finished run stops waiting

    def __post_init__(self) -> None:
        check(self.uri)

    def ready(self, launch: Path, outputs: Path) -> None:
        buried(outputs)
        target = self.target(launch)
        reach(target.uri)
        mark = met(target, outputs)
        if cold(target.uri) if target.uri.startswith(SQLITE) else not mark.exists():
            open_store(target)
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        trust(target.uri).answered()
        for _ in brought(outputs, {target.uri}):
            pass

    def begin(self, record: Record, progress: "Progress", place: Place) -> "RunLog":
        from memlab.record.live import Logged, Pen

        return Logged(
            Pen(record, progress, place, (self.target(place.launch),)),
            place,
            interval=self.interval,
            patience=self.patience,
            system_metrics=self.system_metrics,
        )

    def adopt(self, folder: Path, place: Place) -> str:
        target, run = self.target(place.launch), journal(folder)
        if run is None:
            return f"it was computed before runs kept a journal ({folder}); resume=false"
        if target not in run.targets or replaced_since(mirror(folder, target), target):
            Mirror(asked=1).save(folder, target)  # it may have the run all the same: it is asked
        elif not owed(folder, run):
            return ""
        with locked(folder / LOCK, waiting=lambda: None):
            run = closed(folder, journal(folder) or run)
            targets = tuple(dict.fromkeys([*run.targets, target]))
            run = replace(run, targets=targets).save(folder)
            opened(place.outputs, folder)
            reason = tried(folder, target, TRIES)
            if not owed(folder, run):
                settled(place.outputs, folder)
        return reason

    def target(self, launch: Path) -> Target:
        """The store of a command that was called in this folder."""
        uri, artifacts = located(self.uri, launch), self.artifacts
        if "://" not in artifacts:  # a path means nothing to a server elsewhere
            remote = uri.partition(":")[0] in HTTP
            artifacts = "" if remote else (launch / artifacts).resolve().as_uri()
        return Target(uri, self.experiment, artifacts)


def replaced_since(state: Mirror, target: Target) -> bool:
    """Whether another store has come in the place of the one that took a run."""
    now = born(target.uri)
    return bool(state.store and now) and now != state.store


def met(target: Target, outputs: Path) -> Path:
    """The file that says that a store other than SQLite was opened once from this folder."""
    return outputs / OPEN / f".met_{sha256(repr(target).encode()).hexdigest()[:12]}"
