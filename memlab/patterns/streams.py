"""Tasks on one long stream: what came before is asked for at every step, the future is held out."""

import math
from dataclasses import replace
from typing import Annotated, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, numbered, replicated
from memlab.patterns.tasks import (
    Lags,
    Steps,
    Symbols,
    check_stream,
    delayed,
    filtered,
    graded,
    in_time,
    one_hot,
)
from memlab.space import Space, Split

Decay = Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)]


@final
@checked(frozen=True)
class DelayedRecall(PatternSource):
    """Say at every step what came in some steps ago; inputs even in [0, 1].

    No answer can be told from inputs of other steps: without memory R² is 0.
    """

    lags: Lags = (20,)  # steps; an output for each
    steps: Steps = 2000  # of the stream
    tested: Steps = 500  # of them, at the end, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse what needs no recall, and a stream that is too short."""
        if min(self.lags) < 1:
            raise ValueError(
                "lags must all be at least 1 step, or nothing has to be recalled: what comes in is "
                f"what is asked for; got {list(self.lags)}"
            )
        check_stream(self.steps, self.tested, max(self.lags))

    @property
    def space(self) -> Space:
        named = tuple(f"{lag} ago" for lag in self.lags)
        return Space((1, self.steps, 1 + len(self.lags)), None, named)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("recall", count)

    def split(self, patterns: Tensor) -> Split:
        return in_time(patterns, self.space, self.tested, max(self.lags))

    def _one(self, k: int, draws: Draws) -> Tensor:
        x = draws.at("item", k).uniform("inputs", (self.steps,))  # (1, T)
        return torch.stack([x, *(delayed(x, lag) for lag in self.lags)], -1)


@final
@checked(frozen=True)
class RepeatPrevious(PatternSource):
    """Say at every step which symbol came in some steps ago; all equally likely.

    S. Morad et al., POPGym, ICLR (2023). A guess is right once in ``symbols``.
    """

    symbols: Symbols = 4
    back: Steps = 12  # steps
    steps: Steps = 2000  # of the stream
    tested: Steps = 500  # of them, at the end, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a stream that is too short."""
        check_stream(self.steps, self.tested, self.back)

    @property
    def space(self) -> Space:
        named = tuple(f"symbol {k}" for k in range(self.symbols))
        return Space((1, self.steps, 2 * self.symbols), 2, named)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("repeat", count)

    def split(self, patterns: Tensor) -> Split:
        return in_time(patterns, self.space, self.tested, self.back)

    def _one(self, k: int, draws: Draws) -> Tensor:
        symbols = draws.at("item", k).integers("symbols", self.symbols, (self.steps,))
        past = delayed(symbols + 1, self.back) - 1
        return torch.cat([one_hot(symbols, self.symbols), one_hot(past, self.symbols)], -1)


@final
@checked(frozen=True)
class ArFilters(PatternSource):
    """Follow y' = decay · y + b · x, every item with a direction b of its own; normal inputs.

    Values are cut off at four standard deviations. With a decay of 0 no memory is needed.
    """

    inputs: Annotated[int, Field(strict=True, ge=1, le=1024)] = 2
    decay: Decay = 0.7  # of y in a step
    steps: Steps = 2000  # of the stream
    tested: Steps = 500  # of them, at the end, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a stream that is too short."""
        check_stream(self.steps, self.tested, 0)

    @property
    def space(self) -> Space:
        return Space((1, self.steps, self.inputs + 1), None, ("filtered",))

    def draw(self, count: int, draws: Draws) -> Tensor:
        each = [self._items(k, draws) for k in range(count)]
        return torch.stack(each, 1).to(draws.device)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("filter", count)

    def split(self, patterns: Tensor) -> Split:
        return in_time(patterns, self.space, self.tested, 0, universal=False)

    def _items(self, k: int, draws: Draws) -> Tensor:
        """Item k of all replicates, ``(R, 1, T, I + 1)``; made on the CPU."""
        own = replace(draws.at("item", k), device=torch.device("cpu"))
        x, b = own.normal("inputs", (self.steps, self.inputs)), own.normal("b", (self.inputs,))
        drive = torch.einsum("rti,ri->rt", x, b / b.norm(dim=1, keepdim=True))
        # The variance of y is 1 / (1 - decay²).
        y = filtered(drive, self.decay)[..., None] * math.sqrt(1 - self.decay**2)
        return graded(torch.cat([x, y], -1))[:, None]
