"""Bring a store what it lacks of a run: the one way by which anything gets there.

What the store has taken is written into the run's folder after each of its answers, and whatever
is told twice is told with the same times, so that it may stop anywhere and be done again.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, final

from memlab.record.entries import metrics, params, tagged, tags, upload
from memlab.record.journal import Journal, Mirror, Point, Target, journal, mirror, noted
from memlab.record.outcome import Status
from memlab.record.store import Store, born, connected, forget
from memlab.record.trust import code

if TYPE_CHECKING:
    from mlflow.entities import Metric, RunInfo

BATCH = 800  # points in one call; MLflow takes 1000 entries
PARAMS = 100  # of them in one call
ATTEMPT = "memlab.attempt"
CLOSED = {Status.PRUNED: "KILLED", Status.REFUSED: "FAILED"}  # MLflow knows fewer ways to end


@final
class Moved(Exception):
    """The folder holds another attempt by now; this one has its own entry where it went."""


def pushed(folder: Path, target: Target) -> Iterator[Mirror]:
    """Bring a store all it lacks of a run; what it has is given out after each of its answers."""
    run, state = _journal(folder), mirror(folder, target)
    if state.whole or (state.run and not run.ended and not noted(folder, state.told).points):
        return
    store = connected(target)
    try:
        for step in _steps(run, state, folder, target, store):
            if _journal(folder).attempt != run.attempt:
                raise Moved(folder)
            yield (state := step.save(folder, target))
    except Exception as error:
        if code(error) == "RESOURCE_DOES_NOT_EXIST":
            forget(target)  # the store was emptied: the run is told from its beginning
            Mirror().save(folder, target)
        elif state.run and code(error) == "INVALID_PARAMETER_VALUE" and _deleted(state, store):
            yield replace(state, whole=True).save(folder, target)  # as the user wants it
            return
        raise


def _steps(
    run: Journal, state: Mirror, folder: Path, target: Target, store: Store
) -> Iterator[Mirror]:
    """What the store has after each step."""
    if not state.run:
        yield (state := replace(state, asked=state.asked + 1))
        made = _begun(run, state, store)
        where = str(made.artifact_uri)
        yield (state := replace(state, run=str(made.run_id), files=where, store=born(target.uri)))
    yield from _told(run, state, folder, store)
    if run.ended is None:
        return
    state = replace(state, params=True, told=noted(folder, state.told).end)
    upload(target, state.files, folder)
    yield state
    status = CLOSED.get(run.ended.status, run.ended.status.value)
    store.client.set_terminated(state.run, status, round(run.ended.at * 1000))
    if state.asked > 1:
        _alone(run, state, store)
    yield replace(state, whole=True)


def _begun(run: Journal, state: Mirror, store: Store) -> "RunInfo":
    """The run in the store, created unless an earlier request did so."""
    earlier = tagged(store, ATTEMPT, run.attempt) if state.asked > 1 else []
    if earlier:
        return earlier[0].info
    given = {ATTEMPT: run.attempt} | {tag.key: tag.value for tag in tags(run.record.tags)}
    began = round(run.began * 1000)
    return store.client.create_run(store.experiment, began, given, run.record.name).info


def _told(run: Journal, state: Mirror, folder: Path, store: Store) -> Iterator[Mirror]:
    """Log points, parameters and last words, in as few calls as MLflow allows."""
    news = noted(folder, state.told)
    points = [*metrics(news.points), *_last(run)]
    given = [] if state.params else params(run.record.params)
    said = tags(run.ended.tags) if run.ended is not None else []
    if not (points or given or said):
        return
    store.client.log_batch(state.run, points[:BATCH], given[:PARAMS], said)
    for first in range(PARAMS, len(given), PARAMS):
        store.client.log_batch(state.run, params=given[first : first + PARAMS])
    state = replace(state, params=True)
    for first in range(BATCH, len(points), BATCH):
        yield state
        store.client.log_batch(state.run, points[first : first + BATCH])
    yield replace(state, told=news.end)


def _last(run: Journal) -> "list[Metric]":
    """The numbers a run ends with."""
    if run.ended is None:
        return []
    at = round(run.ended.at * 1000)
    return metrics([(Point(name, 0, value), at) for name, value in run.ended.metrics.items()])


def _alone(run: Journal, state: Mirror, store: Store) -> None:
    """Throw away what a request made that was answered too late to be heard."""
    for other in tagged(store, ATTEMPT, run.attempt):
        if other.info.run_id != state.run:
            store.client.delete_run(other.info.run_id)


def _deleted(state: Mirror, store: Store) -> bool:
    """Whether the user has thrown the run away in the store."""
    return bool(store.client.get_run(state.run).info.lifecycle_stage == "deleted")


def _journal(folder: Path) -> Journal:
    found = journal(folder)
    if found is None:
        raise Moved(folder)
    return found
