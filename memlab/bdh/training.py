"""How the weights of a Hatchling are learned: AdamW, warm-up and decay, clipped gradients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from memlab.bdh.hatchling import Hatchling, Weights
from memlab.bdh.running import Dropout, logits
from memlab.draws import Draws

Batches: TypeAlias = Callable[[int], Tensor]  # of a step: tokens (R, B, T + 1)
Counted: TypeAlias = Callable[[Tensor], Tensor]  # of such tokens: (R, B, T) bool


@final
@dataclass(frozen=True)
class Training:
    """A course of training; rates are per step."""

    steps: int = 1000
    rate: float = 1e-3
    warm_up: int = 100  # steps in which the rate rises from 0
    least: float = 0.1  # share of the rate that is left at the end, reached in a straight line
    weight_decay: float = 0.1
    clip: float = 1.0  # norm of all gradients of a replicate
    every: int = 100  # steps between validations

    def __post_init__(self) -> None:
        for name in ("steps", "every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 <= self.warm_up <= self.steps:
            raise ValueError(f"warm_up must be in [0, steps={self.steps}], got {self.warm_up}")
        if not (self.rate > 0 and self.clip > 0 and 0 <= self.least <= 1):
            raise ValueError(
                "rate and clip must be above 0 and least in [0, 1], got "
                f"{self.rate}, {self.clip} and {self.least}"
            )

    def rate_at(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (1 - (1 - self.least) * done)


@final
@dataclass(frozen=True)
class Course:
    """How it went; nats per token."""

    weights: Weights
    losses: Tensor  # (R, steps), of each batch before its step
    validated: Tensor  # (validations,) int64, steps done by then
    validation: Tensor  # (R, validations)


def loss(
    model: Hatchling,
    weights: Weights,
    tokens: Tensor,
    dropout: Dropout | None = None,
    counted: Counted | None = None,
) -> Tensor:
    """Mean surprisal ``(R,)`` of tokens ``(R, B, T + 1)`` but the first, all or those that count.

    Nats per token.
    """
    each = surprisal(logits(model, weights, _asked(tokens), dropout), tokens)
    if counted is None:
        return each.mean((1, 2))
    share = counted(tokens)
    return (each * share).sum((1, 2)) / share.sum((1, 2)).clamp(min=1)


def surprisal(said: Tensor, tokens: Tensor) -> Tensor:
    """-log p of what followed, ``(R, B, T)`` nats, of ``said (R, B, T, V)``."""
    _asked(tokens)
    each = cross_entropy(said.flatten(0, 2), tokens[..., 1:].flatten(), reduction="none")
    return each.view(said.shape[:3])


def trained(
    model: Hatchling,
    weights: Weights,
    course: Training,
    batches: Batches,
    draws: Draws,
    *,
    validation: Tensor,
    counted: Counted | None = None,
) -> Course:
    """The weights after a course, and its losses; the replicates do not know of each other.

    Only tokens that are ``counted`` are learned and judged; None counts all.
    ``validation (R, B, T + 1)`` is never learned from. FloatingPointError names the step at which a
    gradient was not finite.
    """
    learned = Weights(
        **{name: one.detach().clone().requires_grad_() for name, one in vars(weights).items()}
    )
    parts = [*vars(learned).values()]
    optimiser = torch.optim.AdamW(parts, course.rate, weight_decay=course.weight_decay)
    losses, validated, seen = [], [], []
    for step in range(course.steps):
        dropout = Dropout(model.dropout, draws.at("step", step))
        own = loss(model, learned, batches(step), dropout, counted)
        gradients = torch.autograd.grad(own.sum(), parts)
        for part, gradient in zip(parts, _clipped(gradients, course.clip, step), strict=True):
            part.grad = gradient
        for group in optimiser.param_groups:
            group["lr"] = course.rate_at(step)
        optimiser.step()
        losses.append(own.detach())
        if (step + 1) % course.every == 0 or step + 1 == course.steps:
            validated.append(step + 1)
            seen.append(judged(model, learned, validation, counted))
    return Course(
        learned.detached(), torch.stack(losses, 1), torch.tensor(validated), torch.stack(seen, 1)
    )


@torch.no_grad()
def judged(
    model: Hatchling, weights: Weights, tokens: Tensor, counted: Counted | None = None
) -> Tensor:
    """The loss ``(R,)`` without dropout and without gradients."""
    return loss(model, weights, tokens, counted=counted)


def _asked(tokens: Tensor) -> Tensor:
    if tokens.ndim != 3 or tokens.shape[2] < 2:
        raise ValueError(
            "sequences (R, B, T + 1) must have a token and one that follows, got "
            f"{tuple(tokens.shape)}"
        )
    return tokens[..., :-1]


def _clipped(gradients: Sequence[Tensor], most: float, step: int) -> list[Tensor]:
    """Gradients of which those of a replicate have a norm of ``most`` together, at most."""
    squares = torch.stack([one.square().flatten(1).sum(1) for one in gradients])
    norm = squares.sum(0).sqrt()
    bad = ~norm.isfinite()
    if bool(bad.any()):
        lost = int(bad.nonzero()[0])
        raise FloatingPointError(
            f"gradients must stay finite, got a norm of {float(norm[lost])} in step {step} in "
            f"replicate {lost}; take a lower rate"
        )
    scale = (most / norm).clamp(max=1)
    return [one * scale.view(-1, *[1] * (one.ndim - 1)) for one in gradients]
