"""Codes of concepts while a layer learns: R1, R3, R4, R5 and R7 of the noise-to-memory experiment.

Each has its control inside, and the published sentence with its verdict above; R2 and R6, of the
weights, are in ``concept_weights``.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.codes.overlap import overlap_z
from memlab.figures.doses import MARKS, Look, Rows, contrasted, curve, headed, or_not_finite
from memlab.figures.style import FLOOR, INK, SPARE, sheet, words
from memlab.metrics.codes import activity, bands, codes, inactive, kept
from memlab.metrics.ladder import at_rung, rungs
from memlab.metrics.measure import Measure
from memlab.report import Report
from memlab.session import Recall, Session

A, B, NEVER, OTHERS = "concept", "interferer", "never_shown", "others"
AXES = ("acquired", "interfered", "rested", "relearned")
SHOWN = 5  # doses of a heat map, at most
KINDS = {A: SPARE[0], NEVER: SPARE[1], OTHERS: SPARE[2], B: SPARE[3]}

NOTHING = "the medium shows no activity of units behind its answers"
BEFORE_B = "the run ended before B was met"


def emergence(session: Session, report: Report) -> Figure | Absent:
    """R1: the code of the concept's own token as it is acquired, and what is left of its start."""
    arms = contrasted(session)
    images = {arm: _course_of_code(session, arm) for arm in arms}
    drawn = {arm: image for arm, image in images.items() if image is not None}
    if not drawn:
        return Absent(NOTHING)
    title = headed(report, ["R1"], "R1: does a code emerge for the concept?")
    figure = sheet(2.7 * (len(drawn) + 2), 3.9, title)
    panels = figure.subplots(1, len(drawn) + 2)
    for axes, (arm, image) in zip(panels, drawn.items(), strict=False):
        axes.imshow(image, aspect="auto", cmap="viridis", interpolation="nearest")
        doses = [recall.at["acquired"] for recall in _doses(session, arm)]
        axes.set_yticks(range(len(doses)), [f"{dose:g}" for dose in doses])
        axes.set(title=f"{words(arm)}, replicate 0", xlabel="unit", ylabel="presentations")
    _of_the_token(panels[-2:], session, arms)
    handles, labels = panels[-2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=3)
    return figure


def silence(session: Session, report: Report, *, winners: int | None = None) -> Figure | Absent:
    """R3: the share of silent units, which the number of winners fixes before anything is shown."""
    arms = contrasted(session)
    first = activity(session, "taught", "acquired", "first")
    if isinstance(first, Absent):
        return first
    figure = sheet(6.4, 3.9, headed(report, ["R3"], "R3: does sparsity tell of learning?"))
    axes = figure.subplots()
    for nth, (arm, ink) in enumerate(zip(arms, SPARE, strict=False)):
        of, look = partial(inactive, arm=arm, axis="acquired"), Look(words(arm), ink, MARKS[nth])
        curve(axes, session, of, look, arm=arm)
    k, units = _winners(session, winners), first.shape[-1]
    level = 1 - k / units
    axes.axhline(level, color=INK, ls="--", lw=1, label=f"1 - k/H = 1 - {k}/{units} = {level:.4f}")
    axes.set(xlabel="presentations", ylabel="share of silent units", ylim=(level - 0.1, 1.005))
    axes.legend(loc="lower right")
    return figure


def overlap(session: Session, report: Report, *, winners: int | None = None) -> Figure | Absent:
    """R4: units that the codes of both concepts share after B, over chance, beside other pairs."""
    pairs = {arm: _shared(session, arm) for arm in contrasted(session, None)}
    drawn = {arm: found for arm, found in pairs.items() if found is not None}
    if not drawn:
        return Absent(NOTHING if rungs(session, "interfered") else BEFORE_B)
    title = headed(report, ["R4", "R4_capacity"], "R4: are the two concepts kept apart?")
    figure = sheet(max(6.4, 1.6 * len(drawn)), 4.3, title)
    axes, k = figure.subplots(), _winners(session, winners)
    for place, (shared, others, z, units) in enumerate(drawn.values()):
        _dots(axes, place - 0.15, shared, KINDS[A], "Zypher and Zyphrex" if not place else "")
        _dots(axes, place + 0.15, others, KINDS[OTHERS], "noise tokens" if not place else "")
        axes.plot([place - 0.4, place + 0.4], [k * k / units] * 2, color=INK, ls="--", lw=1)
        told = f"H = {units}\n" + (f"z = {z:.1f}" if np.isfinite(z) else "not finite")
        axes.text(place, 1.0, told, ha="center", transform=axes.get_xaxis_transform(), fontsize=8)
    axes.plot([], [], color=INK, ls="--", lw=1, label=f"chance, k²/H with k = {k}")
    axes.set_xticks(range(len(drawn)), [words(arm) for arm in drawn])
    axes.set(ylabel="units shared after B", ylim=(-0.2, max(k, axes.get_ylim()[1]) + 0.2))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def persistence(session: Session, report: Report) -> Figure | Absent:
    """R5: what is left of a code and of an attribute, against the dose of B or of rest."""
    if isinstance(activity(session, "taught", "acquired", "last"), Absent):
        return Absent(NOTHING)
    every = ["taught", "idle", *contrasted(session, None)[1:]]
    arms = [arm for arm in every if rungs(session, "interfered", arm=arm)]
    if not arms:
        return Absent(BEFORE_B)
    title = headed(report, ["R5"], "R5: does the code of the concept last?")
    figure = sheet(max(2.0 * len(arms) + 0.6, 5.0), 5.4, title)
    panels = figure.subplots(2, len(arms), sharey="row", sharex="col", squeeze=False)
    for (upper, lower), arm in zip(panels.T, arms, strict=True):
        for nth, group in enumerate((A, NEVER, OTHERS)):
            look = Look(words(group), KINDS[group], MARKS[nth], aside=nth - 1)
            left = partial(_left, arm=arm, group=group)
            curve(upper, session, left, look, arm=arm, axis="interfered")
            told = partial(_told, arm=arm, axis="interfered", group=group)
            curve(lower, session, told, look, arm=arm, axis="interfered")
        lower.axhline(_chance(session), color=FLOOR, lw=0.9)
        upper.set_ylim(-0.03, 1.05)
        upper.set_title(words(arm), fontsize=8)
        resting = "rest, in presentations" if arm == "idle" else "presentations of B"
        lower.set(xlabel=resting, ylim=(-0.03, 1.05))
        or_not_finite(upper)
    panels[0, 0].set_ylabel("Jaccard with the code after A")
    panels[1, 0].set_ylabel("attribute told, probability")
    handles, labels = panels[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def learning(session: Session, report: Report) -> Figure | Absent:
    """R7: how surely the attribute of either concept is told, in all phases, a line per arm."""
    arms = ["taught", "idle", "naive", *contrasted(session)[1:]]
    if not any(rungs(session, axis, arm=arm) for arm in arms for axis in AXES):
        return Absent("the run was asked nothing on the axes of concepts")
    figure = sheet(9.6, 5.4, headed(report, ["R7"], "R7: what is told of both concepts"))
    panels = figure.subplots(2, len(AXES), sharey=True, sharex="col")
    for row, group in zip(panels, (A, B), strict=True):
        for axes, axis in zip(row, AXES, strict=True):
            for nth, (arm, ink) in enumerate(zip(arms, SPARE, strict=False)):
                metric = partial(_told, arm=arm, axis=axis, group=group)
                look = Look(words(arm), ink, MARKS[nth % len(MARKS)], aside=nth - 2)
                curve(axes, session, metric, look, arm=arm, axis=axis)
            axes.axhline(_chance(session), color=FLOOR, lw=0.9)
            axes.set(ylim=(-0.03, 1.05))
        row[0].set_ylabel(f"{words(group)}: told, probability")
    for axes, axis in zip(panels[0], AXES, strict=True):
        axes.set_title(axis)
    for axes in panels[1]:
        axes.set_xlabel("presentations")
    found = {h[1]: h[0] for p in panels.flat for h in _handles(p)}
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=5)
    return figure


def _handles(axes: Axes) -> list[tuple[Artist, str]]:
    return [*zip(*axes.get_legend_handles_labels(), strict=True)]


def _of_the_token(panels: Sequence[Axes], session: Session, arms: Sequence[str]) -> None:
    """How many units carry the concept's activity, and what is left of the code it began with."""
    for nth, (arm, ink) in enumerate(zip(arms, SPARE, strict=False)):
        look = Look(words(arm), ink, MARKS[nth], aside=nth)
        carried = partial(bands, arm=arm, axis="acquired", group=A)
        curve(panels[0], session, carried, look, arm=arm)
        curve(panels[1], session, partial(_of_start, arm=arm), look, arm=arm)
    panels[0].set(xlabel="presentations", ylabel="units that carry the concept")
    panels[1].set(xlabel="presentations", ylabel="Jaccard with its code before", ylim=(-0.03, 1.05))
    for axes in panels:
        or_not_finite(axes)
    panels[0].set_ylim(bottom=0, top=max(1.0, 1.15 * panels[0].get_ylim()[1]))


def _doses(session: Session, arm: str) -> list[Recall]:
    found = rungs(session, "acquired", arm=arm)
    return found if len(found) <= SHOWN else [*found[: SHOWN - 1], found[-1]]


def _course_of_code(session: Session, arm: str) -> Rows | None:
    """The activity of the concept in replicate 0, a row per dose, each scaled to its largest."""
    rows: list[Rows] = []
    for recall in _doses(session, arm):
        found = activity(session, arm, "acquired", recall.at["acquired"], A)
        if isinstance(found, Absent):
            return None
        row = found[0, 0].double().nan_to_num(0.0, posinf=0.0, neginf=0.0).abs()
        rows.append((row / row.max().clamp(min=1e-300)).numpy())
    return np.stack(rows) if rows else None


def _of_start(session: Session, *, arm: str, x: float) -> Measure:
    return kept(session, arm=arm, before=("acquired", "first"), after=("acquired", x), group=A)


def _left(session: Session, *, arm: str, group: str, x: float) -> Measure:
    return kept(session, arm=arm, before=("acquired", "last"), after=("interfered", x), group=group)


def _told(session: Session, *, arm: str, axis: str, group: str, x: float) -> Measure:
    return at_rung(session, axis=axis, x=x, measure="probability", arm=arm, group=group)


def _winners(session: Session, winners: int | None) -> int:
    """How many win: what the layer was made with, or else what most tokens have at the start."""
    found = codes(session, "taught", "acquired", "first")
    if winners is not None or isinstance(found, Absent):
        return winners or 0
    return int(found.sum(-1).flatten().mode().values)


def _shared(session: Session, arm: str) -> tuple[Rows, Rows, float, int] | None:
    """Units shared by both concepts ``(R)`` and by pairs of noise, the mean z, and all units.

    Replicates in which one of the two has no active unit are left out.
    """
    a, b, noise = (codes(session, arm, "interfered", "last", one) for one in (A, B, OTHERS))
    if isinstance(a, Absent) or isinstance(b, Absent) or isinstance(noise, Absent):
        return None
    a, b = a[:, 0], b[:, 0]
    alive = a.any(-1) & b.any(-1)
    a, b, noise = a[alive], b[alive], noise[alive].double()
    both, count = noise @ noise.mT, noise.shape[1]
    own = both.diagonal(dim1=1, dim2=2).sum(1)
    others = ((both.sum((1, 2)) - own) / (count * (count - 1))).numpy()
    z = float(overlap_z(a, b).nanmean())
    return (a & b).sum(-1).double().numpy(), others, z, noise.shape[-1]


def _dots(axes: Axes, place: float, values: Rows, ink: str, label: str) -> None:
    sideways = np.linspace(-0.1, 0.1, len(values)) if len(values) > 1 else np.zeros(len(values))
    axes.plot(place + sideways, values, ".", color=ink, ms=4, alpha=0.6)
    mean = [float(values.mean())] * 2 if len(values) else [np.nan] * 2
    axes.plot([place - 0.12, place + 0.12], mean, color=ink, lw=2, label=label or None)


def _chance(session: Session) -> float:
    return 1 / (session.space.symbols or 2)
