"""Associative memories of k-sparse codes: a code evokes the code it was paired with.

    clipped (Willshaw):  w_ij ← w_ij or (y_i and x_j)
    additive (Hebb):     w_ij ← w_ij + s y_i x_j
    answer:              the k units with the largest w x

Cues ``x (R, P, G)`` and targets ``y (R, P, H)`` are bool. Weights ``(R, H, G)`` are bool where
clipped, float32 where additive. D. Willshaw, O. Buneman and H. Longuet-Higgins, Nature 222, 960
(1969); G. Palm, Biol. Cybern. 36, 19 (1980).
"""

import math

import torch
from torch import Tensor

from memlab.hebbian.winners import binary, check_winners, won


def clipped(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bool weights after all pairs: a connection made once is made."""
    _check_pairs(weights, x, y)
    return weights | (torch.bmm(binary(y).mT, binary(x)) > 0)


def additive(weights: Tensor, x: Tensor, y: Tensor, *, strength: Tensor | float = 1.0) -> Tensor:
    """Float weights after all pairs, each of which counts ``strength (R, P)``."""
    _check_pairs(weights, x, y)
    s = torch.as_tensor(strength, dtype=weights.dtype, device=weights.device)
    return torch.baddbmm(weights, (s.expand(x.shape[:2])[..., None] * y).mT, binary(x))


def recalled(weights: Tensor, x: Tensor, winners: int) -> Tensor:
    """What cues evoke: bool ``(R, P, H)``, k winners each; equal fields go to the lower index."""
    return won(torch.bmm(binary(x), binary(weights).mT), winners)


def found(answers: Tensor, y: Tensor) -> Tensor:
    """The share ``(R, P)`` of each target's units that an answer holds."""
    return (answers & y).sum(-1) / y.sum(-1)


def likeness(answers: Tensor, codes: Tensor) -> Tensor:
    """The share ``(R, P, V)`` of each token's code ``(R, V, H)`` that an answer holds.

    Its argmax is the token that was meant; with k winners each, chance is k/H.
    """
    return torch.bmm(binary(answers), binary(codes).mT) / codes.sum(-1)[:, None]


def capacity(units: int, winners: int) -> float:
    """Pairs at which half of a clipped memory's connections are made, ln 2 · (H/k)².

    There it holds most information, ln 2 bit per connection for large, very sparse codes (Palm
    1980).
    """
    check_winners(winners, units)
    return math.log(2) * (units / winners) ** 2


def _check_pairs(weights: Tensor, x: Tensor, y: Tensor) -> None:
    fits = x.shape[:2] == y.shape[:2] and len(weights) == len(x)
    if not fits or weights.shape[1:] != (y.shape[-1], x.shape[-1]):
        raise ValueError(
            f"weights (R, H, G), cues (R, P, G) and targets (R, P, H) must fit each other, got "
            f"{tuple(weights.shape)}, {tuple(x.shape)} and {tuple(y.shape)}"
        )
