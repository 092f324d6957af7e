"""Tasks that ask a cell for its past: sequences in, targets out, and where they count."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Generator, Tensor

from memlab.patterns import series
from memlab.patterns.tasks import delayed, filtered


@final
@dataclass(frozen=True)
class Trials:
    """Sequences in time order."""

    x: Tensor  # (B, T, I)
    target: Tensor  # (B, T, 1)
    counts: Tensor  # (B, T), whether an output is asked for


Source: TypeAlias = Callable[[Generator], Trials]


@final
@dataclass(frozen=True)
class Task:
    """What is trained on and what is judged by, which share no sequence."""

    inputs: int
    train: Source  # a mini-batch
    held: Source  # the held-out trials


def recall(lag: int) -> Task:
    """Say at every step what came in ``lag`` steps ago; inputs even in [-1, 1]."""

    def draw(generator: Generator, batch: int, length: int) -> Trials:
        x = 2 * torch.rand((batch, length, 1), generator=generator) - 1
        counts = torch.arange(length).expand(batch, length) >= lag
        return Trials(x, delayed(x[..., 0], lag)[..., None], counts)

    return Task(1, lambda g: draw(g, 32, 2 * lag + 20), lambda g: draw(g, 32, 200))


def single_item(delay: int) -> Task:
    """Say a marked first value after ``delay`` unmarked ones; values even in [-1, 1]."""

    def draw(generator: Generator, batch: int) -> Trials:
        values = 2 * torch.rand((batch, delay + 1), generator=generator) - 1
        marks = torch.zeros_like(values)
        marks[:, 0] = 1
        target = values[:, :1].expand_as(values)[..., None]
        return Trials(torch.stack([values, marks], -1), target, _last(values))

    return Task(2, lambda g: draw(g, 32), lambda g: draw(g, 1000))


def adding(length: int) -> Task:
    """Say half the sum of two marked values, one in each half; values even in [0, 1].

    S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1735 (1997).
    """

    def draw(generator: Generator, batch: int) -> Trials:
        values = torch.rand((batch, length), generator=generator)
        places = torch.randint(length // 2, (2, batch), generator=generator)
        marks = torch.zeros_like(values)
        marks[torch.arange(batch), places[0]] = 1
        marks[torch.arange(batch), length // 2 + places[1]] = 1
        target = 0.5 * (values * marks).sum(1)[:, None, None].expand(batch, length, 1)
        return Trials(torch.stack([values, marks], -1), target, _last(values))

    return Task(2, lambda g: draw(g, 32), lambda g: draw(g, 1000))


def carry() -> Task:
    """Follow y' = .7 y + .8 x₀ - .5 x₁ with normal inputs, in units of its deviation."""

    def draw(generator: Generator, batch: int, length: int) -> Trials:
        x = torch.randn((batch, length, 2), generator=generator)
        y = filtered(0.8 * x[..., 0] - 0.5 * x[..., 1], 0.7)
        target = y[..., None] / math.sqrt(0.89 / (1 - 0.7**2))
        return Trials(x, target, torch.ones((batch, length), dtype=torch.bool))

    return Task(2, lambda g: draw(g, 32, 40), lambda g: draw(g, 32, 200))


def forecast(told: Tensor, ahead: int, warm: int) -> Task:
    """Say a series ``(T,)`` some steps ahead; its last 1,000 steps are held out."""
    train, held = told[:-1000], told[-1000:]

    def cut(part: Tensor, starts: Tensor, length: int) -> Trials:
        at = starts[:, None] + torch.arange(length)
        counts = torch.arange(length).expand(len(starts), length) >= warm
        return Trials(part[at][..., None], part[at + ahead][..., None], counts)

    def windows(generator: Generator) -> Trials:
        length = warm + 50
        starts = torch.randint(len(train) - length - ahead, (32,), generator=generator)
        return cut(train, starts, length)

    whole = torch.zeros(1, dtype=torch.long)
    return Task(1, windows, lambda _: cut(held, whole, len(held) - ahead))


def half(generator: Generator, steps: int) -> Trials:
    """Say half the first of four normal inputs: one stream, without need of any memory."""
    x = torch.randn((1, steps, 4), generator=generator)
    return Trials(x, 0.5 * x[..., :1], torch.ones((1, steps), dtype=torch.bool))


def sine(period: float, steps: int) -> Tensor:
    """A sine of that period in steps, ``(T,)``."""
    return torch.sin(2 * math.pi * torch.arange(steps, dtype=torch.float64) / period).float()


def mackey_glass(steps: int, delay: int = 17, parts: int = 10) -> Tensor:
    """The series of Mackey and Glass from a constant past of 1.2, standardised, ``(T,)``."""
    found = torch.from_numpy(series.mackey_glass(np.array([1.2]), steps, delay, parts)[0])
    return ((found - found.mean()) / found.std()).float()


def r2(y: Tensor, target: Tensor) -> float:
    """Share of the variance that is explained, over all entries."""
    return float(1 - (y - target).square().sum() / (target - target.mean()).square().sum())


def _last(values: Tensor) -> Tensor:
    counts = torch.zeros_like(values, dtype=torch.bool)
    counts[:, -1] = True
    return counts
