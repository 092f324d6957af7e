"""The Dragon Hatchling (BDH-GPU): its make-up and its weights.

n neurons in heads of N, d values of the stream, layers l = 1 … L that share their weights, tokens
t; LN is a layer norm without parameters, ()₊ rectifies, ⊙ multiplies neuron by neuron.

    paper:  x_l = x_(l-1) + (D_x v_(l-1))₊,   v_l = LN(E y_l)
    code:   x_l = (D_x v_(l-1))₊,             v_l = LN(v_(l-1) + LN(E y_l))
    both:   a_l = ρ_(t-1,l) x_l,   y_l = (D_y LN(a_l))₊ ⊙ x_l
            ρ_(t,l) = (ρ_(t-1,l) + v_(l-1) x_lᵀ) U,   v_0 = LN(embedding),   x_0 = 0
            logits = v_L H

U turns pair p of a head's neurons by θ^(-2p/N) rad per token and shrinks all of it by the head's
damping. What is written into ρ is Hebbian, x before and v after; it is read before it is written.
At the first token ρ is empty, so that the paper's form has nothing to say there.

"paper" is Definition 4 and Eq. 8 of A. Kosowski et al., The Dragon Hatchling, arXiv:2509.26507v1
(2025); "code" is what was released with it, github.com/pathwaycom/bdh.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import torch
from torch import Tensor

from memlab.draws import Draws

Form: TypeAlias = Literal["paper", "code"]

FORMS = ("paper", "code")
SPREAD = 0.02  # standard deviation of the first weights


@final
@dataclass(frozen=True)
class Hatchling:
    """The sizes of a model, and how it forgets."""

    vocabulary: int = 256  # V
    width: int = 64  # d
    neurons: int = 2048  # n, of all heads
    heads: int = 4
    layers: int = 4  # L
    form: Form = "code"
    damping: tuple[float, ...] = (1.0,)  # of each head per token, or one for all
    theta: float = 2.0**16  # θ
    dropout: float = 0.1  # of y, while training

    def __post_init__(self) -> None:
        for name in ("vocabulary", "width", "neurons", "heads", "layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if self.neurons % (2 * self.heads):
            raise ValueError(
                f"neurons must be pairs in each of heads={self.heads}, a multiple of "
                f"{2 * self.heads}, got {self.neurons}"
            )
        if self.form not in FORMS:
            raise ValueError(f"form must be one of {FORMS}, got {self.form!r}")
        if len(self.damping) not in {1, self.heads} or not all(0 < u <= 1 for u in self.damping):
            raise ValueError(
                f"damping must be 1 or heads={self.heads} numbers in (0, 1], got {self.damping}"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        if not self.theta > 1:
            raise ValueError(f"theta must be above 1, got {self.theta}")

    @property
    def per_head(self) -> int:
        """N."""
        return self.neurons // self.heads

    @property
    def parameters(self) -> int:
        """3 n d + 2 V d."""
        return (3 * self.neurons + 2 * self.vocabulary) * self.width

    def kept(self, like: Tensor) -> Tensor:
        """What a token leaves of ρ, for each head: ``(heads,)``."""
        return torch.tensor(self.damping, dtype=like.dtype, device=like.device).expand(self.heads)

    def turns(self, position: int, count: int, like: Tensor) -> Tensor:
        """The rotation exp(i φ) of so many tokens from a position on, ``(count, N/2)`` complex.

        Angles are taken in float64, so that far tokens turn as exactly as near ones.
        """
        pair = torch.arange(self.per_head // 2, dtype=torch.double, device=like.device)
        token = torch.arange(position, position + count, dtype=torch.double, device=like.device)
        angle = token[:, None] * self.theta ** (-2 * pair / self.per_head)
        whole = torch.complex128 if like.dtype == torch.double else torch.complex64
        return torch.polar(torch.ones_like(angle), angle).to(whole)


@final
@dataclass(frozen=True)
class Weights:
    """What backpropagation learns; nothing else changes it."""

    embedding: Tensor  # (R, V, d)
    d_x: Tensor  # (R, heads, d, N), D_x transposed
    d_y: Tensor  # (R, heads, d, N), D_y transposed
    e: Tensor  # (R, heads, N, d), E transposed
    head: Tensor  # (R, d, V)

    def detached(self) -> "Weights":
        """The same numbers, which no gradient reaches."""
        return Weights(**{name: one.detach() for name, one in vars(self).items()})


def blank(model: Hatchling, draws: Draws) -> Weights:
    """Random weights, normal with a standard deviation of 0.02, as released."""
    d, shape = model.width, (model.heads, model.width, model.per_head)
    return Weights(
        embedding=SPREAD * draws.normal("embedding", (model.vocabulary, d)),
        d_x=SPREAD * draws.normal("d_x", shape),
        d_y=SPREAD * draws.normal("d_y", shape),
        e=SPREAD * draws.normal("e", (model.heads, model.per_head, d)),
        head=SPREAD * draws.normal("head", (d, model.vocabulary)),
    )
