"""The look that all figures share, set once on import."""

import math
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from memlab.space import Space

INK = "#222222"
PALE = "#9a9a9a"
GOOD = "#009e73"
BAD = "#d55e00"
UNSURE = "#b8860b"
FLOOR = "#8c8c8c"
CEILING = "#56b4e9"
MEDIUM = "#0072b2"
ARMS = {  # colours that the colour-blind can tell apart, the same for an arm in every figure
    "interfered": "#d55e00",
    "idle": "#0072b2",
    "rehearsed": "#009e73",
    "lures_only": "#cc79a7",
    "written": "#0072b2",
    "unwritten": "#8c8c8c",
    "p1_scarred": "#0072b2",
    "p1_unscarred": "#8c8c8c",
    "p2_scarred": "#0072b2",
    "p2_unscarred": "#8c8c8c",
    "p3": "#009e73",
}
PUSHES = 400
ONE_ROW = 32  # values that a line shows side by side
SPARE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

mpl.rcParams.update(
    {
        "figure.dpi": 150,
        "savefig.dpi": 150,
        "figure.facecolor": "white",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.labelsize": 9,
        "axes.labelcolor": INK,
        "axes.edgecolor": "#666666",
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "xtick.color": "#444444",
        "ytick.color": "#444444",
        "legend.fontsize": 8,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "image.interpolation": "nearest",
    }
)


def sheet(width: float, height: float, title: str) -> Figure:
    """An empty figure, sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
    return figure


def colour(arm: str, others: Sequence[str] = ()) -> str:
    """The colour of an arm; for one without its own, by its place among the others."""
    known = list(others)
    return ARMS.get(arm) or SPARE[known.index(arm) % len(SPARE) if arm in known else 0]


def words(name: str) -> str:
    """A name of code as words; a dollar is no formula."""
    whole = name.replace("$", r"\$").replace("hidden_pearson", "Pearson on the hidden part")
    return whole.replace("_", " ").replace("pearson", "Pearson").replace("iou", "IoU")


def plane(values: Tensor, space: Space) -> NDArray[np.float32]:
    """A pattern or an answer, ``(*shape[, A])``, as an image with values in 0 … 1.

    Symbols are decided and scaled, a volume is shown by its middle slice, a long line is folded.
    """
    if space.symbols not in {None, 2}:
        decided = space.decide(values) if values.shape == space.response_shape else values
        values = decided / max((space.symbols or 1) - 1, 1)
    while values.ndim > len(("y", "x")):
        values = values[values.shape[0] // 2]
    return folded(values.float().numpy())


def folded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A plane as it is; a line as one row, or if it is long in nearly square rows, NaN after it."""
    if values.ndim > 1:
        return values
    rows, columns = raster(len(values))
    return np.pad(values, (0, rows * columns - len(values)), constant_values=np.nan).reshape(
        rows, columns
    )


def raster(length: int) -> tuple[int, int]:
    """Rows and columns in which a line is shown: full ones where a nearly square plane has them."""
    if length <= ONE_ROW:
        return 1, length
    root = math.isqrt(length)
    full = [rows for rows in range(root, 0, -1) if length % rows == 0]
    if length <= 2 * full[0] ** 2:
        return full[0], length // full[0]
    columns = math.isqrt(length - 1) + 1
    return -(-length // columns), columns


def tile(axes: Axes, image: NDArray[np.float32], note: str = "") -> None:
    """One image on the fixed scale 0 … 1, with a note below."""
    axes.imshow(image, vmin=0, vmax=1, cmap="viridis")
    axes.set_aspect("auto" if len(image) == 1 else "equal")
    bare(axes)
    axes.set_xlabel(note, fontsize=8, labelpad=2)


def bare(axes: Axes) -> None:
    """No ticks, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Label positions near the given heights, at least so far from one another.

    Labels that overlap push each other away in small steps until none does.
    """
    order = np.argsort(heights, kind="stable")
    placed = np.asarray(heights, dtype=float)[order]
    for _ in range(PUSHES):
        push = np.clip(least - np.diff(placed), 0, None) / 2
        placed[:-1] -= push
        placed[1:] += push
    result = np.empty_like(placed)
    result[order] = placed
    return [float(x) for x in result]
