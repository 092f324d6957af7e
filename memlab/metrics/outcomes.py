"""Where a memory goes when it is started anywhere: to an item, to its inverse, or to neither."""

from itertools import combinations
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.ladder import Place, rungs
from memlab.metrics.measure import Measure, answered
from memlab.metrics.memory import BINARY
from memlab.metrics.scores import LIT, RECALLED
from memlab.session import Recall, Session

NEAREST = 5  # items among which mixtures of three are looked for: those most like the answer
Kind: TypeAlias = Literal["stored", "inverse", "mixture", "other"]

KINDS: tuple[Kind, ...] = ("stored", "inverse", "mixture", "other")


def outcome(
    session: Session,
    *,
    kind: Kind,
    items: Place,
    arm: str,
    axis: str = "start",
) -> Measure:
    """The share of random starts that end in one kind of state, at a load of so many items.

    *stored* and *inverse* overlap with an item by 0.95 or more, the latter after a change of sign;
    *mixture* with the majority of three items or inverses; *other* is any other state.
    D. Amit, H. Gutfreund and H. Sompolinsky, Physical Review A 32, 1007 (1985).
    """
    if session.space.symbols != BINARY:
        return Absent("only binary patterns have an inverse")
    found = rungs(session, axis, arm=arm, where={"items": items})
    if not found:
        return Absent(f"no random starts at {items} items in this run")
    shares = [_outcomes(session, recall) for recall in found]
    return torch.cat(shares, dim=1).eq(KINDS.index(kind)).double().mean(1)


def _outcomes(session: Session, recall: Recall) -> Tensor:
    """The kind of every answer ``(R, C)``, as an index into KINDS."""
    given = answered(session, recall, range(len(recall.items)))
    if isinstance(given, Absent):
        raise TypeError(given.reason)
    states = torch.where(given.response > LIT, 1.0, -1.0)  # (R, C, N)
    items = 2 * given.patterns[:, list(dict.fromkeys(recall.presented))] - 1  # (R, P, N)
    m = states @ items.transpose(1, 2) / states.shape[2]  # (R, C, P)
    kinds = torch.full(m.shape[:2], KINDS.index("other"))
    kinds[_mixed(states, items, m)] = KINDS.index("mixture")
    kinds[m.amin(2) <= -RECALLED] = KINDS.index("inverse")
    kinds[m.amax(2) >= RECALLED] = KINDS.index("stored")
    return kinds


def _mixed(states: Tensor, items: Tensor, m: Tensor) -> Tensor:
    """Whether each state ``(R, C)`` is the majority of three items, each as it is or inverted."""
    count = min(NEAREST, items.shape[1])
    near = m.abs().topk(count, dim=2).indices  # (R, C, count)
    found = torch.zeros(m.shape[:2], dtype=torch.bool)
    for three in combinations(range(count), 3):
        picked = near[..., list(three)]  # (R, C, 3)
        signs = m.gather(2, picked).sign()
        each = torch.stack([items[r][rows] for r, rows in enumerate(picked)])  # (R, C, 3, N)
        majority = (signs[..., None] * each).sum(2).sign()
        found |= (majority * states).mean(2) >= RECALLED
    return found
