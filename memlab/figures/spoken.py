"""Strings that a medium completes, and those that it makes up."""

from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from memlab.absent import Absent
from memlab.figures.ladders import best_floor
from memlab.figures.style import BAD, CEILING, GOOD, INK, MEDIUM, PALE, bare, sheet, words
from memlab.metrics.forecasts import contents, rowwise
from memlab.metrics.ladder import Ladder, ladder
from memlab.metrics.samples import new, spoken, whole
from memlab.report import Report
from memlab.session import Samples, Session
from memlab.space import Space
from memlab.statistics import band

MOST = 120  # samples that a page shows
LONGEST = 48  # letters of one
CHARACTER, LINE = 0.085, 0.19  # inches
WIDTH = 9.0  # inches of a page, about
INKS = {"heard before": PALE, "new": INK, "new, and held out": GOOD, "no string": BAD}
PARTS = {"train": (MEDIUM, "presented"), "test": ("#d55e00", "held out")}


def completion(
    session: Session, _: Report, *, measures: tuple[str, ...] = ("exact", "accuracy")
) -> Figure | Absent:
    """How well strings are completed, against how much of them is given, beside the best floor."""
    found = {
        m: {g: ladder(session, axis="prefix", measure=m, group=g) for g in PARTS} for m in measures
    }
    if not any(isinstance(one, Ladder) for each in found.values() for one in each.values()):
        return Absent("nothing was completed in this run")
    figure = sheet(4.3 * len(measures) + 0.4, 3.9, "Strings completed from how they begin")
    panels = figure.subplots(1, len(measures), squeeze=False)[0]
    for axes, (measure, curves) in zip(panels, found.items(), strict=True):
        for group, curve in curves.items():
            _curve(axes, session, curve, measure, group)
        whole_strings = measure == "exact"
        label = "share completed without a fault" if whole_strings else words(measure)
        axes.set(xlabel="symbols given", ylabel=label, ylim=(-0.03, 1.03))
        axes.xaxis.get_major_locator().set_params(integer=True)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _curve(axes: Axes, session: Session, curve: Ladder | Absent, measure: str, group: str) -> None:
    """One group: the medium, its best floor, the nearest string."""
    if isinstance(curve, Absent):
        return
    (ink, name), values = PARTS[group], curve.values.double()
    score = partial(_scored, session, measure, group)
    if len(values) > 1:
        axes.fill_between(curve.x, *band(values), color=ink, alpha=0.2, lw=0)
    axes.plot(curve.x, values.mean(0).numpy(), "o-", color=ink, ms=4.5, label=name)
    floor = best_floor(session, score)
    if floor is not None:
        label = f"{name}: best floor ({floor.names})"
        axes.plot(floor.x, floor.means, "--", color=ink, lw=1, alpha=0.8, label=label)
    nearest = score("nearest")
    if isinstance(nearest, Ladder):
        mean, label = nearest.values.double().mean(0).numpy(), f"{name}: nearest"
        axes.plot(nearest.x, mean, ":", color=CEILING if group == "train" else ink, label=label)


def _scored(session: Session, measure: str, group: str, control: str | None) -> Ladder | Absent:
    return ladder(session, axis="prefix", measure=measure, group=group, control=control)


def samples_page(session: Session, _: Report, *, arm: str, phase: str = "speak") -> Figure | Absent:
    """What the first replicate said, told apart by whether it was presented, held out, or new."""
    found = spoken(session, arm, phase)
    if isinstance(found, Absent):
        return found
    kinds = _kinds(session, found)
    lines = [_written(session.space, values) for values in found.values[0, :MOST]]
    longest = max(len(line) for line in lines)
    columns = max(1, min(len(lines), int(WIDTH / (CHARACTER * (longest + 2)))))
    rows = -(-len(lines) // columns)
    width, height = max(6.0, columns * CHARACTER * (longest + 2)), rows * LINE
    figure = sheet(width, height + 1.0, "Strings that the medium makes up (first replicate)")
    axes = figure.subplots()
    bare(axes)
    for place, (line, kind) in enumerate(zip(lines, kinds, strict=False)):
        x, y = place // rows / columns, 1 - (place % rows + 0.5) / rows
        text = axes.text(x, y, line, family="monospace", fontsize=8.5, va="center")
        text.set_color(INKS[kind])
    _meanings(axes, kinds)
    return figure


def _kinds(session: Session, found: Samples) -> list[str]:
    """What each sample of the first replicate is."""
    first = session.patterns[0].flatten(1)
    held_out = contents(first[list(session.groups.get("test", ()))])
    rows = rowwise(found.values[0].flatten(1))
    valid, fresh = whole(session, found)[0].tolist(), new(session, found)[0].tolist()
    kinds = []
    for row, is_valid, is_new in zip(rows, valid, fresh, strict=True):
        told = "new, and held out" if row in held_out else "new"
        kinds.append((told if is_new else "heard before") if is_valid else "no string")
    return kinds


def _written(space: Space, values: Tensor) -> str:
    """A pattern as letters, up to its end; without letters as numbers."""
    flat = values.flatten()
    if not space.ends:
        line = " ".join(str(int(symbol)) for symbol in flat)
    else:
        ended = (flat == 0).nonzero()
        count = int(ended[0]) if len(ended) else len(flat)
        line = ("" if space.alphabet else " ").join(space.spelled(flat[:count]))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _meanings(axes: Axes, kinds: list[str]) -> None:
    """What the colours mean, with shares."""
    told = {kind: kinds.count(kind) for kind in INKS if kind in kinds}
    for kind, count in told.items():
        axes.plot([], [], "s", color=INKS[kind], label=f"{kind}: {count} of {len(kinds)}")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(told), borderaxespad=0)
