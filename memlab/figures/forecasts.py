"""How a language was learned in one pass, and how well it is foretold: beside n-grams."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.figures.style import FLOOR, INK, MEDIUM, PALE, SPARE, apart, colour, sheet, words
from memlab.metrics.forecasts import GIVEN, Pass, forecast, loss, loss_by_items, passed, prequential
from memlab.metrics.ladder import Ladder
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import Estimate, Floats, band, estimate

STRETCHES = 32  # of a pass, each longer than the one before by the same factor
SHORTEST = 10  # strings of the first
LOSS = "nats per symbol"


def learning_curve(session: Session, _: Report) -> Figure | Absent:
    """The surprise of each item before it was learned, along the pass; what each order costs."""
    arms = list(dict.fromkeys(arm for one in session.exposures for arm in one.arms))
    found = {arm: passed(session, arm) for arm in arms}
    curves = {arm: stretches(one) for arm, one in found.items() if isinstance(one, Pass)}
    if not curves:
        return Absent("nothing was studied in this run")
    if not any(bool(values.isfinite().any()) for _, values in curves.values()):
        return Absent("strings of every stretch were held to be impossible")
    figure = sheet(9.6, 3.9, "One pass: how surprising each string is before it is learned")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    for arm, (x, values) in curves.items():
        ink = colour(arm, list(curves))
        if len(values) > 1:
            left.fill_between(x, *band(values), color=ink, alpha=0.18, lw=0)
        left.plot(x, values.mean(0).numpy(), color=ink, lw=1.5)
    left.set_xscale("log")
    left.set(xlabel="strings presented, each before it is learned", ylabel=LOSS)
    left.grid(axis="y", color="#e6e6e6", lw=0.7)
    _costs(right, session, list(curves))
    return figure


def stretches(one: Pass) -> tuple[Floats, torch.Tensor]:
    """The loss of a pass in stretches of growing length: their middles, ``(R, S)`` losses.

    NaN where a string was held to be impossible in any replicate.
    """
    count = one.nats.shape[1]
    growing = np.geomspace(min(SHORTEST, count), count, STRETCHES).round().astype(int)
    edges = np.unique([0, *growing])
    nats, symbols = (
        torch.stack([x[:, a:b].sum(1) for a, b in pairwise(edges)], 1)
        for x in (one.nats, one.symbols)
    )
    each = torch.where(nats.isfinite().all(0), nats / symbols, torch.nan)
    return np.sqrt((edges[:-1] + 1.0) * edges[1:]), each


def _costs(axes: Axes, session: Session, arms: Sequence[str]) -> None:
    """By how much each order costs more than the given one: the whole pass, and the test after it.

    Paired over replicates, which differ from each other far more than orders do.
    """
    base = GIVEN if GIVEN in arms else arms[0]
    pass_of = {arm: prequential(session, arm=arm) for arm in arms}
    test_of = {arm: loss(session, arm=arm) for arm in arms}
    for name, costs, aside, dot, face in (
        ("the whole pass", pass_of, 0.12, "o", None),
        ("held out, after it", test_of, -0.12, "D", "white"),
    ):
        known = costs[base]
        if isinstance(known, Absent):
            continue
        for place, arm in enumerate(reversed(arms)):
            value, ink = costs[arm], colour(arm, arms)
            if isinstance(value, Absent):
                continue
            shown = estimate(value - known)
            _interval(axes, place + aside, shown, ink)
            axes.plot(shown.mean, place + aside, dot, ms=6, color=ink, mfc=face or ink, zorder=4)
        label = f"{name}: {float(known.mean()):.3f} in the order {words(base)}"
        axes.plot([], [], dot, ms=6, color=INK, mfc=face or INK, label=label)
    axes.axvline(0, color=INK, lw=0.9, zorder=0)
    axes.locator_params(axis="x", nbins=4)
    axes.set_yticks(range(len(arms)), [words(arm) for arm in reversed(arms)])
    for label_of, arm in zip(axes.get_yticklabels(), reversed(arms), strict=True):
        label_of.set(color=colour(arm, arms), fontweight="bold")
    axes.set(xlabel=f"{LOSS} more than in the order {words(base)}", ylim=(-0.6, len(arms) - 0.4))
    axes.grid(axis="x", color="#e6e6e6", lw=0.7)
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)


def loss_bars(session: Session, _: Report, *, arm: str, phase: str = "ask") -> Figure | Absent:
    """The loss of the medium on what was held out, among those of all floors."""
    own = loss(session, arm=arm, phase=phase)
    if isinstance(own, Absent):
        return own
    floors = {n: loss(session, arm=arm, phase=phase, control=n) for n in session.floors}
    found = {"the medium": own, **floors}
    shown = {n: estimate(x) for n, x in found.items() if not isinstance(x, Absent)}
    order = sorted(shown, key=lambda name: -shown[name].mean)
    figure = sheet(6.8, 0.3 * len(order) + 1.2, "Strings that were held out, foretold")
    axes = figure.subplots()
    for place, name in enumerate(order):
        ink = MEDIUM if name == "the medium" else FLOOR
        axes.barh(place, shown[name].mean, color=ink, height=0.72, alpha=0.85)
        _interval(axes, place, shown[name], INK)
        edge = max(shown[name].mean, shown[name].high or 0)
        axes.text(edge, place, f" {shown[name].mean:.3f}", va="center", fontsize=8)
    axes.set_yticks(range(len(order)), [words(name) for name in order])
    axes.get_yticklabels()[order.index("the medium")].set_fontweight("bold")
    axes.axvline(shown["the medium"].mean, color=MEDIUM, lw=1, ls=":", zorder=0)
    axes.set(xlabel=f"{LOSS}, 95 % interval; less is better")
    axes.set_xlim(0, 1.12 * axes.get_xlim()[1])
    return figure


def reliability_diagram(
    session: Session, _: Report, *, arm: str, phase: str = "ask"
) -> Figure | Absent:
    """How often a symbol came, against the chance it was given; below, how many such there are."""
    found = forecast(session, arm, phase)
    if isinstance(found, Absent):
        return found
    chances, came, count = found.reliability.double().unbind(1)  # (R, bins)
    there = (count.sum(0) > 0) & (came.sum(0) > 0)
    figure = sheet(4.8, 5.2, "Does what is foretold come as often as foretold?")
    axes, below = figure.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    said = (chances.sum(0) / count.sum(0).clamp(min=1))[there].numpy()
    often = (came / count)[:, there]  # NaN where a replicate gave no such chance
    mean = (came.sum(0) / count.sum(0))[there].numpy()
    lowest = min([*said[said > 0].tolist(), *mean.tolist()]) / 1.5
    said = said.clip(lowest)  # what had no chance, and came
    if len(often) > 1:
        low, high = band(often)
        axes.fill_between(said, low.clip(lowest), high, color=MEDIUM, alpha=0.2, lw=0)
    axes.plot(said, mean, "o-", color=MEDIUM, ms=4.5)
    axes.plot([lowest, 1], [lowest, 1], color=INK, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlim=(lowest, 1.15), ylim=(lowest, 1.15))
    axes.set_ylabel("how often it came")
    share = (count.sum(0) / count.sum())[there].numpy()
    below.vlines(said, 0, share, color=FLOOR, lw=5)
    below.set(ylabel="share", ylim=(0, None), xlabel="chance that a symbol was given")
    axes.text(0.03, 0.95, "too seldom foretold", transform=axes.transAxes, fontsize=8, color=PALE)
    text = axes.text(0.97, 0.04, "too often foretold", transform=axes.transAxes, fontsize=8)
    text.set(color=PALE, ha="right")
    return figure


def loss_against_items(session: Session, _: Report, *, arm: str) -> Figure | Absent:
    """The loss on what was held out after ever more strings, beside n-grams of the same strings."""
    own = loss_by_items(session, arm=arm)
    if isinstance(own, Absent):
        return own
    if len(own.x) < 2:
        return Absent("what was held out was foretold once; protocol.asked=[100, 300] asks before")
    figure = sheet(6.4, 4.0, "How soon strings that were held out are foretold")
    axes = figure.subplots()
    floors = {n: loss_by_items(session, arm=arm, control=n) for n in session.floors}
    shown = {n: one for n, one in floors.items() if isinstance(one, Ladder)}
    _floors(axes, shown)
    values = own.values.double()
    if len(values) > 1:
        axes.fill_between(own.x, *band(values), color=MEDIUM, alpha=0.2, lw=0)
    mean = values.mean(0).numpy()
    axes.plot(own.x, mean, "o-", color=MEDIUM, lw=2.2, ms=5, zorder=5, clip_on=False)
    axes.set_xscale("log")
    axes.set(xlabel="strings presented", ylabel=LOSS, xlim=(own.x[0] * 0.9, own.x[-1] * 1.02))
    _name_ends(axes, {"the medium": own, **shown})
    return figure


def _floors(axes: Axes, shown: Mapping[str, Ladder]) -> None:
    """n-grams in a colour each, everything else in grey."""
    for name, one in shown.items():
        dashes = "-" if name.endswith("gram") else "--"
        mean = one.values.mean(0).numpy()
        axes.plot(one.x, mean, color=_ink(name, list(shown)), lw=1.1, ls=dashes)


def _ink(name: str, floors: Sequence[str]) -> str:
    """The colour of a line."""
    grams = [floor for floor in floors if floor.endswith("gram")]
    if name == "the medium":
        return MEDIUM
    return SPARE[1:][grams.index(name) % (len(SPARE) - 1)] if name in grams else PALE


def _name_ends(axes: Axes, lines: Mapping[str, Ladder]) -> None:
    """Each line's name and last value beside its end, bent aside where they are too near."""
    ends = [float(one.values.mean(0)[-1]) for one in lines.values()]
    low, high = axes.get_ylim()
    heights = apart(ends, 0.05 * (high - low))
    edge = axes.get_yaxis_transform()
    for name, end, height in zip(lines, ends, heights, strict=True):
        ink = _ink(name, list(lines))
        bent = [end, end, height]
        axes.plot([1, 1.01, 1.04], bent, transform=edge, color=ink, lw=0.8, clip_on=False)
        text = axes.text(1.05, height, f"{words(name)} {end:.2f}", transform=edge, va="center")
        text.set(fontsize=7.5, color=ink, fontweight="bold" if ink == MEDIUM else "normal")
    axes.set_ylim(min(low, *heights), max(high, *heights))


def _interval(axes: Axes, place: float, value: Estimate, ink: str) -> None:
    if value.low is not None and value.high is not None:
        axes.plot([value.low, value.high], [place, place], color=ink, lw=1.4, zorder=3)
