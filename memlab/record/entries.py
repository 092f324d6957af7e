"""What is written into an MLflow run: values, parameters and the load of the machine."""

import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from memlab.record.curves import Point

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

BATCH = 1000  # metrics MLflow takes in one call
LONGEST_PARAM = 6000  # characters


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
