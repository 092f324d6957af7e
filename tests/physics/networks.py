"""Random patterns, networks that were taught them, and how well they answer."""

import torch

from memlab.draws import Draws
from memlab.space import Cue, Item
from memlab.substrate import Meter

DRAWS = Draws(2, tuple(range(8)))


def patterns(units, count, draws=DRAWS):
    """Random binary patterns, ``(R, P, N)``."""
    return torch.stack([draws.uniform(f"p{k}", (units,)) < 0.5 for k in range(count)], 1).float()


def learned(medium, items, salience=None):
    """An engram that was shown all items once."""
    engram = medium.blank(DRAWS)
    for k in range(items.shape[1]):
        values = items[:, k]
        weight = torch.ones(len(values)) if salience is None else torch.full((8,), salience[k])
        item = Item(values, torch.ones_like(values, dtype=torch.bool), weight)
        medium.write(engram, item, DRAWS, Meter())
    return engram


def answers(medium, engram, items, flips=0.0):
    """Overlaps ``(R, C)`` of the answers to the items, a share of their values flipped."""
    order = DRAWS.uniform("flips", items.shape[1:]).argsort(2).argsort(2)
    asked = torch.where(order < round(flips * items.shape[2]), 1 - items, items)
    given = torch.ones_like(asked, dtype=torch.bool)
    response = medium.read(engram, Cue(asked, given, ~given), DRAWS, Meter()).response
    return 1 - 2 * ((response > 0.5).float() - items).abs().mean(2)
