"""Symbols drawn from chances: as they are, warmer or colder, of the likeliest alone."""

import torch
from torch import Tensor

SOFTEST = 1e-6  # a temperature below this takes the likeliest symbol


def sharpened(chances: Tensor, temperature: float, top_k: int | None) -> Tensor:
    """Chances ``(…, A)`` to the power of 1 / temperature, of the likeliest symbols alone."""
    if top_k is not None:
        order = chances.argsort(stable=True, dim=-1, descending=True)  # of equal ones the first
        chances = chances.scatter(-1, order[..., top_k:], 0.0)
    if temperature < SOFTEST:
        return torch.nn.functional.one_hot(chances.argmax(-1), chances.shape[-1]).double()
    sharp = (chances / chances.amax(-1, keepdim=True)) ** (1 / temperature)
    return sharp / sharp.sum(-1, keepdim=True)


def picked(chances: Tensor, uniform: Tensor) -> Tensor:
    """The symbol that a uniform number ``(…)`` picks from chances ``(…, A)``."""
    level = chances.cumsum(-1)
    beyond = uniform.double()[..., None] * level[..., -1:]
    symbol: Tensor = (level <= beyond).sum(-1)
    return symbol.clamp(max=chances.shape[-1] - 1)
