"""Memory as a map, and which memory a cue brings up."""

from textwrap import fill

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from memlab.absent import Absent
from memlab.figures.style import INK, bare, folded, sheet, words
from memlab.metrics.measure import Group, asked, members
from memlab.metrics.recall import cue_by_memory
from memlab.report import Report
from memlab.session import Session, Snapshot

MOST = 6  # snapshots
WRITTEN_OUT = 12  # rows and columns up to which the values are printed in the cells
ACROSS = 26  # letters that fit above a map
LARGEST = 8.0  # inches of a matrix
MOST_LABELS = 40  # rows or columns that are all named
DARK = 0.6  # above this the print is white


def scar_maps(session: Session, _: Report) -> Figure | Absent:
    """What was written where: memory grids less their untouched value, each on its full range."""
    only_read = {recall.phase for recall in session.recalls}
    shots = [s for s in session.snapshots if s.grids and s.phase not in only_read][:MOST]
    if not shots:
        return Absent("this memory does not lie on the pattern's plane")
    names = list(shots[0].grids)
    title = "Memory maps: change from the untouched value"
    figure = sheet(max(2.5 * len(shots) + 0.5, 4.2), 2.3 * len(names) + 0.6, title)
    axes = figure.subplots(len(names), len(shots), squeeze=False)
    for row, name in enumerate(names):
        untouched = _commonest(shots[0].grids[name])
        widest = max(float((shot.grids[name] - untouched).abs().max()) for shot in shots)
        for column, shot in enumerate(shots):
            _map(figure, axes[row, column], _flat(shot.grids[name]) - untouched, widest)
            if row == 0:
                axes[row, column].set_title(_caption(shot), fontsize=8.5, loc="center")
        label = f"{words(name)}\n(untouched {untouched:.3g})"
        axes[row, 0].set_ylabel(label, fontsize=8.5)
    return figure


def cue_memory_matrix(
    session: Session, _: Report, *, arm: str, phase: str, group: Group | None = None
) -> Figure | Absent:
    """Pearson of the answer to every cue with every pattern, mean over replicates."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    chosen = recall.items if group is None else group
    matrix = cue_by_memory(session, arm=arm, phase=phase, group=chosen)
    if isinstance(matrix, Absent):
        return matrix
    rows = [session.names[recall.items[c]] for c in recall.of(members(session, chosen))]
    mean = matrix.mean(0)
    size = 0.55 if max(mean.shape) <= WRITTEN_OUT else 0.2
    width, height = (min(size * count, LARGEST) for count in (mean.shape[1], mean.shape[0]))
    width, height = width + 2.4, height + 1.7
    figure = sheet(max(width, 4.2), height, f"Cue × memory: {words(arm)}, {words(phase)}")
    axes = figure.subplots()
    image = axes.imshow(mean.numpy(), vmin=-1, vmax=1, cmap="RdBu_r", aspect="auto")
    columns = _some([words(name) for name in session.names])
    axes.set_xticks([*columns], [*columns.values()], rotation=40, ha="right")
    labels = _some([words(name) for name in rows])
    axes.set_yticks([*labels], [*labels.values()])
    axes.set(xlabel="pattern compared with", ylabel="pattern asked for")
    if max(mean.shape) <= WRITTEN_OUT:
        _print_cells(axes, mean)
    figure.colorbar(image, label="Pearson of the answer", shrink=0.9)
    return figure


def _some(names: list[str]) -> dict[int, str]:
    """The names that there is room for, evenly spread, by their places."""
    return dict([*enumerate(names)][:: 1 + (len(names) - 1) // MOST_LABELS])


def _print_cells(axes: Axes, mean: Tensor) -> None:
    for row, values in enumerate(mean.tolist()):
        for column, value in enumerate(values):
            ink = "white" if abs(value) > DARK else INK
            text = axes.text(column, row, f"{value:.2f}", color=ink, fontsize=7.5)
            text.set(ha="center", va="center")


def _map(figure: Figure, axes: Axes, change: Tensor, widest: float) -> None:
    """One map on its own full range, or on the widest where nothing changed."""
    most = float(change.nan_to_num().abs().max()) or widest or 1.0
    image = axes.imshow(change.numpy(), cmap="RdBu_r", vmin=-most, vmax=most)
    bare(axes)
    bar = figure.colorbar(image, ax=axes, shrink=0.85, pad=0.02)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)


def _flat(grid: Tensor) -> Tensor:
    """A plane; of a volume the middle slice, of a line its folded rows."""
    while grid.ndim > len(("y", "x")):
        grid = grid[grid.shape[0] // 2]
    return torch.from_numpy(folded(grid.float().numpy()))


def _commonest(grid: Tensor) -> float:
    """The value most places have: that of a place where nothing was written."""
    return float(torch.mode(grid.float().flatten()).values)


def _caption(shot: Snapshot) -> str:
    arms = fill(", ".join(words(arm) for arm in shot.arms), ACROSS)
    return f"{arms}\nafter {words(shot.phase)}"
