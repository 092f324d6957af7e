"""Strings shown as text: right letters in ink, wrong ones in red, up to the end of the true one."""

import math

from matplotlib.axes import Axes
from torch import Tensor

from memlab.figures.style import BAD, INK, PALE, bare
from memlab.space import Space

ACROSS = 12  # letters side by side; more are folded into lines below one another
MOST = 48  # letters of a string
LINE = 0.19  # inches
SIZE = 9.5  # points
UNKNOWN = "_"  # what is not given


def lines_of(truth: Tensor, space: Space) -> int:
    """How many lines the longest of some strings ``(n, N)`` takes."""
    longest = int(space.valid(truth).sum(-1).max())
    return math.ceil(min(longest, MOST) / ACROSS)


def text(axes: Axes, string: Tensor, truth: Tensor, space: Space, note: str) -> None:
    """A string, or an answer ``(N[, A])``, told by the true one ``(N,)``; NaN is not given."""
    decided = space.decide(string) if string.ndim > truth.ndim else string
    size = int(space.valid(truth).sum())
    places = min(size, MOST)
    letters = space.spelled(decided[:places].nan_to_num(0.0))
    for k, letter in enumerate(letters):
        given, right = not bool(decided[k].isnan()), bool(decided[k] == truth[k])
        axes.text(
            (k % ACROSS + 0.5) / ACROSS,
            -(k // ACROSS) - 0.5,
            letter.replace("$", r"\$") if given else UNKNOWN,
            color=PALE if not given else INK if right else BAD,
            fontweight="normal" if right or not given else "bold",
            family="monospace",
            size=SIZE,
            ha="center",
            va="center",
        )
    axes.set(xlim=(0, 1), ylim=(-math.ceil(places / ACROSS), 0))
    bare(axes)
    axes.set_xlabel(f"{note} …" if size > MOST else note, fontsize=8, labelpad=2)
