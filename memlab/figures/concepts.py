"""Codes of concepts while a layer learns: R1, R3, R4, R5 and R7 of the noise-to-memory experiment.

Each has its control inside; R2 and R6, of the weights, are in ``concept_weights``.
"""

from functools import partial

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.codes.overlap import overlap_by_chance, overlap_z
from memlab.figures.doses import Look, Rows, contrasted, curve
from memlab.figures.style import FLOOR, INK, SPARE, sheet, words
from memlab.metrics.codes import activity, bands, codes, inactive, kept
from memlab.metrics.ladder import at_rung, rungs
from memlab.metrics.measure import Measure
from memlab.report import Report
from memlab.session import Recall, Session
from memlab.statistics import estimate

A, B, NEVER, OTHERS = "concept", "interferer", "never_shown", "others"
AXES = ("acquired", "interfered", "rested", "relearned")
SHOWN = 5  # doses of a heat map, at most
KINDS = {A: SPARE[0], NEVER: SPARE[1], OTHERS: SPARE[2], B: SPARE[3]}

NOTHING = "the medium shows no activity of units behind its answers"


def emergence(session: Session, _: Report) -> Figure | Absent:
    """R1: the code of the concept's own token as it is acquired, and how many units carry all."""
    arms = contrasted(session)
    images = {arm: _course_of_code(session, arm) for arm in arms}
    drawn = {arm: image for arm, image in images.items() if image is not None}
    if not drawn:
        return Absent(NOTHING)
    figure = sheet(3.0 * (len(drawn) + 1), 3.3, "R1: does a code emerge for the concept?")
    panels = figure.subplots(1, len(drawn) + 1)
    for axes, (arm, image) in zip(panels, drawn.items(), strict=False):
        axes.imshow(image, aspect="auto", cmap="viridis", interpolation="nearest")
        doses = [recall.at["acquired"] for recall in _doses(session, arm)]
        axes.set_yticks(range(len(doses)), [f"{dose:g}" for dose in doses])
        axes.set(title=words(arm), xlabel="unit", ylabel="presentations")
    for arm, ink in zip(arms, SPARE, strict=False):
        of, look = partial(bands, arm=arm, axis="acquired"), Look(words(arm), ink)
        curve(panels[-1], session, of, look, arm=arm)
    panels[-1].set(xlabel="presentations", ylabel="units that carry the mean", title="of all items")
    panels[-1].set_ylim(bottom=0)
    panels[-1].legend()
    return figure


def silence(session: Session, _: Report) -> Figure | Absent:
    """R3: the share of silent units, which the number of winners fixes before anything is shown."""
    arms = contrasted(session)
    first = inactive(session, arm="taught", axis="acquired", x="first")
    if isinstance(first, Absent):
        return first
    figure = sheet(5.2, 3.6, "R3: does sparsity tell of learning?")
    axes = figure.subplots()
    for arm, ink in zip(arms, SPARE, strict=False):
        of = partial(inactive, arm=arm, axis="acquired")
        curve(axes, session, of, Look(words(arm), ink), arm=arm)
    level = float(first.mean())
    axes.axhline(level, color=INK, ls="--", lw=1, label=f"{level:.4f}: 1 - k/H before any learning")
    axes.set(xlabel="presentations", ylabel="share of silent units", ylim=(level - 0.1, 1.005))
    axes.legend(loc="lower right")
    return figure


def overlap(session: Session, _: Report) -> Figure | Absent:
    """R4: units that the codes of both concepts share after B, over chance, beside other pairs."""
    arms = contrasted(session)
    pairs = {arm: _shared(session, arm) for arm in arms}
    drawn = {arm: found for arm, found in pairs.items() if found is not None}
    if not drawn:
        return Absent(NOTHING)
    figure = sheet(6.4, 3.6, "R4: are the two concepts kept apart?")
    axes = figure.subplots()
    for k, (shared, others, chance, z) in enumerate(drawn.values()):
        _dots(axes, k - 0.15, shared, KINDS[A], "Zypher and Zyphrex" if not k else "")
        _dots(axes, k + 0.15, others, KINDS[OTHERS], "pairs of noise tokens" if not k else "")
        axes.plot([k - 0.4, k + 0.4], [chance] * 2, color=INK, ls="--", lw=1)
        axes.text(k, 1.0, f"z = {z:.1f}", ha="center", transform=axes.get_xaxis_transform())
    axes.plot([], [], color=INK, ls="--", lw=1, label="chance, k²/H")
    axes.set_xticks(range(len(drawn)), [words(arm) for arm in drawn])
    axes.set(ylabel="units shared after B", ylim=(-0.2, None))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def persistence(session: Session, _: Report) -> Figure | Absent:
    """R5: how much of a code is left against the dose of B: the concept, never shown, noise."""
    arms = ["taught", "idle", *contrasted(session)[1:]]
    if isinstance(activity(session, "taught", "acquired", "last"), Absent):
        return Absent(NOTHING)
    figure = sheet(2.5 * len(arms) + 0.6, 3.5, "R5: does the code of the concept last?")
    panels = figure.subplots(1, len(arms), sharey=True)
    for axes, arm in zip(panels, arms, strict=True):
        for group in (A, NEVER, OTHERS):
            of, look = partial(_left, arm=arm, group=group), Look(words(group), KINDS[group])
            curve(axes, session, of, look, arm=arm, axis="interfered")
        axes.set(title=words(arm), xlabel="presentations of B", ylim=(-0.03, 1.05))
    panels[1].set_xlabel("rest, in presentations")
    panels[0].set_ylabel("Jaccard with the code after A")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def learning(session: Session, _: Report) -> Figure | Absent:
    """R7: which attribute is told, of both concepts, through all phases and in all arms."""
    arms = [arm for arm in ("taught", "idle", "naive") if rungs(session, "interfered", arm=arm)]
    if not arms:
        return Absent("no recall on the axis 'interfered'")
    figure = sheet(9.2, 3.5, "R7: what is told of both concepts")
    panels = figure.subplots(1, len(AXES), sharey=True)
    for axes, axis in zip(panels, AXES, strict=True):
        for arm, style in zip(arms, ("-", "--", ":"), strict=False):
            for group in (A, B):
                metric = partial(at_rung, measure="accuracy", arm=arm, axis=axis, group=group)
                look = Look(f"{words(group)}, {arm}", KINDS[group], style)
                curve(axes, session, metric, look, arm=arm, axis=axis)
        axes.axhline(_chance(session), color=FLOOR, lw=0.9)
        axes.set(title=axis, xlabel="presentations", ylim=(-0.03, 1.05))
    panels[0].set_ylabel("attribute told right")
    panels[-1].text(1, _chance(session) + 0.02, "chance", color=FLOOR, fontsize=7)
    found = {h[1]: h[0] for p in panels for h in zip(*p.get_legend_handles_labels(), strict=True)}
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=3)
    return figure


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


def _left(session: Session, *, arm: str, group: str, x: float) -> Measure:
    return kept(session, arm=arm, before=("acquired", "last"), after=("interfered", x), group=group)


def _shared(session: Session, arm: str) -> tuple[Rows, Rows, float, float] | None:
    """Units shared by both concepts ``(R,)`` and by pairs of noise, chance, and the mean z."""
    a, b, noise = (codes(session, arm, "interfered", "last", one) for one in (A, B, OTHERS))
    if isinstance(a, Absent) or isinstance(b, Absent) or isinstance(noise, Absent):
        return None
    a, b = a[:, 0], b[:, 0]
    ours = (a & b).sum(-1).double().numpy()
    both = noise.double() @ noise.double().mT
    count = both.shape[1]
    own = both.diagonal(dim1=1, dim2=2).sum(1)
    others = ((both.sum((1, 2)) - own) / (count * (count - 1))).numpy()
    size = int(a.sum(-1).double().mean().round())
    z = overlap_z(a, b).nanmean()
    return ours, others, overlap_by_chance(a.shape[-1], size, size), float(z)


def _dots(axes: Axes, place: float, values: Rows, ink: str, label: str) -> None:
    own = estimate(torch.from_numpy(values))
    sideways = np.linspace(-0.1, 0.1, len(values)) if len(values) > 1 else np.zeros(1)
    axes.plot(place + sideways, values, ".", color=ink, ms=4, alpha=0.6)
    axes.plot([place - 0.12, place + 0.12], [own.mean] * 2, color=ink, lw=2, label=label or None)


def _chance(session: Session) -> float:
    return 1 / max((session.space.symbols or 2) - 3, 1)
