"""What a Hebbian layer sees of a token: a random embedding, projected and rectified, both frozen.

    h = (A e + a)₊

Nothing here learns, so that a token always gives the same h: all a layer does in a batch depends
on the batch through the share that each token of the vocabulary has in it. Sums over ten thousand
tokens become sums over fifty.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.draws import Draws


@final
@dataclass(frozen=True)
class Projection:
    """The frozen make-up of a layer's input; V tokens, E values of an embedding, F features."""

    embedding: Tensor  # e (R, V, E), standard normal
    weight: Tensor  # A (R, F, E), uniform in ±1/√E, as torch begins a linear layer
    bias: Tensor  # a (R, F), likewise

    def features(self) -> Tensor:
        """What every token of the vocabulary gives, h ``(R, V, F)``, none of it negative."""
        return torch.baddbmm(self.bias[:, None], self.embedding, self.weight.mT).relu()


def drawn(draws: Draws, *, vocabulary: int, embedding: int, features: int) -> Projection:
    """A random projection for each replicate."""
    for name, size in (
        ("vocabulary", vocabulary),
        ("embedding", embedding),
        ("features", features),
    ):
        if size < 1:
            raise ValueError(f"{name} must be 1 or more, got {size}")
    bound = embedding**-0.5
    return Projection(
        draws.normal("embedding", (vocabulary, embedding)),
        bound * (2 * draws.uniform("weight", (features, embedding)) - 1),
        bound * (2 * draws.uniform("bias", (features,)) - 1),
    )


def shares(tokens: Tensor, vocabulary: int) -> Tensor:
    """The share ``(R, V)`` of every token in ``tokens (R, …)``, int64; rows sum to 1."""
    flat = tokens.flatten(1)
    if not flat.shape[1]:
        raise ValueError(f"a batch must hold at least one token, got shape {tuple(tokens.shape)}")
    least, most = (int(edge) for edge in flat.aminmax())
    if least < 0 or most >= vocabulary:
        raise ValueError(
            f"tokens must be in 0 … {vocabulary - 1} (a vocabulary of {vocabulary}), got "
            f"{least if least < 0 else most}"
        )
    rows = vocabulary * torch.arange(len(flat), device=flat.device)[:, None]
    counts = torch.bincount((flat + rows).flatten(), minlength=vocabulary * len(flat))
    return counts.view(len(flat), vocabulary) / flat.shape[1]
