"""What is written into an MLflow run: values, parameters, files and the load of the machine."""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING
from urllib.request import url2pathname

from memlab.record.address import SECRET, shown
from memlab.record.attempts import CHECKPOINT, EARLIER
from memlab.record.journal import CURVES, JOURNAL, Point, Target
from memlab.record.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Metric, Param, Run, RunTag
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

LONGEST_PARAM = 6000  # characters
LONGEST_TAG = 5000
FILE = "file://"  # what the address of a local folder begins with
TEXTS = {".html", ".json", ".log", ".md", ".txt", ".yaml"}  # may quote the address of a store
ASIDE = {EARLIER, CHECKPOINT, JOURNAL, CURVES}  # of a run's folder: what no store is given

log = logging.getLogger(__name__)


def metrics(points: Sequence[tuple[Point, int]]) -> "list[Metric]":
    """Points and their times (ms since 1970) as MLflow takes them."""
    from mlflow.entities import Metric

    return [Metric(point.name, point.value, at, point.step) for point, at in points]


def params(values: Mapping[str, str]) -> "list[Param]":
    """Parameters as MLflow takes them."""
    from mlflow.entities import Param

    return [Param(name, value[:LONGEST_PARAM]) for name, value in values.items()]


def tags(values: Mapping[str, str]) -> "list[RunTag]":
    """Tags as MLflow takes them; a trace may quote an address with its password."""
    from mlflow.entities import RunTag

    return [RunTag(name, shown(value)[:LONGEST_TAG]) for name, value in values.items()]


def tagged(store: Store, name: str, value: str) -> "list[Run]":
    """The runs with this tag."""
    return list(store.client.search_runs([store.experiment], f"tags.`{name}` = '{value}'"))


def upload(target: Target, place: str, folder: Path) -> None:
    """Bring all files of a run's folder to their place, but for those that are no results."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    if place.startswith(FILE):
        linked(folder, Path(url2pathname(place.removeprefix(FILE))), copyfile)
        return
    with tempfile.TemporaryDirectory(prefix="memlab_") as staged:
        linked(folder, Path(staged), os.symlink)
        get_artifact_repository(place, tracking_uri=target.uri).log_artifacts(staged)


def linked(folder: Path, place: Path, link: Callable[[Path, Path], object]) -> None:
    """Have all files of a run below another folder too, passwords in addresses left out."""
    for path in files(folder):
        name = place / path.relative_to(folder)
        name.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8", "surrogateescape") if path.suffix in TEXTS else ""
        if SECRET.search(text):
            name.write_text(shown(text), "utf-8", "surrogateescape")
        else:
            link(path, name)


def files(folder: Path) -> Iterator[Path]:
    """Every file of a run that a store is given; hidden ones may be half written."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in ASIDE:
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def loads(load: "SystemMetricsMonitor | None", look: int) -> list[Point]:
    """What the machine is busy with, as one point per measure; none where it cannot be asked."""
    if load is None:
        return []
    try:
        load.collect_metrics()
        values = load.aggregate_metrics()
        for part in load.monitors:
            part.clear_metrics()
    except Exception as error:  # of a driver, say: no reason to lose the curves
        log.info("the load of the machine could not be measured: %s", error)
        return []
    return [Point(f"system/{name}", look, float(value)) for name, value in values.items()]


def monitor(run: str, uri: str) -> "SystemMetricsMonitor | None":
    """MLflow's own view of processor, memory and GPU load; None where psutil is missing."""
    if find_spec("psutil") is None:
        return None
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    return SystemMetricsMonitor(run, tracking_uri=uri)
