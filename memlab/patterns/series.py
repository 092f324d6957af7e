"""Series to be told ahead of time: their past is taught, their future asked for."""

import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, final

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, numbered, replicated
from memlab.patterns.tasks import Steps, check_stream, in_time
from memlab.space import Space, Split

Floats = npt.NDArray[np.float64]
Period = Annotated[float, Field(strict=True, gt=2, allow_inf_nan=False)]
Delay = Annotated[int, Field(strict=True, ge=1, le=1000)]

MISSING = (
    "patterns=laser needs the series of reservoirpy, which is not installed; "
    'pip install "memlab[laser]" brings it'
)
HIGHEST = 1.6  # that x of Mackey and Glass comes to, for delays up to 100
SKIPPED = 500  # steps before a series is looked at
PARTS = 5  # of a step, integrated one by one


@final
@checked(frozen=True)
class Sine(PatternSource):
    """Tell a sine ahead; item k has the k-th of the periods, in turn, each replicate its phase."""

    periods: Annotated[tuple[Period, ...], Field(min_length=1)] = (50.0, 31.0)  # steps
    ahead: Steps = 10  # steps
    steps: Steps = 1500  # of the series
    tested: Steps = 400  # of them, at the end, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a series that is too short."""
        check_stream(self.steps, self.tested, self.ahead)

    @property
    def space(self) -> Space:
        return _told(self.steps, self.ahead)

    def draw(self, count: int, draws: Draws) -> Tensor:
        def own(draws: Draws) -> Tensor:
            return torch.stack([self._one(k, draws) for k in range(count)])

        return replicated(own, draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("sine", count)

    def split(self, patterns: Tensor) -> Split:
        return in_time(patterns, self.space, self.tested, 0)

    def _one(self, k: int, draws: Draws) -> Tensor:
        step = torch.arange(self.steps + self.ahead, dtype=torch.float64)
        phase = draws.at("item", k).uniform("phase", (1,))
        turns = step / self.periods[k % len(self.periods)] + phase  # (1, T + ahead)
        return _ahead(0.5 + 0.5 * torch.sin(2 * math.pi * turns), self.ahead)


@final
@checked(frozen=True)
class MackeyGlass(PatternSource):
    """Tell a chaotic series ahead: x' = .2 x(t - τ) / (1 + x(t - τ)¹⁰) - .1 x, a step a unit.

    Item k has the k-th of the delays τ, in turn; every item of every replicate begins elsewhere.
    M. Mackey and L. Glass, Science 197, 287 (1977).
    """

    delays: Annotated[tuple[Delay, ...], Field(min_length=1)] = (17, 23)  # τ; chaos from 17 on
    ahead: Steps = 10  # steps
    steps: Steps = 1500  # of the series
    tested: Steps = 400  # of them, at the end, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a series that is too short."""
        check_stream(self.steps, self.tested, self.ahead)

    @property
    def space(self) -> Space:
        return _told(self.steps, self.ahead)

    def draw(self, count: int, draws: Draws) -> Tensor:
        each = []
        for k in range(count):
            begin = 0.5 + draws.at("item", k).uniform("begin").double().cpu().numpy()
            delay = self.delays[k % len(self.delays)]
            x = torch.from_numpy(mackey_glass(begin, self.steps + self.ahead, delay) / HIGHEST)
            each.append(_ahead(x.clamp(0, 1), self.ahead))
        return torch.stack(each, 1)[:, :, None].float().to(draws.device)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("mackey_glass", count)

    def split(self, patterns: Tensor) -> Split:
        return in_time(patterns, self.space, self.tested, 0)


@final
@checked(frozen=True)
class Laser(PatternSource):
    """Tell the intensity of a chaotic far-infrared laser ahead: the Santa Fe series A.

    Each item is a stretch of the 10,093 measured steps that begins where a draw says.
    U. Hübner et al., Physical Review A 40, 6354 (1989); the series that reservoirpy ships.
    """

    ahead: Steps = 1  # steps
    steps: Steps = 2000  # of a stretch
    tested: Steps = 500  # of them, at the end, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse to go on without the series, or with a stretch longer than it."""
        if find_spec("reservoirpy") is None:
            raise ValueError(MISSING)
        check_stream(self.steps, self.tested, self.ahead)
        if self.steps + self.ahead > len(_laser()):
            raise ValueError(
                f"steps + ahead must be at most the {len(_laser())} of the series, got "
                f"{self.steps + self.ahead}"
            )

    @property
    def space(self) -> Space:
        return _told(self.steps, self.ahead)

    def draw(self, count: int, draws: Draws) -> Tensor:
        series, length = _laser(), self.steps + self.ahead

        def own(draws: Draws) -> Tensor:
            firsts = draws.permutation("begin", len(series) - length + 1)[0, :count].tolist()
            return torch.stack([_ahead(series[f : f + length], self.ahead)[None] for f in firsts])

        return replicated(own, draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("laser", count)

    def split(self, patterns: Tensor) -> Split:
        return in_time(patterns, self.space, self.tested, 0)


def mackey_glass(begin: Floats, steps: int, delay: int, parts: int = PARTS) -> Floats:
    """Series ``(n, steps)`` from constant pasts ``begin (n,)``, after 500 further steps.

    Runge–Kutta of fourth order in parts of a step, the delayed value interpolated.
    """
    back, dt = delay * parts, 1 / parts
    x = np.empty((back + 1 + (SKIPPED + steps) * parts, len(begin)))
    x[: back + 1] = begin
    for now in range(back, len(x) - 1):
        x[now + 1] = _onwards(x[now], x[now - back], x[now - back + 1], dt)
    return np.ascontiguousarray(x[back + 1 + SKIPPED * parts :: parts].T)


def _onwards(x: Floats, start: Floats, end: Floats, dt: float) -> Floats:
    """One step of Runge and Kutta, while the delayed value goes from ``start`` to ``end``."""
    middle = (start + end) / 2
    k1 = _slope(x, start)
    k2 = _slope(x + dt / 2 * k1, middle)
    k3 = _slope(x + dt / 2 * k2, middle)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + _slope(x + dt * k3, end))


def _slope(now: Floats, then: Floats) -> Floats:
    slope: Floats = 0.2 * then / (1 + then**10) - 0.1 * now
    return slope


def _told(steps: int, ahead: int) -> Space:
    return Space((1, steps, 2), None, (f"{ahead} ahead",))


def _ahead(series: Tensor, ahead: int) -> Tensor:
    """A series ``(…, T + ahead)`` as inputs and outputs, ``(…, T, 2)``."""
    return torch.stack([series[..., :-ahead], series[..., ahead:]], -1)


@cache
def _laser() -> Tensor:
    """The whole series ``(10093,)``, in [0, 1]."""
    # Its own loader leaves the file open, and importing it takes a second.
    found = find_spec("reservoirpy")
    assert found is not None and found.origin is not None  # noqa: PT018  checked when made
    path = Path(found.origin).parent / "datasets" / "santafe_laser.npy"
    intensity = np.load(path).astype(np.float64).ravel()
    return torch.from_numpy(intensity / 255)
