"""How near a start must be to an item to end in it."""

import torch

from memlab.absent import Absent
from memlab.metrics.ladder import Place, half_at
from memlab.metrics.measure import Measure
from memlab.session import Session


def critical_overlap(session: Session, *, arm: str, items: Place) -> Measure:
    """m_c: the initial overlap at which half of the flipped cues still flow to their item.

    From the share of flips at which success falls to one half, m_c = 1 - 2 · share.
    """
    share = half_at(session, axis="flips", arm=arm, where={"items": items})
    if isinstance(share, Absent):
        return share
    if session.space.symbols != 2:
        return Absent("flips of graded values or of many symbols are no overlap")
    return torch.where(share > 0, 1 - 2 * share, 1.0)
