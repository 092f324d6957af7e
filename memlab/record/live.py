"""A run that is mirrored while it is under way: its folder first, then its store."""

import importlib
import itertools
import logging
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

from memlab.record.address import HTTP, SQLITE, shown
from memlab.record.curves import Curves
from memlab.record.entries import loads, monitor
from memlab.record.files import locked
from memlab.record.journal import (
    CURVES,
    LOCK,
    Ended,
    Journal,
    Mirror,
    Point,
    Record,
    Target,
    journal,
    mirror,
    note,
)
from memlab.record.outcome import Status
from memlab.record.place import Place
from memlab.record.process import here
from memlab.record.push import pushed
from memlab.record.store import connected
from memlab.record.trust import trust
from memlab.record.unsettled import opened, settled
from memlab.runner import Progress

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

LOOKS = 300  # at a run, before they become rarer
HURRY = 5.0  # s to wait for a silent server when the user wants to leave
SHARE = 0.02  # of a run's time that looking at it may take, until it is over
SELDOM = 10.0  # s between two looks, however long one takes
COST = "tracking took %.2f s of processor time, importing MLflow %.2f s more"

log = logging.getLogger(__name__)


class RunLog(ABC):
    """A run that is being tracked."""

    link: str

    @abstractmethod
    def finish(self, ended: Ended) -> str:
        """Keep all that is left and close the run; says why the store has not taken it, if so."""


@final
class Pen:
    """Writes down a run that is under way, in its folder."""

    def __init__(
        self, record: Record, progress: Progress, place: Place, targets: tuple[Target, ...]
    ) -> None:
        self.folder = place.folder
        self.journal = begun(record, place, targets)
        self.curves = Curves(progress)
        self.busy = threading.Lock()  # one hand at a time

    def look(self, more: Sequence[Point] = ()) -> None:
        """Note the points that are new."""
        with self.busy:
            if self.journal.ended is None:
                note(self.folder, [*self.curves.fresh(), *more])

    def close(self, ended: Ended) -> None:
        """Note the last points, and how the run ended."""
        self.look()
        with self.busy:
            self.journal = replace(self.journal, ended=ended).save(self.folder)


@final
@dataclass(frozen=True)
class Unlogged(RunLog):
    """A run that no store hears of now; its folder keeps what one would need."""

    pen: Pen
    place: Place
    link: str = ""

    def finish(self, ended: Ended) -> str:
        self.pen.close(ended)
        settled(self.place.outputs, self.place.folder)
        return ""


@final
class Logged(RunLog):
    """A run that a thread of its own brings to a store."""

    def __init__(
        self, pen: Pen, place: Place, *, interval: float, patience: float, system_metrics: bool
    ) -> None:
        (self.target,) = pen.journal.targets
        self.pen = pen
        self.place = place
        self.interval = interval
        self.patience = patience
        self.system_metrics = system_metrics
        self.link = shown(self.target.uri)
        self.trust = trust(self.target.uri)
        self.state = mirror(place.folder, self.target)
        self.heard = time.monotonic()  # when the store last took something
        self.loaded = threading.Event()  # MLflow is imported: from here on the store is waited for
        self.over = threading.Event()  # the run has ended
        self.left = threading.Event()  # and nobody waits for the store any more
        self.thread = threading.Thread(target=self._follow, name="memlab-tracking", daemon=True)
        self.thread.start()

    def finish(self, ended: Ended) -> str:
        self.pen.close(ended)
        self.heard = time.monotonic()
        self.over.set()
        hurry = ended.status is Status.KILLED and not self.link.startswith(SQLITE)
        patience = min(HURRY, self.patience) if hurry else self.patience
        try:
            while self.thread.is_alive() and not self._silent(patience, hurry=hurry):
                self.thread.join(0.1)
        except KeyboardInterrupt:
            self.left.set()  # a run that has finished is whole: only the waiting is given up
            if ended.status is not Status.FINISHED or self.place.sweep is not None:
                raise  # the whole sweep is to end
            return f"the store {self.link} was not waited for (interrupted)"
        self.left.set()
        if self.state.whole:
            settled(self.place.outputs, self.place.folder)
            return ""
        waited = self.thread.is_alive() or not self.trust.hopeless
        self.trust.lost = waited
        what = f"did not answer within {patience:g} s" if waited else "did not take the run"
        return f"the store {self.link} {what}" + f" ({self.trust.reason})" * bool(self.trust.reason)

    def _silent(self, patience: float, *, hurry: bool) -> bool:
        """Whether the store has not answered for so long; a slow import is no fault of it."""
        loading = not (self.loaded.is_set() or hurry)
        return not loading and time.monotonic() - self.heard > patience

    def _follow(self) -> None:
        try:
            with locked(self.place.folder / LOCK, waiting=lambda: None):
                self._watch()
        except Exception as error:  # a full disk, say: of this the run itself will speak
            self.trust.reason = str(error)
            log.exception("a run could not be followed")

    def _watch(self) -> None:
        """Note and bring what appears until the store has all of it or nobody waits."""
        load: SystemMetricsMonitor | None = None
        self._load()  # the physics is under way meanwhile
        imported = time.thread_time()
        self._heeded(self._greet)
        took = 0.0
        for look in itertools.count():
            over = self._paused(took)
            began = time.thread_time()
            self.pen.look(loads(load, look))
            self._heeded(self._bring)
            if self.state.whole or self.left.is_set() or (over and self._given_up()):
                break
            if load is None and self.system_metrics and self.state.run:
                load = monitor(self.state.run, self.target.uri)
            took = time.thread_time() - began
        log.info(COST, time.thread_time() - imported, imported)

    def _heeded(self, act: Callable[[], None]) -> None:
        """Do something with the store if it may be asked now; what comes of it is remembered."""
        if not self.trust.due:
            return
        try:
            act()
        except Exception as error:  # whatever lies below MLflow may raise
            self.trust.failed(error)
            log.info("%s did not take a part of the run: %s", self.link, self.trust.reason)

    def _greet(self) -> None:
        connected(self.target)
        self.heard = time.monotonic()

    def _load(self) -> None:
        """Import MLflow, which takes two seconds, or a minute where many do it at once."""
        try:
            importlib.import_module("mlflow")
            if not self.link.startswith(HTTP):
                importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
        finally:
            self.heard = time.monotonic()
            self.loaded.set()

    def _bring(self) -> None:
        for state in pushed(self.place.folder, self.target):
            self.state, self.heard = state, time.monotonic()
            self.trust.answered()
            if self.left.is_set():
                return

    def _given_up(self) -> bool:
        """Whether waiting longer is of no use: another run of this process has waited in vain."""
        return self.trust.failures > 0 and (self.trust.lost or self.trust.hopeless)

    def _paused(self, took: float) -> bool:
        """Wait until it is time to look again, after one that took so long; whether it is over."""
        if self.over.is_set() and self.trust.failures:
            self.left.wait(max(0.0, self.trust.again - time.monotonic()))
        age = time.time() - self.pen.journal.began
        return self.over.wait(max(self.interval, age / LOOKS, min(SELDOM, took / SHARE)))


def begun(record: Record, place: Place, targets: tuple[Target, ...]) -> Journal:
    """The journal of a run that begins now; one of the same record goes on in the same run.

    Another process may just be bringing what an earlier attempt left in the folder.
    """
    with locked(place.folder / LOCK, waiting=lambda: None):
        run = _next(record, place, targets)
        run.save(place.folder)
    opened(place.outputs, place.folder)
    return run


def _next(record: Record, place: Place, targets: tuple[Target, ...]) -> Journal:
    before = journal(place.folder)
    run = Journal(record, here(), time.time(), uuid.uuid4().hex, targets)
    same = before is not None and before.record.name == record.name
    if before is not None and same and before.record.params == record.params:
        run = replace(run, attempt=before.attempt, began=before.began)
    else:
        (place.folder / CURVES).unlink(missing_ok=True)
    for target in targets:
        state = mirror(place.folder, target) if before is not None else Mirror()
        if state.asked:
            kept = before is not None and run.attempt == before.attempt
            (replace(state, whole=False) if kept else Mirror()).save(place.folder, target)
    return run
