"""What the pictures of concepts share: curves over the doses of an arm, and what was published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from memlab.absent import Absent
from memlab.figures.style import FLOOR
from memlab.hebbian.growth import LIMIT
from memlab.metrics.ladder import rungs
from memlab.metrics.measure import Measure
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import band

WIDEST = 4.5  # of the first line of a panel
MARKS = "os^Dv"  # of the first, second, … line of a panel
SIDEWAYS = 0.012  # of the axis, between the points of two lines at one dose
CONTROLS = 2  # contrasts beside the taught arm in a panel of lines; more hide one another

Metric: TypeAlias = Callable[..., Measure]  # of session, and x=
Rows: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Look:
    """How a line is drawn."""

    label: str
    ink: str
    mark: str = "."
    aside: int = 0  # so many steps to the right, where lines lie on top of each other


def contrasted(session: Session, most: int | None = CONTROLS) -> list[str]:
    """The taught arm, and so many of those that do the same in another medium."""
    arms = dict.fromkeys(arm for recall in session.recalls for arm in recall.arms)
    found = [arm for arm in arms if arm not in {"idle", "naive"}]
    return found if most is None else found[: 1 + most]


def headed(report: Report, claims: Sequence[str], title: str) -> str:
    """A title, and below it the published sentences of some claims with the verdict on each."""
    found = [v for v in report.verdicts if v.name in claims and v.published]
    told = [f"published “{v.published}”: {v.status.value}" for v in found]
    return "\n".join([title, *told])


def curve(
    axes: Axes, session: Session, of: Metric, look: Look, *, arm: str, axis: str = "acquired"
) -> None:
    """A metric at every place of an axis that an arm was asked at."""
    places = [recall.at[axis] for recall in rungs(session, axis, arm=arm)]
    values = {x: of(session, x=x) for x in places}
    known = {x: v.double().numpy() for x, v in values.items() if not isinstance(v, Absent)}
    if known:
        aside = look.aside * SIDEWAYS * (max(places) - min(places))
        line(axes, np.stack([*known.values()]), look, [x + aside for x in known])
    if len(places) == 1:
        axes.set_xticks(places, [f"{places[0]:g}"])


def line(axes: Axes, rows: Rows, look: Look, x: Sequence[float] | None = None) -> None:
    """The mean and the interval of ``rows (K, R)``; the first lines are wider, to stay visible."""
    if not len(rows):
        return
    at = np.arange(1, len(rows) + 1) if x is None else np.asarray(x)
    if rows.shape[1] > 1:
        between = band(torch.from_numpy(rows.T.copy()))
        axes.fill_between(at, *between, color=look.ink, alpha=0.18, lw=0)
    wide = max(WIDEST - len(axes.lines), 1.0)
    dot = look.mark if x else None
    axes.plot(at, rows.mean(1), color=look.ink, label=look.label, marker=dot, ms=wide + 3, lw=wide)


def or_not_finite(axes: Axes) -> None:
    """Say so where a panel has nothing that could be drawn."""
    if not any(np.isfinite(np.asarray(one.get_ydata(), float)).any() for one in axes.lines):
        axes.text(0.5, 0.5, "not finite", ha="center", color=FLOOR, transform=axes.transAxes)


def diverged_at(largest: Rows) -> int | None:
    """The first presentation after which a largest weight ``(K, R)`` is beyond all bounds."""
    beyond = ~(largest <= LIMIT).all(axis=1) if len(largest) else np.zeros(0, dtype=bool)
    return int(beyond.argmax()) + 1 if bool(beyond.any()) else None
