"""Tasks of many short trials: something is shown, and asked for at the end; some are held out."""

from typing import Annotated, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, numbered, replicated
from memlab.patterns.tasks import Steps, Symbols, Trials, by_trial, check_trials, one_hot
from memlab.space import Space, Split

Power = Annotated[float, Field(strict=True, gt=0, le=10, allow_inf_nan=False)]


@final
@checked(frozen=True)
class SingleItem(PatternSource):
    """Say a marked first value after ``delay`` unmarked ones; values even in [0, 1]."""

    delay: Steps = 20  # values that come between
    trials: Trials = 400
    tested: Trials = 100  # of the trials, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse trials of which none is left."""
        check_trials(self.trials, self.tested)

    @property
    def space(self) -> Space:
        return Space((self.trials, self.delay + 1, 3), None, ("first value",))

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("single", count)

    def split(self, patterns: Tensor) -> Split:
        return by_trial(patterns, self.space, self.tested, _last(patterns))

    def _one(self, k: int, draws: Draws) -> Tensor:
        values = draws.at("item", k).uniform("values", (self.trials, self.delay + 1))[0]
        marks = torch.zeros_like(values)
        marks[:, 0] = 1
        return torch.stack([values, marks, values[:, :1].expand_as(values)], -1)


@final
@checked(frozen=True)
class Adding(PatternSource):
    """Say half the sum of two marked values, one in each half; values even in [0, 1].

    S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1735 (1997).
    """

    length: Annotated[int, Field(strict=True, ge=2, le=100_000)] = 30  # steps of a trial
    trials: Trials = 600
    tested: Trials = 100  # of the trials, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse trials of which none is left."""
        check_trials(self.trials, self.tested)

    @property
    def space(self) -> Space:
        return Space((self.trials, self.length, 3), None, ("half the sum",))

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("adding", count)

    def split(self, patterns: Tensor) -> Split:
        return by_trial(patterns, self.space, self.tested, _last(patterns))

    def _one(self, k: int, draws: Draws) -> Tensor:
        own, half = draws.at("item", k), self.length // 2
        values = own.uniform("values", (self.trials, self.length))[0]
        marks, each = torch.zeros_like(values), torch.arange(self.trials)
        marks[each, own.integers("early", half, (self.trials,))[0]] = 1
        marks[each, half + own.integers("late", self.length - half, (self.trials,))[0]] = 1
        total = 0.5 * (values * marks).sum(1, keepdim=True)
        return torch.stack([values, marks, total.expand_as(values)], -1)


@final
@checked(frozen=True)
class Copy(PatternSource):
    """Say a word of symbols again, in order, after a pause and a sign to go.

    S. Hochreiter and J. Schmidhuber (1997); M. Arjovsky, A. Shah and Y. Bengio, ICML (2016). A
    guess is right once in ``symbols``.
    """

    symbols: Symbols = 8
    length: Steps = 5  # of the word
    pause: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 10  # steps between word and sign
    trials: Trials = 600
    tested: Trials = 100  # of the trials, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse trials of which none is left."""
        check_trials(self.trials, self.tested)

    @property
    def space(self) -> Space:
        steps, named = (
            2 * self.length + self.pause,
            tuple(f"symbol {k}" for k in range(self.symbols)),
        )
        return Space((self.trials, steps, 2 * self.symbols + 1), 2, named)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("copy", count)

    def split(self, patterns: Tensor) -> Split:
        steps = torch.arange(self.space.shape[1], device=patterns.device)
        answered = (steps >= self.length + self.pause).expand(patterns.shape[:-1])
        return by_trial(patterns, self.space, self.tested, answered)

    def _one(self, k: int, draws: Draws) -> Tensor:
        word = draws.at("item", k).integers("word", self.symbols, (self.trials, self.length))[0]
        nothing = torch.full((self.trials, self.length + self.pause), -1)
        heard, said = torch.cat([word, nothing], 1), torch.cat([nothing, word], 1)
        go = torch.zeros((self.trials, heard.shape[1], 1))
        go[:, self.length + self.pause] = 1
        return torch.cat([one_hot(heard, self.symbols), go, one_hot(said, self.symbols)], -1)


@final
@checked(frozen=True)
class AssociativeRecall(PatternSource):
    """Pairs of a key and a value, then keys again: say the value of each (MQAR).

    Keys differ within a trial. The gap after which a key is asked for is drawn from a law
    ∝ gap^(power - 1): most are asked for soon. S. Arora et al., Zoology, ICLR (2024).
    """

    pairs: Steps = 4
    keys: Symbols = 8
    values: Symbols = 8
    length: Steps = 24  # steps of a trial: two for each pair, the rest for keys and silence
    power: Power = 0.01  # of the law of gaps
    trials: Trials = 600
    tested: Trials = 100  # of the trials, held out
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse more pairs than there are keys, and trials without room for all questions."""
        check_trials(self.trials, self.tested)
        if self.pairs > self.keys:
            raise ValueError(f"pairs must be at most keys={self.keys}, got {self.pairs}")
        if self.length < 3 * self.pairs:
            raise ValueError(
                f"length must be at least 3 pairs, {3 * self.pairs} (key, value, question), got "
                f"{self.length}"
            )

    @property
    def space(self) -> Space:
        named = tuple(f"value {k}" for k in range(self.values))
        return Space((self.trials, self.length, self.keys + 2 * self.values), 2, named)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("pairs", count)

    def split(self, patterns: Tensor) -> Split:
        answered = patterns[..., self.space.inputs :].amax(-1) > 0
        return by_trial(patterns, self.space, self.tested, answered)

    def _one(self, k: int, draws: Draws) -> Tensor:
        own, shape = draws.at("item", k), (self.trials, self.pairs)
        keys = own.uniform("keys", (self.trials, self.keys))[0].argsort(1)[:, : self.pairs]
        values = own.integers("values", self.values, shape)[0]
        when = self._questions(own)
        heard, told = (torch.full((self.trials, self.length), -1) for _ in range(2))
        heard[:, 0 : 2 * self.pairs : 2], told[:, 1 : 2 * self.pairs : 2] = keys, values
        said = torch.full_like(heard, -1)
        heard.scatter_(1, when, keys)
        said.scatter_(1, when, values)
        columns = [
            one_hot(heard, self.keys),
            one_hot(told, self.values),
            one_hot(said, self.values),
        ]
        return torch.cat(columns, -1)

    def _questions(self, draws: Draws) -> Tensor:
        """When each key is asked for, ``(trials, pairs)``, all different.

        The largest of log weight + Gumbel noise are draws without repetition; one pair after the
        other would favour the first.
        """
        first, room = 2 * self.pairs, self.length - 2 * self.pairs
        weight = (self.power - 1) * torch.arange(1, room + 1).double().log()
        noise = -torch.log(-torch.log(draws.uniform("gaps", (self.trials, room))[0].double()))
        chosen = (weight + noise).topk(self.pairs, 1).indices
        order = draws.uniform("order", (self.trials, self.pairs))[0].argsort(1)
        return first + chosen.gather(1, order)


def _last(patterns: Tensor) -> Tensor:
    """True at the last step of every trial, ``(R, P, B, T)``."""
    last = torch.zeros(patterns.shape[:-1], dtype=torch.bool, device=patterns.device)
    last[..., -1] = True
    return last
