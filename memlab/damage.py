"""What is done to a memory from outside: entries destroyed, entries shuffled."""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from memlab.draws import Draws

if TYPE_CHECKING:
    from memlab.substrate import Engram


def destroy(engram: "Engram", blank: "Engram", share: float, draws: Draws) -> None:
    """Set a random share of every memory array to what it was at first; 0 in rows since grown."""
    for name, part in engram.memory().items():
        hit = draws.uniform(name, tuple(part.values.shape[1:])) < share
        first = torch.zeros_like(part.values) if part.grows else blank[name]
        engram[name] = torch.where(hit, first, part.values)


def permuted(engram: "Engram", draws: Draws) -> "Engram":
    """The live entries of every memory array in a random order, independently per replicate."""
    result = engram.copy()
    for name, part in engram.memory().items():
        values = part.values.clone()
        for r in range(values.shape[0]):
            alone = replace(draws, replicates=(draws.replicates[r],))
            rows = int(engram.used[r]) if part.grows and engram.used is not None else None
            live = values[r, :rows] if part.grows else values[r]
            order = alone.permutation("scramble", live.numel())[0]
            live.copy_(live.reshape(-1)[order].reshape(live.shape))
        result[name] = values
    return result
