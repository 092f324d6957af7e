"""A run out of an MLflow store: its own folder, or what the store kept of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from memlab.record.address import SQLITE, check, located, shown
from memlab.record.lookup import Unknown
from memlab.record.outcome import OUTCOME
from memlab.record.store import QUIET, cold, reach

if TYPE_CHECKING:
    from mlflow import MlflowClient

KEPT = ("config.yaml", OUTCOME, "session.npz")


def tracked(run: str, uri: str, empty: Path) -> tuple[Path, dict[str, str]]:
    """The folder of a run, or its artifacts in an empty one where that is gone; and its facts."""
    from mlflow.exceptions import MlflowException

    client = store(uri)
    try:
        tags = dict(client.get_run(run).data.tags)
    except MlflowException as error:
        raise Unknown(f"there is no run {run} in {shown(uri)}: {error.message}") from error
    folder = Path(tags.get("memlab.folder", empty))
    facts = {name: value for name, value in tags.items() if name.startswith("memlab.")}
    if all((folder / name).is_file() for name in KEPT):
        return folder, facts
    try:
        for name in KEPT:
            client.download_artifacts(run, name, str(empty))
    except (MlflowException, OSError) as error:
        raise Unknown(
            f"the folder of run {run} is gone ({folder}), and {shown(uri)} lacks {name}"
        ) from error
    return empty, facts


def store(uri: str) -> "MlflowClient":
    """A client that reads a store, which must be there."""
    address = located(uri if "://" in uri else f"{SQLITE}{Path(uri).resolve()}", Path.cwd())
    try:
        check(address)
        if cold(address):
            raise FileNotFoundError("there is none")
        reach(address)
    except (OSError, ValueError) as error:
        raise Unknown(f"store {shown(address)}: {error}; --store names another") from error
    os.environ.update(QUIET)
    from mlflow import MlflowClient

    return MlflowClient(address)
