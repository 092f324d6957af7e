"""Where the nodes of a radix tree lie on paper: leaves evenly spaced, the others amid theirs."""

from dataclasses import dataclass
from typing import final

from memlab.text.alphabet import END, Alphabet
from memlab.text.twigs import Twigs

BEND = 1.6  # letters' widths in which an edge leaves the height of its parent
FIRST = 5.0  # the same of the edges of the start, which go farthest


@final
@dataclass(frozen=True)
class Tidy:
    """N nodes, parents first, in units of a letter's width and of the lines of text."""

    parent: tuple[int, ...]  # (N,)
    x: tuple[float, ...]  # (N,), from the left
    y: tuple[float, ...]  # (N,), from the top
    prefix: tuple[str, ...]  # (N,), what is spelled from the start to here
    label: tuple[str, ...]  # (N,), what of it stands on the edge to here
    ends: tuple[bool, ...]  # (N,), whether strings end here
    count: tuple[float, ...]  # (N,)

    @property
    def leaves(self) -> int:
        """How many lines the drawing has."""
        return len(set(range(len(self.parent))) - {*self.parent[1:]})


def tidy(twigs: Twigs, alphabet: Alphabet) -> Tidy:
    """The layout of a tree from left to right, by alphabet from above.

    A node lies as far to the right as the letters before it and a bend per level need.
    """
    parent = tuple(twigs.parent.tolist())
    label = tuple(alphabet.spelled(one) for one in twigs.labels)
    prefix = [""] * len(parent)
    for n in range(1, len(parent)):
        prefix[n] = prefix[parent[n]] + label[n]
    levels = twigs.level.tolist()
    return Tidy(
        parent,
        tuple(len(p) + _bends(level) for p, level in zip(prefix, levels, strict=True)),
        _heights(parent, prefix),
        tuple(prefix),
        label,
        tuple(END in one for one in twigs.labels),
        tuple(twigs.count.tolist()),
    )


def _bends(level: int) -> float:
    """How far the bends above a level reach."""
    return FIRST + BEND * (level - 1) if level else 0.0


def _heights(parent: tuple[int, ...], prefix: list[str]) -> tuple[float, ...]:
    """Leaves by alphabet, one below the other; a parent between its outermost children."""
    leaves = sorted(set(range(len(parent))) - {*parent[1:]}, key=lambda n: prefix[n])
    y = {leaf: float(line) for line, leaf in enumerate(leaves)}
    below: dict[int, list[float]] = {}
    for n in reversed(range(len(parent))):
        if n not in y:
            y[n] = (min(below[n]) + max(below[n])) / 2
        below.setdefault(parent[n], []).append(y[n])
    return tuple(y[n] for n in range(len(parent)))
