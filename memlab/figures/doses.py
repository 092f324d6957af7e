"""What the pictures of concepts share: curves over the doses of an arm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from memlab.absent import Absent
from memlab.metrics.ladder import rungs
from memlab.metrics.measure import Measure
from memlab.session import Session
from memlab.statistics import band

WIDEST = 4.5  # of the first line of a panel

Metric: TypeAlias = Callable[..., Measure]  # of session, and x=
Rows: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Look:
    """How a line is drawn."""

    label: str
    ink: str
    style: str = "-"


def contrasted(session: Session) -> list[str]:
    """The taught arm, and those that do the same in another medium."""
    arms = dict.fromkeys(arm for recall in session.recalls for arm in recall.arms)
    return [arm for arm in arms if arm not in {"idle", "naive"}]


def curve(
    axes: Axes, session: Session, of: Metric, look: Look, *, arm: str, axis: str = "acquired"
) -> None:
    """A metric at every place of an axis that an arm was asked at."""
    places = [recall.at[axis] for recall in rungs(session, axis, arm=arm)]
    values = {x: of(session, x=x) for x in places}
    known = {x: v.double().numpy() for x, v in values.items() if not isinstance(v, Absent)}
    if known:
        line(axes, np.stack([*known.values()]), look, [*known])


def line(axes: Axes, rows: Rows, look: Look, x: Sequence[float] | None = None) -> None:
    """The mean and the interval of ``rows (K, R)``; the first lines are wider, to stay visible."""
    if not len(rows):
        return
    at = np.arange(1, len(rows) + 1) if x is None else np.asarray(x)
    if rows.shape[1] > 1:
        between = band(torch.from_numpy(rows.T.copy()))
        axes.fill_between(at, *between, color=look.ink, alpha=0.18, lw=0)
    wide = max(WIDEST - len(axes.lines), 1.0)
    dot = "." if x else None
    axes.plot(
        at,
        rows.mean(1),
        look.style,
        color=look.ink,
        label=look.label,
        marker=dot,
        ms=wide + 3,
        lw=wide,
    )
