"""The couplings of a memory: as a matrix, by size, and by their eigenvalues."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from memlab.absent import Absent
from memlab.figures.style import INK, MEDIUM, PALE, UNSURE, sheet, words
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import Floats

SHOWN = 512  # rows and columns up to which every entry is drawn
BRIGHTEST = 0.995  # share of the entries that the colours tell apart
FAINT = 1e-6  # relative asymmetry from which on a matrix is not taken for symmetric
BINS = 60


def weight_matrix(session: Session, _: Report, *, arm: str) -> Figure | Absent:
    """The square matrices at the end of an arm, replicate 0; the spectrum with its null.

    The null is the spectrum after the same entries have changed places: what lies outside it is
    structure that learning put there, one large eigenvalue per independent pattern.
    """
    found = [s.matrices for s in session.snapshots if arm in s.arms and s.matrices]
    if not found:
        return Absent(f"no square matrix of at most a million entries in the memory of {arm!r}")
    stored = {name: w.float() for name, w in found[-1].items() if bool(w.any())}
    if not stored:
        return Absent("every entry of the matrix is 0")
    title = f"The memory as a matrix: end of {words(arm)}, first replicate"
    figure = sheet(10.4, 3.4 * len(stored) + 0.3, title)
    panels = figure.subplots(len(stored), 3, squeeze=False)
    for row, (name, w) in zip(panels, stored.items(), strict=True):
        _matrix(figure, row[0], name, w)
        _sizes(row[1], w)
        _spectrum(row[2], w, _learned(session, arm))
    return figure


def _matrix(figure: Figure, axes: Axes, name: str, w: Tensor) -> None:
    step = -(-len(w) // SHOWN)
    some = w[::step, ::step].numpy()
    most = float(np.quantile(np.abs(some), BRIGHTEST)) or float(np.abs(some).max()) or 1.0
    image = axes.imshow(some, cmap="RdBu_r", vmin=-most, vmax=most)
    every = "" if step == 1 else f", every {step}th"
    axes.set(xlabel=f"unit{every}", ylabel="unit", title=words(name))
    axes.set_xticks([])
    axes.set_yticks([])
    figure.colorbar(image, ax=axes, shrink=0.85, extend="both").ax.tick_params(labelsize=7)


def _sizes(axes: Axes, w: Tensor) -> None:
    """How many entries are how large, without the diagonal."""
    away = w[~torch.eye(len(w), dtype=torch.bool)].numpy()
    axes.hist(away, bins=BINS, color=MEDIUM, alpha=0.7)
    axes.set_yscale("log")
    axes.set(xlabel="entry off the diagonal", ylabel="how many", title="sizes")
    axes.axvline(0, color=INK, lw=0.8)


def _spectrum(axes: Axes, w: Tensor, items: int) -> None:
    """Eigenvalues by rank; singular values where the matrix is not symmetric."""
    matrix = w.double()
    even = float((matrix - matrix.T).abs().max()) <= FAINT * float(matrix.abs().max())
    values = _values(matrix, even=even)
    null = _values(_shuffled(matrix, even=even), even=even)
    rank = np.arange(1, len(values) + 1)
    axes.plot(rank, null, color=PALE, lw=1.2, label="entries shuffled")
    axes.plot(rank, values, ".", color=MEDIUM, ms=4, label="the memory")
    axes.axvline(items, color=UNSURE, lw=1, ls="--", label=f"{items} items learned")
    axes.set_xscale("log")
    axes.set(xlabel="rank", ylabel="eigenvalue" if even else "singular value", title="spectrum")
    axes.legend(fontsize=7)


def _values(matrix: Tensor, *, even: bool) -> Floats:
    """Eigen- or singular values, the largest first."""
    found = torch.linalg.eigvalsh(matrix).flip(0) if even else torch.linalg.svdvals(matrix)
    return np.asarray(found.numpy())


def _shuffled(matrix: Tensor, *, even: bool) -> Tensor:
    """The same entries elsewhere: the diagonal stays, a symmetric matrix stays symmetric."""
    random = torch.Generator().manual_seed(0)
    size, result = len(matrix), matrix.clone()
    down, across = torch.triu_indices(size, size, 1) if even else _away(size)
    moved = torch.randperm(len(down), generator=random)
    result[down, across] = matrix[down, across][moved]
    if even:
        result[across, down] = result[down, across]
    return result


def _away(size: int) -> Tensor:
    """Rows and columns of all places off the diagonal, ``(2, size (size - 1))``."""
    return (~torch.eye(size, dtype=torch.bool)).nonzero().T


def _learned(session: Session, arm: str) -> int:
    """How many items an arm was shown."""
    lived = [e for e in session.exposures if arm in e.arms]
    return len({e.item for e in lived if e.item is not None})
