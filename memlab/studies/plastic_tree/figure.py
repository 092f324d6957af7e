"""Six panels: time, nodes and bits of ever more names; bits per symbol, levels, and children."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.figures.style import BAD, CEILING, FLOOR, GOOD, INK, MEDIUM, PALE, sheet
from memlab.statistics import Estimate
from memlab.studies.plastic_tree.corpus import LETTERS
from memlab.studies.plastic_tree.row import (
    AUTOMATON,
    BITS,
    CODE,
    EXPONENTS,
    FAN_OUT,
    FORMS,
    GROWTH,
    LEVELS,
    NODES,
    PARTING,
    PUBLISHED,
    RADIX,
    SECONDS,
    STATES,
    TREE,
    Row,
    mean,
    those,
)
from memlab.studies.plastic_tree.structure import AT_LEVEL, WITH_CHILDREN
from memlab.studies.plastic_tree.verdict import PACKED
from memlab.studies.plastic_tree.worth import POWER

LOOKS = {PUBLISHED: (BAD, "s"), RADIX: ("#e69f00", "^"), TREE: (MEDIUM, "o")}
SIZES = {  # what is counted of each form
    "nodes of the tree": (TREE, NODES, MEDIUM, "o"),
    "nodes of its radix form": (TREE, PARTING, CEILING, "^"),
    "states of the automaton": (AUTOMATON, STATES, GOOD, "s"),
}
WAYS = {
    "zlib": (PALE, "v"),
    "adaptive": (FLOOR, "s"),
    "lzma": (INK, "d"),
    "trie": ("#e69f00", "^"),
    AUTOMATON: (GOOD, "s"),
    TREE: (MEDIUM, "o"),
}
CODES = {
    "symbols": "letters, all alike",
    "zlib": "zlib",
    "trie": "radix trie",
    "adaptive": "letters by frequency",
    "lzma": "LZMA",
    "grammar": "grammar",
    AUTOMATON: "automaton",
    TREE: "plastic tree, foretelling",
}


def portrait(rows: Sequence[Row]) -> Figure:
    """All of the study but its tables. Bars and marks are means with their intervals."""
    figure = sheet(13.2, 7.2, "A plastic tree of first names: growth, abstraction, structure")
    (growth, nodes, described), (bits, levels, children) = figure.subplots(2, 3)
    _growth(growth, rows)
    _nodes(nodes, rows)
    _described(described, rows)
    _bits(bits, rows)
    _levels(levels, those(rows, LEVELS, TREE, AT_LEVEL))
    _children(children, those(rows, FAN_OUT, TREE, WITH_CHILDREN), mean(rows, FORMS, "trie", POWER))
    return figure


def _growth(axes: Axes, rows: Sequence[Row]) -> None:
    """Learning time over names, each form with the power it was fitted with."""
    for form, (ink, mark) in LOOKS.items():
        label = f"{form}, {_power(rows, form, SECONDS)}"
        _marks(axes, those(rows, GROWTH, form, SECONDS), ink, mark, label)
    axes.set(xscale="log", yscale="log", xlabel="names n", ylabel="CPU seconds of learning")
    axes.set_title("learning time")
    axes.legend(loc="lower right")


def _nodes(axes: Axes, rows: Sequence[Row]) -> None:
    """What memory is made of, over names."""
    for name, (form, measure, ink, mark) in SIZES.items():
        label = f"{name}, {_power(rows, form, measure)}"
        _marks(axes, those(rows, GROWTH, form, measure), ink, mark, label)
    axes.set(xscale="log", yscale="log", xlabel="names n", ylabel="nodes or states")
    axes.set_title("nodes")
    axes.legend(loc="lower right")


def _described(axes: Axes, rows: Sequence[Row]) -> None:
    """Bits of the whole set by every code, a name's share of them."""
    for form, (ink, mark) in WAYS.items():
        found = [shared(row) for row in those(rows, GROWTH, form, CODE)]
        _marks(axes, found, ink, mark, f"{CODES[form]}, {_power(rows, form, CODE)}")
    axes.set(xscale="log", xlabel="names n", ylabel="bits per name")
    axes.set_ylim(0, 1.15 * axes.get_ylim()[1])
    axes.set_title("bits that describe n names, and their power of n")
    axes.legend(loc="upper right")


def shared(row: Row) -> Row:
    """What a single name has of something that all names of a row have together."""
    all_of = row.measured
    values = tuple(value / row.level for value in all_of.values)
    ends = (None if end is None else end / row.level for end in (all_of.low, all_of.high))
    return replace(row, measured=Estimate(values, all_of.mean / row.level, *ends))


def _power(rows: Sequence[Row], form: str, measure: str) -> str:
    return f"$n^{{{mean(rows, EXPONENTS, form, measure):.2f}}}$"


def _bits(axes: Axes, rows: Sequence[Row]) -> None:
    """Every code, the longest first."""
    found = sorted((row for row in rows if row.table == BITS), key=lambda row: -row.measured.mean)
    inks = [PALE if row.form in PACKED else GOOD if row.form == TREE else MEDIUM for row in found]
    values = [row.measured.mean for row in found]
    axes.barh(range(len(found)), values, 0.72, color=inks)
    _whiskers(axes, found)
    for line, row in enumerate(found):
        axes.text(row.high + 0.05, line, f"{row.measured.mean:.2f}", va="center", fontsize=8)
    axes.set_yticks(range(len(found)), [CODES[row.form] for row in found])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="bits per symbol", xlim=(0, 1.12 * max(values)))
    axes.set_title(f"what describes a set of {found[0].level:,} names")


def _whiskers(axes: Axes, rows: Sequence[Row]) -> None:
    lines = range(len(rows))
    axes.hlines(lines, [row.low for row in rows], [row.high for row in rows], color=INK, lw=1.4)


def _levels(axes: Axes, rows: Sequence[Row]) -> None:
    """Nodes at every level."""
    places = [row.level for row in rows]
    axes.bar(places, [row.measured.mean for row in rows], 0.78, color=MEDIUM)
    lows, highs = [row.low for row in rows], [row.high for row in rows]
    axes.vlines(places, lows, highs, color=INK, lw=1.4)
    for row in rows:
        axes.annotate(
            f"{row.measured.mean:,.0f}",
            (row.level, row.high),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=7,
        )
    axes.set_xticks(places)
    axes.set(xlabel="level", ylabel="nodes")
    axes.set_title("nodes at each level")


def _children(axes: Axes, rows: Sequence[Row], power: float) -> None:
    """How many ways lead on, beside the power law that fits them best."""
    k = np.array([float(row.level) for row in rows])
    law = k**-power / (np.arange(2.0, LETTERS.size + 1) ** -power).sum()
    axes.plot(k, law, color=PALE, lw=1.2, ls="--", label=f"$k^{{-{power:.2f}}}$")
    _marks(axes, rows, MEDIUM, "o", "measured")
    axes.legend()
    axes.set(xscale="log", yscale="log", xlabel="children", ylabel="share of parting nodes")
    ticks = [k for k in (2, 3, 5, 10, 20) if k <= rows[-1].level]
    axes.set_xticks(ticks, [str(k) for k in ticks])
    axes.minorticks_off()
    axes.set_title("how many ways lead on from a node")


def _marks(axes: Axes, rows: Sequence[Row], ink: str, mark: str, label: str) -> None:
    """Means with their intervals, joined."""
    levels = [row.level for row in rows]
    means = [row.measured.mean for row in rows]
    axes.plot(levels, means, color=ink, marker=mark, ms=4.5, label=label)
    lows = [max(row.low, row.measured.mean / 10) for row in rows]  # on a logarithmic axis
    axes.vlines(levels, lows, [row.high for row in rows], color=INK, lw=1.2, zorder=3)
