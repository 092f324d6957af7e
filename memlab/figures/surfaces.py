"""A score over two axes at once: how wrong a cue may be, at which load."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from memlab.absent import Absent
from memlab.figures.ladders import UNITS, best_floor, score_at
from memlab.figures.style import sheet, words
from memlab.metrics.ladder import Ladder, rungs
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import Floats

HALF = 0.5


def surface(
    session: Session, _: Report, *, axis: str, over: str, arm: str, measure: str = "success"
) -> Figure | Absent:
    """A score of the medium, and of the best floor in each cell: ``axis`` up, ``over`` along.

    Cells are means over replicates and cues; those of one half or more are outlined.
    """
    along = sorted({r.at[over] for r in rungs(session, axis, arm=arm) if over in r.at})
    scores = [partial(score_at, session, axis, measure, arm, {over: x}) for x in along]
    own = [score(None) for score in scores]
    lacking = [one for one in own if isinstance(one, Absent)]
    if lacking or not own:
        return lacking[0] if lacking else Absent(f"no recalls lie on {axis!r} and {over!r}")
    up = next(one.x for one in own if isinstance(one, Ladder))
    medium = [one.values.double().mean(0).numpy() for one in own if isinstance(one, Ladder)]
    floors = [one.means for one in (best_floor(session, score) for score in scores) if one]
    planes = {"the medium": medium} | ({"best floor in each cell": floors} if floors else {})
    figure = sheet(
        3.6 * len(planes) + 0.8,
        3.8,
        f"{words(measure).capitalize()} over {words(axis)} and {words(over)}",
    )
    panels = figure.subplots(1, len(planes), sharey=True, squeeze=False)[0]
    for axes, (name, columns) in zip(panels, planes.items(), strict=True):
        image = _cells(axes, np.stack(columns, 1))
        axes.set_title(name, fontsize=9)
        axes.set_xticks(range(len(along)), [f"{x:g}" for x in along])
        axes.set_xlabel(UNITS.get(over, words(over)))
    panels[0].set_yticks(range(len(up)), [f"{x:g}" for x in up])
    panels[0].set_ylabel(UNITS.get(axis, words(axis)))
    figure.colorbar(image, ax=list(panels), label=words(measure))
    return figure


def _cells(axes: Axes, values: Floats) -> AxesImage:
    """Cells ``(up, along)`` with their figures; an outline around all of one half or more."""
    image = axes.imshow(values, origin="lower", vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if value < HALF else "black"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=7)
    for line in _outline(values >= HALF):
        axes.plot(*zip(*line, strict=True), color="white", lw=2)
    axes.set(xlim=(-0.5, values.shape[1] - 0.5), ylim=(-0.5, values.shape[0] - 0.5))
    return image


def _outline(inside: np.ndarray) -> Sequence[tuple[tuple[float, float], tuple[float, float]]]:
    """The edges between cells that are inside and those that are not."""
    lines = []
    for row, column in np.argwhere(inside[1:] != inside[:-1]):
        lines.append(((column - HALF, row + HALF), (column + HALF, row + HALF)))
    for row, column in np.argwhere(inside[:, 1:] != inside[:, :-1]):
        lines.append(((column + HALF, row - HALF), (column + HALF, row + HALF)))
    return lines
