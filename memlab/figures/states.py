"""Where a memory goes when it is started anywhere, as shares and as maps."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from torch import Tensor

from memlab.absent import Absent
from memlab.figures.style import BAD, GOOD, INK, MEDIUM, PALE, UNSURE, sheet
from memlab.metrics.ladder import Place, rungs
from memlab.metrics.measure import answered
from memlab.metrics.outcomes import KINDS, outcome
from memlab.metrics.scores import RECALLED
from memlab.report import Report
from memlab.session import Session
from memlab.statistics import estimate

INKS = {"stored": GOOD, "inverse": MEDIUM, "mixture": UNSURE, "other": BAD}
ENDS: dict[str, Place] = {"lightest load": "first", "heaviest load": "last"}
FEW = 3  # states below which there is nothing to map
SEED = 0  # of t-SNE and its null panels
JITTER = 1e-6


def outcome_bars(session: Session, _: Report, *, arm: str) -> Figure | Absent:
    """Shares of random starts that end in an item, its inverse, a mixture, or elsewhere."""
    shares = {
        (load, kind): outcome(session, kind=kind, items=end, arm=arm)
        for load, end in ENDS.items()
        for kind in KINDS
    }
    lacking = [one for one in shares.values() if isinstance(one, Absent)]
    if lacking:
        return lacking[0]
    figure = sheet(6.4, 3.2, "Where random starts end")
    axes = figure.subplots()
    for row, load in enumerate(ENDS):
        for column, kind in enumerate(KINDS):
            share = shares[load, kind]
            if isinstance(share, Tensor):
                _bar(axes, row * (len(KINDS) + 1) + column, share, INKS[kind])
    middle = (len(KINDS) - 1) / 2
    axes.set_xticks([middle + row * (len(KINDS) + 1) for row in range(len(ENDS))], list(ENDS))
    axes.set(ylabel="share of random starts", ylim=(0, 1.12))
    for kind in KINDS:
        axes.bar(0, 0, color=INKS[kind], label=kind)
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.14), ncols=len(KINDS), borderaxespad=0)
    return figure


def attractor_map(session: Session, _: Report, *, arm: str, replicate: int = 0) -> Figure | Absent:
    """Final states of random starts of one replicate on the plane of most variance (linear PCA)."""
    found = _ends(session, arm, replicate)
    if isinstance(found, Absent):
        return found
    states, items = found
    if np.ptp(states, axis=0).max() < JITTER:
        return Absent("all random starts of this replicate end in one state")
    pca = PCA(2).fit(np.concatenate([states, items]))
    figure = sheet(5.6, 4.6, f"Final states of random starts, replicate {replicate} (PCA)")
    axes = figure.subplots()
    where, marks, inverses = (pca.transform(x) for x in (states, items, 1 - items))
    axes.plot(*where.T, "o", color=MEDIUM, ms=5, alpha=0.35, mew=0, label="final states")
    axes.plot(*marks.T, "s", mfc="none", mec=GOOD, ms=10, mew=1.4, label="items")
    axes.plot(*inverses.T, "D", mfc="none", mec=PALE, ms=8, label="inverses")
    for ends, at in ((items, marks), (1 - items, inverses)):
        for end, place in zip(ends, at, strict=True):
            caught = float(np.mean(np.abs(states - end).mean(1) < (1 - RECALLED) / 2))
            if caught:
                told = f"{caught:.0%}"
                axes.annotate(told, place, (7, 5), textcoords="offset points", fontsize=7)
    share = pca.explained_variance_ratio_
    axes.set(xlabel=f"PC 1 ({share[0]:.0%} of the variance)", ylabel=f"PC 2 ({share[1]:.0%})")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.1), ncols=3, borderaxespad=0)
    return figure


def embedded_beside_null(
    session: Session, _: Report, *, arm: str, replicate: int = 0
) -> Figure | Absent:
    """t-SNE of the same states, beside that of one single state and of random patterns.

    It spreads a single point as widely as anything else: distance and spread in it mean nothing.
    """
    found = _ends(session, arm, replicate)
    if isinstance(found, Absent):
        return found
    states, _items = found
    random = np.random.default_rng(SEED)
    panels = {
        "final states of random starts": states,
        "null: one state, jittered by 1e-6": states[:1] + JITTER * random.normal(size=states.shape),
        "null: unrelated random patterns": (random.random(states.shape) < 0.5).astype(float),
    }
    figure = sheet(9.0, 3.5, "t-SNE, whose spread means nothing: see its nulls")
    for axes, (name, points) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        perplexity = min(5.0, (len(points) - 1) / 3)
        flat = TSNE(2, perplexity=perplexity, random_state=SEED, init="random").fit_transform(
            points
        )
        axes.plot(*flat.T, "o", color=MEDIUM if "null" not in name else PALE, ms=4)
        axes.set_title(name, fontsize=8.5)
        axes.set_xlabel(f"sd {flat[:, 0].std():.0f} × {flat[:, 1].std():.0f}", fontsize=8)
    return figure


def _ends(
    session: Session, arm: str, replicate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | Absent:
    """Final states ``(S, N)`` at the heaviest load, and the items ``(P, N)`` learned by then."""
    found = rungs(session, "start", arm=arm, where={"items": "last"})
    if not found:
        return Absent("there were no random starts")
    rows = [answered(session, recall, range(len(recall.items))) for recall in found]
    states = torch.cat([one.response[replicate] for one in rows if not isinstance(one, Absent)])
    if len(states) < FEW:
        return Absent(f"{len(states)} random starts are too few to be mapped")
    learned = list(dict.fromkeys(found[0].presented))
    items = session.patterns[replicate, learned].flatten(1)
    if items.shape[1] != states.shape[1]:
        return Absent("answers with a probability per symbol are not mapped")
    return states.double().numpy(), items.double().numpy()


def _bar(axes: Axes, place: float, share: Tensor, ink: str) -> None:
    one = estimate(share)
    axes.bar(place, one.mean, color=ink, width=0.8, alpha=0.75)
    if one.low is not None and one.high is not None:
        axes.plot([place, place], [one.low, one.high], color=INK, lw=1.5)
    axes.text(
        place, max(one.high or 0, one.mean) + 0.02, f"{one.mean:.2f}", ha="center", fontsize=7
    )
