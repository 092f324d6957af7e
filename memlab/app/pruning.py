"""Trials of a search that are given up before their end, when an early metric looks hopeless."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from memlab.absent import Absent
from memlab.app.schema import Sweep
from memlab.metrics.measure import Measure
from memlab.position import Position
from memlab.record.place import Place
from memlab.session import Forecast, Recall, Session

log = logging.getLogger(__name__)


class Pruned(Exception):
    """The run is worse so far than half of the trials that were finished before it."""


def promising(
    positions: Iterator[Position],
    scalars: Mapping[str, Callable[[Session], Measure]],
    sweep: Sweep,
    place: Place,
) -> Iterator[Position]:
    """The positions of a run; Pruned is raised once its early metric is known and hopeless."""
    wanted = sweep.prune.metric
    if sweep.search is None or wanted is None or place.sweep is None:
        yield from positions
        return
    known = False
    for position in positions:
        value = None if known else so_far(scalars[wanted], position)
        if value is not None:
            known = True
            if hopeless(value, sweep.prune.warmup, place):
                raise Pruned(
                    f"{wanted} = {value:.4g} is no better than the median of the trials before"
                )
        yield position


def so_far(metric: Callable[[Session], Measure], position: Position) -> float | None:
    """A metric of what a run has recorded; None while it cannot be computed."""
    session, begun = position.session, position.recall
    if isinstance(begun, Recall):
        session = replace(session, recalls=[*session.recalls, begun])
    if isinstance(begun, Forecast):
        session = replace(session, forecasts=[*session.forecasts, begun])
    try:
        measured = metric(session)
    except KeyError:
        return None
    return None if isinstance(measured, Absent) else float(measured.mean())


def hopeless(value: float, warmup: int, place: Place) -> bool:
    """Whether the study says so; a store that does not answer never stops a run."""
    from memlab.sweep import study  # optuna

    try:
        return study.hopeless(place.folder.parent, int(place.folder.name), value, warmup)
    except Exception:
        log.exception("the study could not be asked, the run goes on")
        return False
