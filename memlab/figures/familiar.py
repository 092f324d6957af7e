"""Old against new, by how familiar the answer to a cue is."""

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from memlab.absent import Absent
from memlab.figures.style import BAD, CEILING, FLOOR, MEDIUM, PALE, sheet, words
from memlab.metrics.recognition import auroc, familiarity
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import Floats, band, estimate

GRID = np.linspace(0, 1, 101)
SHOWN = ("mean", "cue", "wrong_cue", "nearest")  # controls whose curves are drawn


def roc(session: Session, _: Report, *, arm: str, phase: str) -> Figure | Absent:
    """Hits against false alarms at every criterion, with controls that remember no item."""
    figure = sheet(4.9, 4.6, "Recognition: hits against false alarms")
    axes = figure.subplots()
    for name in (None, *SHOWN):
        area = auroc(session, arm=arm, phase=phase, control=name)
        curves = _curves(session, arm, phase, name)
        if isinstance(area, Absent) or isinstance(curves, Absent):
            if name is None:
                return area if isinstance(area, Absent) else Absent("no curve")
            continue
        ink = MEDIUM if name is None else CEILING if name in session.ceilings else FLOOR
        label = f"{words(name or 'the medium')}: {estimate(area).mean:.3f}"
        style = "-" if name is None else (0, (SHOWN.index(name) + 1, 1.5))
        axes.plot(GRID, curves.mean(0).numpy(), color=ink, ls=style, label=label)
        if name is None and len(curves) > 1:
            axes.fill_between(GRID, *band(curves), color=ink, alpha=0.2, lw=0)
    axes.plot([0, 1], [0, 1], color=PALE, lw=0.8)
    axes.set(xlabel="false alarms (new called old)", ylabel="hits (old called old)")
    axes.set_aspect("equal")
    axes.legend(loc="lower right", title="AUROC", fontsize=7.5)
    return figure


def familiarity_histogram(session: Session, _: Report, *, arm: str, phase: str) -> Figure | Absent:
    """How familiar answers to old and to new cues are."""
    old = familiarity(session, arm=arm, phase=phase, group="old")
    new = familiarity(session, arm=arm, phase=phase, group="new")
    if isinstance(old, Absent):
        return old
    if isinstance(new, Absent):
        return new
    figure = sheet(5.2, 3.4, "Familiarity: how much of a cue comes back")
    axes = figure.subplots()
    ends = float(min(old.min(), new.min())), float(max(old.max(), new.max())) + 1e-9
    bins = np.linspace(*ends, 31).tolist()
    for values, ink, label in ((old, MEDIUM, "old"), (new, BAD, "new")):
        axes.hist(values.flatten().numpy(), bins=bins, color=ink, alpha=0.5, label=label)
    axes.set(xlabel="Pearson correlation of cue and answer", ylabel="cues of all replicates")
    axes.legend()
    return figure


def _curves(session: Session, arm: str, phase: str, control: str | None) -> Tensor | Absent:
    """Hits at each rate of false alarms of GRID, ``(R, 101)``."""
    old = familiarity(session, arm=arm, phase=phase, group="old", control=control)
    new = familiarity(session, arm=arm, phase=phase, group="new", control=control)
    if isinstance(old, Absent):
        return old
    if isinstance(new, Absent):
        return new
    rows = [_curve(o.round(6), n.round(6)) for o, n in zip(old.numpy(), new.numpy(), strict=True)]
    return torch.from_numpy(np.stack(rows))


def _curve(old: Floats, new: Floats) -> Floats:
    """Hits at each rate of false alarms of one replicate, ties crossed in a straight line."""
    levels = np.unique(np.concatenate([old, new]))[::-1]
    hits = [0.0, *[float((old >= level).mean()) for level in levels]]
    alarms = [0.0, *[float((new >= level).mean()) for level in levels]]
    return np.asarray(np.interp(GRID, alarms, hits))
