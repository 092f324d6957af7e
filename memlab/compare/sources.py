"""Where the runs of a comparison come from: sweeps, single runs, or what a store finds."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from memlab.app.schema import Refused
from memlab.compare.record import outcomes, read
from memlab.compare.settings import Trial, newest, of_config, of_overrides, repeats, told_apart
from memlab.record import lookup
from memlab.record.outcome import OUTCOME, Outcome, Status, found, loaded

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

CONFIG = "config.yaml"
RUN_ID = re.compile(r"[0-9a-f]{32}")
TAG = re.compile(r"([\w./-]+)=([^'\"\s]+)")  # key=value, and no filter of MLflow's
PAGE = 1000  # runs in one answer of a store
EVERYWHERE = "Default"  # the experiment that every store has; all of them are searched


@final
@dataclass(frozen=True)
class Place:
    """Where to look."""

    outputs: Path
    store: str  # an address, or the path of a SQLite file


@final
@dataclass(frozen=True)
class Found:
    """The runs that can be compared, and what was said of the others."""

    trials: tuple[Trial, ...]
    notes: tuple[str, ...] = ()


def gathered(names: Sequence[str], queries: Sequence[str], place: Place) -> Found:
    """All runs that are named or asked for; Refused where there is none."""
    alone = len(names) + len(queries) == 1
    parts = {name: named(name, place, alone=alone) for name in names}
    parts |= {query: queried(query, place) for query in queries}
    trials = told_apart(
        {name: part.trials for name, part in zip(brief(parts), parts.values(), strict=True)}
    )
    notes = [note for part in parts.values() for note in part.notes]
    if again := repeats(trials):
        notes.append(f"{again} runs repeat the setting and the seed of another: the newest counts.")
    return Found(tuple(newest(trials)), tuple(notes))


def brief(names: Collection[str]) -> list[str]:
    """The last part of every name where that tells them apart, the whole names where not."""
    last = [Path(name).name for name in names]
    return last if len(set(last)) == len(last) else list(names)


def named(name: str, place: Place, *, alone: bool) -> Found:
    """The runs of a sweep, a folder, a run of the store, a tag or a query.

    Within a sweep that is compared ``alone`` settings are named as its command named them.
    """
    if not Path(name).is_dir():
        if RUN_ID.fullmatch(name):
            return by_id(name, place)
        if TAG.fullmatch(name):
            return tagged(name, place)
        if re.search(r"[\s']", name):
            return queried(name, place)
    try:
        folder = lookup.named(name, place.outputs)
    except lookup.Unknown as error:
        raise Refused(str(error)) from error
    if (folder / OUTCOME).is_file():
        return run(folder)
    return sweep(folder, alone=alone)


def run(folder: Path) -> Found:
    """One run by its folder."""
    outcome = loaded(folder / OUTCOME)
    if outcome.status is not Status.FINISHED:
        raise Refused(f"a run must be FINISHED to be compared, but {folder} is {outcome.status}")
    return Found((of_config(outcome, lookup.holder(folder)),))


def sweep(folder: Path, *, alone: bool) -> Found:
    """The finished runs of a sweep."""
    jobs = outcomes(folder)
    if not jobs:
        raise Refused(f"{folder} must be a sweep or a run, but no job has begun in it")
    done = [one for one in jobs.values() if one is not None and one.status is Status.FINISHED]
    stood = Counter(str(one.status) if one else "without an outcome" for one in jobs.values())
    stood["not begun"] = max(0, read(folder).total - len(jobs))
    if not done:
        raise Refused(f"no job of the sweep {folder.name} is FINISHED: {_told(stood)}")
    trials = [of_overrides(one) if alone else _whole(one) for one in done]
    return Found(tuple(trials), tuple(_left_out(stood, folder.name)))


def by_id(run_id: str, place: Place) -> Found:
    """One run of the store."""
    from mlflow.exceptions import MlflowException

    store = client(place)
    try:
        return _of_store([store.get_run(run_id)], f"run {run_id}", store)
    except MlflowException as error:
        raise Refused(f"the store {place.store} has no run {run_id}") from error


def tagged(tag: str, place: Place) -> Found:
    """The runs of the store with a tag, ``key=value``."""
    match = TAG.fullmatch(tag)
    if match is None:
        raise Refused(f"a tag must be given as KEY=VALUE, got {tag!r}")
    return queried(f"tags.`{match[1]}` = '{match[2]}'", place)


def queried(query: str, place: Place) -> Found:
    """The runs of the store that MLflow finds with this filter."""
    from mlflow.exceptions import MlflowException

    store = client(place)
    try:
        runs = list(_searched(store, query))
    except MlflowException as error:
        raise Refused(f"MLflow does not take the filter {query!r}: {error.message}") from error
    if not runs:
        sweeps = [folder.name for folder in lookup.listed(place.outputs / lookup.SWEEPS)]
        known = "\n  ".join(["; the sweeps there are:", *sweeps]) if sweeps else ""
        raise Refused(f"no run in {place.store} fits {query}{known}")
    return _of_store(runs, f"what fits {query}", store)


def client(place: Place) -> "MlflowClient":
    """The store, opened to be read; Refused if it is not there."""
    from memlab.record.address import SQLITE, check
    from memlab.record.journal import Target
    from memlab.record.store import connected

    uri = place.store
    if "://" not in uri:
        uri = f"{SQLITE}{Path(uri).resolve()}"
    file = Path(uri.removeprefix(SQLITE))
    if uri.startswith(SQLITE) and not file.is_file():
        raise Refused(f"there is no store at {file}; name one with --store, or compare folders")
    try:
        check(uri)
        return connected(Target(uri, EVERYWHERE, "")).client
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from error


def _searched(store: "MlflowClient", query: str) -> Iterator["Run"]:
    experiments = [one.experiment_id for one in store.search_experiments()]
    token = None
    while True:
        page = store.search_runs(
            experiments, query, max_results=PAGE, order_by=["start_time ASC"], page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _of_store(runs: Sequence["Run"], what: str, store: "MlflowClient") -> Found:
    """The finished ones of some runs of the store, from their folders or their artifacts."""
    computed = [one for one in runs if one.data.tags.get("memlab.kind") != "summary"]
    trials, stood = [], Counter[str]()
    for one in computed:
        trial = _trial(one, store) if one.info.status == Status.FINISHED else None
        whole = one.info.status if trial or one.info.status != Status.FINISHED else "not kept whole"
        stood[whole] += 1
        trials += [trial] if trial else []
    if not trials:
        raise Refused(f"no run is FINISHED among {what}: {_told(stood) or 'only summaries'}")
    return Found(tuple(trials), tuple(_left_out(stood, what)))


def _trial(one: "Run", store: "MlflowClient") -> Trial | None:
    """A run of the store from its folder, or from its artifacts where that is gone."""
    folder = Path(one.data.tags.get("memlab.folder", os.devnull))
    outcome = found(folder)
    if outcome is not None and outcome.status is Status.FINISHED:
        return of_config(outcome, lookup.holder(folder))
    with tempfile.TemporaryDirectory() as place, suppress(Exception):  # any failure says: not there
        for name in (OUTCOME, CONFIG):
            store.download_artifacts(one.info.run_id, name, place)
        return of_config(loaded(Path(place, OUTCOME)), Path(place))
    return None


def _whole(outcome: Outcome) -> Trial:
    return of_config(outcome, Path(outcome.folder))


def _told(stood: Counter[str]) -> str:
    """``2 FAILED, 1 KILLED``."""
    others = {name: n for name, n in stood.items() if n and name != Status.FINISHED}
    return ", ".join(f"{n} {name}" for name, n in others.items())


def _left_out(stood: Counter[str], what: str) -> list[str]:
    """Which runs are not in the tables."""
    rest = _told(stood)
    return [f"Left out of {what}, for only what is FINISHED is compared: {rest}."] if rest else []
