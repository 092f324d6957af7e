"""Trainable parameters: their axes, how they are drawn, and the law that keeps them in range."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Generator, Tensor

Draw: TypeAlias = Callable[[Generator, tuple[int, ...]], Tensor]


@final
@dataclass(frozen=True)
class Law:
    """How a raw parameter, which is unconstrained, becomes the effective one of the equations."""

    effective: Callable[[Tensor], Tensor]
    raw: Callable[[Tensor], Tensor]  # the inverse


def _same(x: Tensor) -> Tensor:
    return x


PLAIN = Law(_same, _same)
SHARE = Law(torch.sigmoid, torch.logit)  # (0, 1); slope e (1 - e)
RATE = Law(torch.exp, torch.log)  # (0, inf); slope e
DECAY = Law(lambda x: torch.exp(-torch.exp(x)), lambda e: torch.log(-torch.log(e)))  # e ln e
SIGNED = Law(torch.tanh, torch.atanh)  # (-1, 1); slope 1 - e²


@final
@dataclass(frozen=True)
class Parameter:
    """One trainable tensor."""

    axes: str  # a letter for each axis; rows are what is computed, columns what it is computed from
    draw: Draw  # of effective values
    law: Law = PLAIN


def constant(value: float) -> Draw:
    """The same value everywhere."""
    return lambda _, shape: torch.full(shape, value)


def uniform(low: float, high: float) -> Draw:
    """Evenly between two values."""
    return lambda generator, shape: low + (high - low) * torch.rand(shape, generator=generator)


def log_uniform(low: float, high: float) -> Draw:
    """Evenly between two values of one sign, by their logarithm."""
    even = uniform(math.log(low), math.log(high))
    return lambda generator, shape: even(generator, shape).exp()


def normal(deviation: float) -> Draw:
    """Normally around 0."""
    return lambda generator, shape: deviation * torch.randn(shape, generator=generator)


def kept(shortest: float, longest: float) -> Draw:
    """Shares kept in a step, exp(-1/τ), of log-uniform time constants τ in steps."""
    times = log_uniform(shortest, longest)
    return lambda generator, shape: torch.exp(-1 / times(generator, shape))


def orthogonal(gain: float) -> Draw:
    """Gain times a matrix whose rows, or columns where those are fewer, are orthonormal."""

    def draw(generator: Generator, shape: tuple[int, ...]) -> Tensor:
        rows, columns = shape
        many, few = max(shape), min(shape)
        q, r = torch.linalg.qr(torch.randn((many, few), generator=generator))
        fair: Tensor = gain * q * r.diagonal().sign()  # without the signs not uniform
        return fair if rows >= columns else fair.T

    return draw
