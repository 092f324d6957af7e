"""A plastic tree drawn: what was potentiated, what a query activates, and how names grow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, final

import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, PowerNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.path import Path as Curve
from matplotlib.text import Text
from numpy.typing import NDArray

from memlab.figures import style
from memlab.figures.tidy import BEND, FIRST, Tidy, tidy
from memlab.text.plastic_tree import PlasticTree

Floats: TypeAlias = NDArray[np.float64]

MOST = 250  # ends of a tree that is drawn
SIZE, ADVANCE = 8.5, 0.602  # points of letters, and how wide each is in units of that
LETTER, LINE = 2 * ADVANCE * SIZE / 72, 0.2  # inches, of a letter and a gap, and of a line
POINTS = 72 * LINE  # of a line
WIDEST, THINNEST = 8.0, 1.0  # points of an edge
NARROWEST, LOWEST, HEAD, BESIDE, BARS = (
    4.2,
    4.2,
    0.4,
    2.2,
    1.8,
)  # inches of sheet, title, and what is beside
NAME = 0.55  # letters' widths that a letter of a whole string takes beside its end
MONO: dict[str, Any] = {"family": "monospace", "fontsize": SIZE}
ALIVE, QUIET = "#86aed0", "#d6dce2"  # edges that are there, and that a query leaves at rest
NAMED = "#666666"
POTENTIATED = "width of an edge: potentiation, the root of how many strings went through it"
NEXT = 12  # symbols that are shown of those that may come next
END = "end"  # how the end of a string is named among them
PER_SECOND = 4
HELD = 6  # frames for which the whole tree stands at the end
WARMTH: Colormap = LinearSegmentedColormap.from_list(
    "warmth", ["#f9dfa3", "#f0a030", "#d55e00", "#7a2200"]
)
SHOWN = PowerNorm(0.5, 0, 1)  # of chances as colours: what is unlikely can be told from none


@final
@dataclass(frozen=True)
class Look:
    """How every node and the edge to it are drawn."""

    count: Floats  # (N,) of strings that go through it; edges with none are not there
    ink: Sequence[str]  # (N,) of the edge and what ends at it
    letters: Sequence[str]  # (N,) of its letters


@final
class _Drawing:
    """A tree on its axes, whose look can be changed and whose layout cannot."""

    def __init__(self, axes: Axes, layout: Tidy) -> None:
        self.layout = layout
        self.edges = PathCollection(_curves(layout), facecolors="none", capstyle="round", zorder=1)
        axes.add_collection(self.edges)
        self.dots = axes.scatter(layout.x, layout.y, s=0, zorder=3)
        self.labels = _labels(axes, layout)
        self.names = _names(axes, layout)

    def show(self, look: Look) -> list[Artist]:
        """Draw it so; everything that can have changed."""
        layout, there = self.layout, look.count > 0
        wide = np.sqrt(look.count / layout.count[0]) * WIDEST
        self.edges.set_linewidth(np.where(there, np.maximum(wide, THINNEST), 0)[1:].tolist())
        self.edges.set_edgecolor([*look.ink[1:]])
        self.dots.set_sizes(np.where(there, _sizes(layout, look.count), 0))
        self.dots.set_facecolor([*look.ink])
        for node, text in (*self.labels, *self.names):
            text.set(color=look.letters[node], visible=bool(there[node]))
        for node, text in self.labels:
            text.set_y(layout.y[node] - (wide[node] / 2 + 2) / POINTS)
        return [self.edges, self.dots, *(text for _, text in (*self.labels, *self.names))]


def draw_tree(tree: PlasticTree, query: str | None = None) -> Figure:
    """The radix form of a tree from left to right, edges as wide as the root of their count.

    With a query, edges have the colour of the chance that a string which begins with it goes
    through them, and bars show what the tree expects next, learned or not.
    """
    layout = _laid(tree)
    told = f"{len(tree)} strings, {len(layout.parent)} nodes, {len(tree.levels())} levels"
    counts = np.array(layout.count)
    if query is None:
        figure, axes = _sheet(layout, told)
        _Drawing(axes, layout).show(_plain(counts))
        return figure
    figure, axes = _sheet(layout, told, BESIDE)
    chances = activation(tree, layout, query)
    _Drawing(axes, layout).show(Look(counts, *_warmed(chances)))
    _next(figure, tree, query)
    return figure


def film_of_growth(strings: Sequence[str], path: Path) -> Path:
    """Write how a tree grows string by string as GIF, or as MP4 where the path says so.

    Everything has its place from the beginning, and the string just learned a colour of its own.
    Returns the path written: MP4 needs ffmpeg.
    """
    whole = PlasticTree()
    whole.learn_many(strings)
    layout, growing = _laid(whole), PlasticTree()
    figure, axes = _sheet(layout, "")
    title = figure.texts[0]
    drawing = _Drawing(axes, layout)

    def show(at: int) -> list[Artist]:
        if at < len(strings):
            growing.learn(strings[at])
        latest = strings[at] if at < len(strings) else None
        nodes, levels = len(growing.twigs().labels), len(growing.levels())
        told = f"{len(growing)} strings, {nodes} nodes, {levels} levels"
        title.set_text(f"Plastic tree: {told}")
        return drawing.show(_lit(layout, through(layout, growing), latest))

    moving = path.suffix == ".mp4" and FFMpegWriter.isAvailable()
    target = path if moving else path.with_suffix(".gif")
    writer = FFMpegWriter(PER_SECOND) if moving else PillowWriter(PER_SECOND)
    film = FuncAnimation(figure, show, init_func=list, frames=len(strings) + HELD, blit=False)
    film.save(target, writer=writer, dpi=80)
    return target


def activation(tree: PlasticTree, layout: Tidy, query: str) -> Floats:
    """The chance that a string which begins with the query goes through each node, ``(N,)``."""
    found = np.zeros(len(layout.parent))
    found[0] = 1.0
    for n, (prefix, ends) in enumerate(zip(layout.prefix, layout.ends, strict=True)):
        if not prefix.startswith(query):
            found[n] = query.startswith(prefix) and not ends
        elif prefix:
            nats = tree.surprise(prefix)
            found[n] = np.exp(-nats[len(query) : len(prefix) + ends].sum())
    return found


def through(layout: Tidy, tree: PlasticTree) -> Floats:
    """How much of another tree goes through each node of a layout, ``(N,)``."""
    held = tree.strings()
    return np.array(
        [
            held.get(prefix, 0.0)
            if ends
            else sum(count for string, count in held.items() if string.startswith(prefix))
            for prefix, ends in zip(layout.prefix, layout.ends, strict=True)
        ]
    )


def _laid(tree: PlasticTree) -> Tidy:
    if not 1 <= len(tree) <= MOST:
        raise ValueError(f"a tree that is drawn must hold 1 to {MOST} strings, got {len(tree)}")
    return tidy(tree.twigs(), tree.alphabet)


def _sheet(layout: Tidy, told: str, beside: float = 0.0) -> tuple[Figure, Axes]:
    """A sheet on which letters and lines have their size, with so much room on the right."""
    wide, high = LETTER * _width(layout), LINE * (layout.leaves + 1)
    across, down = max(wide + beside + 0.2, NARROWEST), max(high + HEAD, LOWEST if beside else 0)
    figure = style.sheet(across, down, f"Plastic tree: {told}")
    figure.text(0.01, 1 - HEAD / down, POTENTIATED, fontsize=7, color=NAMED, va="center")
    figure.set_layout_engine("none")
    place = (0.1 / across, 1 - (high + HEAD) / down, wide / across, high / down)
    axes = figure.add_axes(place)
    axes.set(xlim=(-0.6, _width(layout) - 0.6), ylim=(layout.leaves, -1))
    style.bare(axes)
    return figure, axes


def _width(layout: Tidy) -> float:
    """Letters' widths from the start to the end of the longest name beside its end."""
    named = [
        x + NAME * (len(prefix) + 1)
        for x, prefix, ends in zip(layout.x, layout.prefix, layout.ends, strict=True)
        if ends
    ]
    return max(named) + 1.2


def _curves(layout: Tidy) -> list[Curve]:
    """The edge to each node but the first: a bend to its height, and straight on."""
    codes = [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4, Curve.LINETO]
    curves = []
    for n, above in enumerate(layout.parent[1:], 1):
        (x0, y0), (x1, y1) = ((layout.x[k], layout.y[k]) for k in (above, n))
        bend = x0 + (BEND if above else FIRST)
        middle = (x0 + bend) / 2
        ways = [(x0, y0), (middle, y0), (middle, y1), (bend, y1), (x1, y1)]
        curves.append(Curve(ways, codes))
    return curves


def _labels(axes: Axes, layout: Tidy) -> list[tuple[int, Text]]:
    """The letters on the edge to each node, spread to their cells."""
    return [
        (n, axes.text(x - len(label) + 0.25, y, style.words(" ".join(label)), **MONO))
        for n, (label, x, y) in enumerate(zip(layout.label, layout.x, layout.y, strict=True))
        if label
    ]


def _names(axes: Axes, layout: Tidy) -> list[tuple[int, Text]]:
    """The whole string beside each end, for readers."""
    return [
        (n, axes.text(layout.x[n] + 0.6, layout.y[n], style.words(prefix), va="center", fontsize=7))
        for n, prefix in enumerate(layout.prefix)
        if layout.ends[n]
    ]


def _sizes(layout: Tidy, count: Floats) -> Floats:
    """Dots where strings end, and smaller ones where they part."""
    below = np.bincount(layout.parent[1:], (count > 0)[1:], minlength=len(count))
    return np.where(layout.ends, 16.0, np.where(below > 1, 9.0, 0.0))


def _plain(count: Floats) -> Look:
    return Look(count, [ALIVE] * len(count), [style.INK] * len(count))


def _warmed(chances: Floats) -> tuple[list[str], list[str]]:
    """Inks of edges and of letters by their chance; what has none is at rest."""
    inks = [to_hex(WARMTH(SHOWN(chance))) if chance > 0 else QUIET for chance in chances]
    return inks, [style.INK if chance > 0 else style.PALE for chance in chances]


def _lit(layout: Tidy, count: Floats, latest: str | None) -> Look:
    """All that is there, and the way of the latest string in a colour of its own."""
    own = [
        latest is not None and (prefix == latest if ends else latest.startswith(prefix))
        for prefix, ends in zip(layout.prefix, layout.ends, strict=True)
    ]
    inks = [style.BAD if one else ALIVE for one in own]
    return Look(count, inks, [style.INK] * len(own))


def _next(figure: Figure, tree: PlasticTree, query: str) -> None:
    """Bars on the right: what the tree expects right after the query, the likeliest first."""
    across, down = figure.get_size_inches()
    high = 0.2 * NEXT
    place = ((across - BARS) / across, 1 - (high + HEAD + 0.55) / down, 1.5 / across, high / down)
    axes = figure.add_axes(place)
    told = sorted(tree.following(query).items(), key=lambda one: -one[1])[:NEXT]
    chances = [chance for _, chance in told]
    axes.barh(range(len(told)), chances, 0.72, color=[WARMTH(SHOWN(chance)) for chance in chances])
    axes.set_yticks(range(len(told)), [style.words(one) or END for one, _ in told])
    for line, chance in enumerate(chances):
        axes.text(chance, line, f" {chance:.2f}", va="center", fontsize=7, color=NAMED)
    axes.set(ylim=(NEXT - 0.4, -0.6), xlim=(0, 1.15 * max(chances)), xticks=[])
    axes.tick_params(axis="y", length=0)
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"what comes after “{style.words(query)}”:\nthe chance of each", fontsize=9)
    _scale(figure, place)


def _scale(figure: Figure, above: tuple[float, float, float, float]) -> None:
    """The colours of chances, under the bars."""
    x, y, wide, _ = above
    down = figure.get_size_inches()[1]
    axes = figure.add_axes((x, y - 0.45 / down, wide, 0.1 / down))
    bar = figure.colorbar(ScalarMappable(SHOWN, WARMTH), cax=axes, orientation="horizontal")
    bar.set_label("chance to go through, given the query", fontsize=7)
    bar.outline.set_visible(False)
    axes.set_xticks([0, 0.1, 0.3, 0.6, 1], ["0", "0.1", "0.3", "0.6", "1"], fontsize=7)
