"""How much a ρ holds, apart from any model: random sparse keys, each with a value, and all asked.

    ρ = Σ_τ u^(T-1-τ) key_τ value_τᵀ;   an answer ρᵀ key is right if no value has a larger cosine

Keys are positive, so that each answer carries a part of all values: the fewer neurons two keys
share, the smaller that part. Attention without a softmax forgets like this, A. Schlag, K. Irie and
J. Schmidhuber, ICML (2021).
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from memlab.draws import Draws


def sparse_keys(count: int, neurons: int, share: float, draws: Draws) -> Tensor:
    """Keys ``(R, count, N)``: every neuron is active with this probability, half-normal, else 0."""
    if count < 1 or not 0 < share <= 1:
        raise ValueError(f"count must be 1 or more and share in (0, 1], got {count} and {share}")
    on = draws.uniform("active", (count, neurons)) < share
    return draws.normal("strength", (count, neurons)).abs() * on


def recalled(keys: Tensor, values: Tensor, *, damping: float = 1.0) -> Tensor:
    """Which values are found by their keys after all were written, bool ``(R, T)``; oldest first.

    ``keys (R, T, N)``, ``values (R, T, d)``.
    """
    if keys.shape[:2] != values.shape[:2]:
        raise ValueError(
            f"every key must have a value, got {tuple(keys.shape)} and {tuple(values.shape)}"
        )
    if not 0 < damping <= 1:
        raise ValueError(f"damping must be in (0, 1], got {damping}")
    count = keys.shape[1]
    age = torch.arange(count - 1, -1, -1, device=keys.device)
    rho = keys.mT @ (damping ** age[:, None] * values)
    likeness = (keys @ rho) @ normalize(values, dim=-1).mT  # (R, asked, T)
    return likeness.argmax(-1) == torch.arange(count, device=keys.device)
