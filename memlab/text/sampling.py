"""Patterns drawn symbol by symbol from what a medium foretells."""

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.substrate import Engram, Meter, Substrate
from memlab.text.picking import picked, sharpened


def sampled(
    substrate: Substrate,
    engram: Engram,
    count: int,
    draws: Draws,
    meter: Meter,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> tuple[Tensor, Tensor]:
    """So many patterns ``(R, n, *shape)``, and which of them ended ``(R, n)``; all but strings do.

    What follows an end is padding, as in every string.
    """
    space = substrate.space
    flat = torch.zeros(len(draws.replicates), count, space.size, device=draws.device)
    ended = torch.zeros(flat.shape[:2], dtype=torch.bool, device=draws.device)
    for place in range(space.size):
        so_far = flat.reshape(*flat.shape[:2], *space.shape)
        chances = substrate.foretell(engram, so_far, draws.at(place), meter)[:, :, place]
        sharp = sharpened(chances.double(), temperature, top_k)
        symbol = picked(sharp, draws.at(place).uniform("symbol", (count,)))
        flat[:, :, place] = torch.where(ended, 0, symbol).to(flat)
        ended |= (symbol == 0) & torch.tensor(space.ends, device=draws.device)
    whole = flat.reshape(*flat.shape[:2], *space.shape)
    return whole, ended if space.ends else torch.ones_like(ended)
