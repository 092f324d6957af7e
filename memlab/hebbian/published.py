"""The layer of the published noise-to-memory experiment, exactly as committed; it diverges.

    a = W h,   y = a where a ≥ the k-th largest of a, else 0
    W ← (1 - decay) (W + rate ⟨y hᵀ⟩),   ⟨⟩ over all tokens of a batch

"Oja-style" is what its documentation says; there is no term in y² that would bound W. h ≥ 0 has a
large mean, so that ⟨h hᵀ⟩ has one large eigenvalue λ, and the rows that win grow by about
rate · λ - decay per step and win for ever. All units equal to the k-th pass, negative ones too.
(Satish-vaishyar, From-Noise-to-Memory-BDH.)
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.hebbian.features import shares
from memlab.hebbian.winners import check_winners

BEGINNING = 0.01  # standard deviation of the first weights


@final
@dataclass(frozen=True)
class Published:
    """The committed constants. H units see F features."""

    units: int = 128
    winners: int = 5
    rate: float = 0.01  # η, per step
    decay: float = 0.001  # share of every weight lost per step

    def __post_init__(self) -> None:
        check_winners(self.winners, self.units)

    def blank(self, draws: Draws, features: int) -> Tensor:
        """The first weights, ``(R, H, F)``."""
        return BEGINNING * draws.normal("weights", (self.units, features))


def codes(layer: Published, weights: Tensor, features: Tensor) -> Tensor:
    """The activity y of every token of the vocabulary, ``(R, V, H)``; NaN where weights are."""
    a = torch.bmm(features, weights.mT)
    return a * (a >= a.topk(layer.winners, -1).values[..., -1:])


def step(
    layer: Published,
    weights: Tensor,
    features: Tensor,
    tokens: Tensor,
    *,
    salience: Tensor | float = 1.0,
) -> tuple[Tensor, Tensor]:
    """The weights after one batch ``tokens (R, …)``, and the codes ``(R, V, H)`` they came from.

    ``features (R, V, F)`` are those of the whole vocabulary; whatever the batch, no array is larger
    than the weights, the codes or the tokens. ``salience (R,)`` multiplies what is learned.
    """
    y = codes(layer, weights, features)
    worth = torch.as_tensor(salience, dtype=y.dtype, device=y.device).expand(len(y))
    share = worth[:, None, None] * shares(tokens, features.shape[1])[..., None]
    grown = torch.baddbmm(weights, (share * y).mT, features, alpha=layer.rate)
    return grown.mul_(1 - layer.decay), y
