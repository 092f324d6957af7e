"""Runs in MLflow: the only file that imports it, and only once a run is under way.

Importing MLflow takes as long as a short run, so that, the opening of the store and all logging
happen in a thread beside the physics. ``finish`` waits for it and raises what went wrong there.
"""

import fcntl
import itertools
import logging
import os
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, final

from pydantic import PositiveFloat
from pydantic.dataclasses import dataclass as checked

from memlab.app.curves import Curves, Point
from memlab.app.outcome import Status
from memlab.runner import Progress

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

BATCH = 1000  # metrics MLflow takes in one call
PATIENCE = 300  # looks at a run before they become rarer
LONGEST_PARAM = 6000  # characters
LONGEST_TAG = 5000
SQLITE = "sqlite:///"


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
    """How a run ended and what it leaves."""

    status: Status
    folder: Path  # everything in it becomes an artifact
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class RunLog(ABC):
    """A run that is being tracked."""

    link: str

    @abstractmethod
    def finish(self, ended: Ended) -> None:
        """Log all that is left and close the run; raises what could not be logged."""


class Tracking(ABC):
    """Where runs are kept."""

    @abstractmethod
    def begin(self, record: Record, progress: Progress, launch: Path) -> RunLog:
        """Open a run that follows ``progress``; relative paths start at ``launch``."""


@final
@dataclass(frozen=True)
class Untracked(Tracking):
    """Nowhere but in the run's own folder."""

    def begin(self, record: Record, progress: Progress, launch: Path) -> RunLog:
        return Unlogged()


@final
@dataclass(frozen=True)
class Unlogged(RunLog):
    """A run that nobody follows."""

    link: str = ""

    def finish(self, ended: Ended) -> None:
        pass


@final
@checked(frozen=True)
class Mlflow(Tracking):
    """An MLflow store."""

    uri: str
    artifacts: str
    experiment: str = "memlab"
    system_metrics: bool = True
    interval: PositiveFloat = 1.0  # s between two looks at the running act

    def __post_init__(self) -> None:
        if "://" not in self.uri or self.uri.startswith("file:"):
            raise ValueError(
                "tracking.uri must be a database (sqlite:///outputs/mlflow.db) or a server "
                f"(http://localhost:5000), got {self.uri!r}"
            )

    def begin(self, record: Record, progress: Progress, launch: Path) -> RunLog:
        return Logged(self, record, progress, launch)


@final
class Logged(RunLog):
    """A run in MLflow, written by a thread of its own until it is finished."""

    def __init__(self, settings: Mlflow, record: Record, progress: Progress, launch: Path) -> None:
        self.settings = settings
        self.record = record
        self.curves = Curves(progress)
        self.artifacts = (launch / settings.artifacts).resolve()
        self.link = located(settings.uri, launch)
        self.began = time.time()
        self.run = ""
        self.error: Exception | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow, name="memlab-tracking", daemon=True)
        self.thread.start()

    def finish(self, ended: Ended) -> None:
        self.over.set()
        self.thread.join()
        status = Status.FAILED
        try:
            if self.error is not None:
                raise self.error
            self._log_all(ended)
            status = ended.status
        finally:
            if self.run:
                self.client.set_terminated(self.run, status.value)

    def _log_all(self, ended: Ended) -> None:
        points = [Point(name, 0, value) for name, value in ended.metrics.items()]
        log_points(self.client, self.run, points)
        for key, value in ended.tags.items():
            self.client.set_tag(self.run, key, value[:LONGEST_TAG])
        for path in sorted(ended.folder.iterdir()):
            if not path.name.startswith("."):
                self.client.log_artifact(self.run, str(path))

    def _follow(self) -> None:
        try:
            self._open()
            load = monitor(self.run, self.link) if self.settings.system_metrics else None
            for look in itertools.count():
                over = self.over.wait(max(self.settings.interval, self._age() / PATIENCE))
                log_points(self.client, self.run, [*self.curves.fresh(), *loads(load, look)])
                if over:
                    return
        except Exception as error:  # raised again where the run is finished
            self.error = error

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


def log_points(client: "MlflowClient", run: str, points: Sequence[Point]) -> None:
    """Log values, as many in one call as MLflow takes."""
    from mlflow.entities import Metric

    now = round(time.time() * 1000)
    metrics = [Metric(point.name, point.value, now, point.step) for point in points]
    for first in range(0, len(metrics), BATCH):
        client.log_batch(run, metrics=metrics[first : first + BATCH])


def loads(load: "SystemMetricsMonitor | None", look: int) -> list[Point]:
    """What the machine is busy with, as one point per measure."""
    if load is None:
        return []
    load.collect_metrics()
    values = load.aggregate_metrics()
    for part in load.monitors:
        part.clear_metrics()
    return [Point(f"system/{name}", look, float(value)) for name, value in values.items()]


def log_params(client: "MlflowClient", run: str, params: Mapping[str, str]) -> None:
    """Log all parameters of a run."""
    from mlflow.entities import Param

    entries = [Param(name, value[:LONGEST_PARAM]) for name, value in params.items()]
    for first in range(0, len(entries), 100):
        client.log_batch(run, params=entries[first : first + 100])


def monitor(run: str, uri: str) -> "SystemMetricsMonitor | None":
    """MLflow's own view of processor, memory and GPU load; None where psutil is missing."""
    if find_spec("psutil") is None:
        return None
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    return SystemMetricsMonitor(run, tracking_uri=uri)
