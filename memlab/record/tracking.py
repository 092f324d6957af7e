"""Runs in MLflow, which is imported only once a run is under way.

Importing MLflow takes as long as a short run, so that, the opening of the store and all logging
happen in a thread beside the physics. ``finish`` waits for it as long as the store answers, and
raises what went wrong there.
"""

import fcntl
import itertools
import logging
import os
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, final

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from memlab.app.refusal import chain
from memlab.app.task import Place
from memlab.record.curves import Curves, Point
from memlab.record.entries import loads, log_params, log_points, monitor
from memlab.record.outcome import Status
from memlab.record.unsettled import buried, settled
from memlab.runner import Progress

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = 300  # looks at a run before they become rarer
HURRY = 5.0  # s to wait for a silent server when the user wants to leave
LONGEST_TAG = 5000  # characters
SQLITE = "sqlite:///"

Seconds: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=86_400, allow_inf_nan=False)]


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


@final
class Lost(Exception):
    """The store did not take a run; its results are in its own folder."""


class RunLog(ABC):
    """A run that is being tracked."""

    link: str

    @abstractmethod
    def finish(self, ended: Ended) -> str:
        """Log all that is left and close the run; says why the store has not taken it, if so."""


class Tracking(ABC):
    """Where runs are kept."""

    @abstractmethod
    def ready(self, launch: Path, outputs: Path) -> None:
        """Open the store and bring what it has missed; OSError or ValueError if it is not there.

        Called once by every command, before any job runs.
        """

    @abstractmethod
    def begin(self, record: Record, progress: Progress, place: Place) -> RunLog:
        """Open a run that follows ``progress`` and whose folder is its record."""


@final
@dataclass(frozen=True)
class Untracked(Tracking):
    """Nowhere but in the run's own folder."""

    def ready(self, launch: Path, outputs: Path) -> None:
        buried(outputs)

    def begin(self, record: Record, progress: Progress, place: Place) -> RunLog:
        return Unlogged(place)


@final
@dataclass(frozen=True)
class Unlogged(RunLog):
    """A run that nobody follows."""

    place: Place
    link: str = ""

    def finish(self, ended: Ended) -> str:
        settled(self.place.outputs, self.place.folder)
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
        if "://" not in self.uri or self.uri.startswith("file:"):
            raise ValueError(
                "uri must be a database (sqlite:///outputs/mlflow.db) or a server "
                f"(http://localhost:5000), got {self.uri!r}"
            )

    def ready(self, launch: Path, outputs: Path) -> None:
        buried(outputs)
        connected(located(self.uri, launch))

    def begin(self, record: Record, progress: Progress, place: Place) -> RunLog:
        return Logged(self, record, progress, place)


@final
class Logged(RunLog):
    """A run in MLflow, written by a thread of its own until it is finished."""

    def __init__(self, settings: Mlflow, record: Record, progress: Progress, place: Place) -> None:
        launch = place.launch
        self.place = place
        self.settings = settings
        self.record = record
        self.curves = Curves(progress)
        self.artifacts = (launch / settings.artifacts).resolve()
        self.link = located(settings.uri, launch)
        self.began = time.time()
        self.run = ""
        self.ended: Ended | None = None  # set once the run is over
        self.error: Exception | None = None
        self.heard = time.monotonic()  # when the store last answered
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow, name="memlab-tracking", daemon=True)
        self.thread.start()

    def finish(self, ended: Ended) -> str:
        try:
            self._finish(ended)
        except Lost as error:
            return str(error)
        settled(self.place.outputs, self.place.folder)
        return ""

    def _finish(self, ended: Ended) -> None:
        self.ended = ended
        self.over.set()
        self._wait(ended)
        if self.error is not None:
            first = next(chain(self.error))
            why = f"{type(first).__name__}: {str(first).strip().partition(chr(10))[0]}"
            raise self._lost(ended, f"failed after {self._age():.0f} s ({why})") from self.error

    def _wait(self, ended: Ended) -> None:
        """Wait for the thread as long as the store keeps answering."""
        hurry = ended.status is Status.KILLED and not self.link.startswith(SQLITE)
        patience = min(HURRY, self.settings.patience) if hurry else self.settings.patience
        self.heard = time.monotonic()
        while self.thread.is_alive():
            self.thread.join(0.1)
            if time.monotonic() - self.heard > patience:
                raise self._lost(ended, f"did not answer within {patience:g} s")

    def _lost(self, ended: Ended, why: str) -> Lost:
        return Lost(
            f"the run was not tracked: {self.link} {why}; all it recorded is in {self.place.folder}"
        )

    def _follow(self) -> None:
        try:
            self._open()
            self._watch()
            self._log_all()
        except Exception as error:  # raised again where the run is finished
            self.error = error
            with suppress(Exception):  # the first complaint of a store is the one to tell
                if self.run:
                    self.client.set_terminated(self.run, Status.FAILED.value)

    def _watch(self) -> None:
        """Log what appears until the run is over."""
        load = monitor(self.run, self.link) if self.settings.system_metrics else None
        for look in itertools.count():
            over = self.over.wait(max(self.settings.interval, self._age() / PATIENCE))
            log_points(self.client, self.run, [*self.curves.fresh(), *loads(load, look)])
            self.heard = time.monotonic()
            if over:
                return

    def _log_all(self) -> None:
        """Log what the run leaves, and close it."""
        if self.ended is None:
            raise RuntimeError("a run must be finished before all of it is logged")
        points = [Point(name, 0, value) for name, value in self.ended.metrics.items()]
        log_points(self.client, self.run, points)
        for key, value in self.ended.tags.items():
            self.client.set_tag(self.run, key, value[:LONGEST_TAG])
            self.heard = time.monotonic()
        for path in sorted(self.place.folder.iterdir()):
            if not path.name.startswith("."):
                self.client.log_artifact(self.run, str(path))
                self.heard = time.monotonic()
        self.client.set_terminated(self.run, self.ended.status.value)

    def _open(self) -> None:
        self.client = connected(self.link)
        experiment = opened(self.client, self.link, self.settings.experiment, self.artifacts)
        run = self.client.create_run(
            experiment,
            start_time=round(self.began * 1000),
            tags=self.record.tags,
            run_name=self.record.name,
        )
        self.run = run.info.run_id
        log_params(self.client, self.run, self.record.params)

    def _age(self) -> float:
        return time.time() - self.began


def located(uri: str, launch: Path) -> str:
    """An MLflow address with a relative SQLite path made absolute."""
    if not uri.startswith(SQLITE) or uri.startswith(f"{SQLITE}/"):
        return uri
    return f"{SQLITE}{(launch / uri.removeprefix(SQLITE)).resolve()}"


def connected(uri: str) -> "MlflowClient":
    """A client of the store, its tables created and its noise switched off."""
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
    )
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")  # s; a run must be able to end
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    from mlflow import MlflowClient

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with alone(uri):
        client = MlflowClient(uri)
        client.search_experiments(max_results=1)
    return client


def opened(client: "MlflowClient", uri: str, experiment: str, artifacts: Path) -> str:
    """The id of an experiment, created where there is none."""
    with alone(uri):
        known = client.get_experiment_by_name(experiment)
        if known is not None:
            return str(known.experiment_id)
        return str(client.create_experiment(experiment, artifact_location=artifacts.as_uri()))


@contextmanager
def alone(uri: str) -> Iterator[None]:
    """Keep other processes from creating the same SQLite store at the same moment."""
    if not uri.startswith(SQLITE):
        yield
        return
    store = Path(uri.removeprefix(SQLITE))
    store.parent.mkdir(parents=True, exist_ok=True)
    with store.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not store.exists():
            with closing(sqlite3.connect(store)) as database:
                database.execute("PRAGMA journal_mode=WAL")
        yield
