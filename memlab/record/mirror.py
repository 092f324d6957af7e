"""All that stores still lack of the runs in a folder of results, brought to them."""

import logging
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from memlab.record.address import shown
from memlab.record.files import Busy, locked
from memlab.record.journal import LOCK, Journal, Target, closed, journal, mirror, owed
from memlab.record.outcome import Status, found
from memlab.record.process import Process
from memlab.record.push import Moved, pushed
from memlab.record.trust import trust
from memlab.record.unsettled import opened, settled, unsettled

TRIES = 5  # until a store counts as away
FOLDER = "memlab.folder"  # the tag that says where a run lies

log = logging.getLogger(__name__)


@final
@dataclass(frozen=True)
class Brought:
    """A run that was not wholly in a store, and whether it is now."""

    folder: Path
    uri: str  # without its password
    why: str = ""  # it is not, empty if it is
    alive: Process | None = None  # what still computes it


def brought(outputs: Path, uris: Collection[str] | None = None) -> Iterator[Brought]:
    """Bring every run that has ended, or lost its process, to these stores; None for all."""
    for folder in unsettled(outputs):
        try:
            yield from _brought(outputs, folder, uris)
        except OSError as error:  # what a run that moves or is thrown away meanwhile looks like
            log.warning("%s could not be brought to its store: %s", folder, error)
            yield Brought(folder, "", str(error))


def _brought(outputs: Path, folder: Path, uris: Collection[str] | None) -> Iterator[Brought]:
    if (alive := computing(folder)) is not None:
        if uris is None:
            yield Brought(folder, "", alive=alive)
        return
    try:
        with locked(folder / LOCK):
            if computing(folder) is not None:
                return  # another attempt began a moment ago
            run = journal(folder)
            if run is not None:
                run = rehomed(outputs, folder, closed(folder, run))
                yield from _each(folder, run, uris)
            if run is None or not owed(folder, run):
                settled(outputs, folder)
    except Busy:
        if uris is None:
            yield Brought(folder, "", "another process is at it")


def rehomed(outputs: Path, folder: Path, run: Journal) -> Journal:
    """The journal of a run whose results were moved as a whole: stores among them moved as well."""
    then = run.record.tags.get(FOLDER, "")
    before = then.removesuffix(str(folder.relative_to(outputs))) if near(folder, outputs) else then
    if before == then or Path(before) == outputs:
        return run
    old, new = before.rstrip("/"), str(outputs)
    targets = []
    for one in run.targets:
        moved = replace(
            one, uri=one.uri.replace(old, new), artifacts=one.artifacts.replace(old, new)
        )
        if moved != one and (folder / one.file).exists():
            (folder / one.file).rename(folder / moved.file)
        targets.append(moved)
    record = replace(run.record, tags=dict(run.record.tags) | {FOLDER: str(folder)})
    return replace(run, record=record, targets=tuple(targets)).save(folder)


def amended(outputs: Path, folder: Path) -> None:
    """Have what was added to a finished run's folder brought to the stores that know the run."""
    run = journal(folder)
    if run is None:
        return
    for target in run.targets:
        state = mirror(folder, target)
        if state.run:
            replace(state, whole=False).save(folder, target)
    opened(outputs, folder)


def near(folder: Path, outputs: Path) -> bool:
    """Whether a run lies below the results."""
    return folder.is_relative_to(outputs)


def computing(folder: Path) -> Process | None:
    """The process that still adds to a run, None if nothing does."""
    run = journal(folder)
    if run is not None:
        return None if run.over else run.process
    outcome = found(folder)
    return outcome.process if outcome is not None and outcome.status is Status.RUNNING else None


def _each(folder: Path, run: Journal, uris: Collection[str] | None) -> Iterator[Brought]:
    for target in owed(folder, run):
        if uris is None or target.uri in uris:
            reason = tried(folder, target, TRIES)
            if reason:
                log.warning("%s is not in %s: %s", folder, shown(target.uri), reason)
            yield Brought(folder, shown(target.uri), reason)


def tried(folder: Path, target: Target, tries: int) -> str:
    """Why a store has not taken all of a run after so many failures in a row, empty if it has."""
    store = trust(target.uri)
    for _ in range(1 if store.lost else tries):
        if store.lost and not store.due:
            break
        time.sleep(max(0.0, store.again - time.monotonic()))
        try:
            for _ in pushed(folder, target):
                store.answered()
        except Moved:
            return "another attempt began meanwhile"
        except Exception as error:  # whatever lies below MLflow may raise
            store.failed(error)
            if store.hopeless:
                return store.reason
        else:
            return ""
    store.lost = True
    return store.reason
