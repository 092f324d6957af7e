"""Patterns drawn symbol by symbol from what a medium foretells."""

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.substrate import Engram, Meter, Substrate

SOFTEST = 1e-6  # a temperature below this takes the likeliest symbol


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
        symbol = drawn(sharp, draws.at(place).uniform("symbol", (count,)))
        flat[:, :, place] = torch.where(ended, 0, symbol).to(flat)
        ended |= (symbol == 0) & torch.tensor(space.ends, device=draws.device)
    whole = flat.reshape(*flat.shape[:2], *space.shape)
    return whole, ended if space.ends else torch.ones_like(ended)


def sharpened(chances: Tensor, temperature: float, top_k: int | None) -> Tensor:
    """Chances ``(…, A)`` to the power of 1 / temperature, of the likeliest symbols alone."""
    if top_k is not None:
        least = chances.topk(min(top_k, chances.shape[-1])).values[..., -1:]
        chances = torch.where(chances < least, 0.0, chances)
    if temperature < SOFTEST:
        return torch.nn.functional.one_hot(chances.argmax(-1), chances.shape[-1]).double()
    sharp = (chances / chances.amax(-1, keepdim=True)) ** (1 / temperature)
    return sharp / sharp.sum(-1, keepdim=True)


def drawn(chances: Tensor, uniform: Tensor) -> Tensor:
    """The symbol that a uniform number ``(…)`` picks from chances ``(…, A)``."""
    level = chances.cumsum(-1)
    beyond = uniform.double()[..., None] * level[..., -1:]
    symbol: Tensor = (level <= beyond).sum(-1)
    return symbol.clamp(max=chances.shape[-1] - 1)
