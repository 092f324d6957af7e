"""What can be remembered: the space of patterns, an item of it, and a cue to it."""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

TASK = 3  # axes of a task: sequences, steps, columns
STRING = 3  # symbols of a string at the least
END = "·"  # how the end of a string is written


@final
@dataclass(frozen=True)
class Space:
    """The shape of a pattern and its alphabet.

    ``symbols`` is None for graded values in [0, 1], 2 for binary ones (0 or 1), and n for values
    in 0 … n - 1.

    A task is a pattern of sequences, ``(B, T, I + O)``: a step is a row of I inputs and then of O
    outputs, which ``outputs`` names.

    A string is a pattern that ``ends``: 0 is its end, which every pattern has, and what comes after
    the first is padding. ``alphabet`` has the letters that 1, 2, … stand for.
    """

    shape: tuple[int, ...]
    symbols: int | None = 2
    outputs: tuple[str, ...] = ()  # of a task, the last columns; none: no task
    ends: bool = False  # of strings
    alphabet: str = ""  # of strings; none: they can be told by numbers alone

    def __post_init__(self) -> None:
        if self.ends and (len(self.shape) > 1 or (self.symbols or 0) < STRING):
            raise ValueError(
                f"a string needs one axis, an end and two symbols or more, got {self.shape} and "
                f"symbols={self.symbols}"
            )
        if self.alphabet and not (self.ends and len(set(self.alphabet)) + 1 == self.symbols):
            raise ValueError(
                "an alphabet is one of strings, with a letter of its own for each symbol but the "
                f"end, got {self.alphabet!r} and symbols={self.symbols}"
            )
        if self.outputs and not (len(self.shape) == TASK and len(self.outputs) < self.shape[-1]):
            raise ValueError(
                "a task needs sequences, steps and columns, of which at least one is an input; "
                f"got shape {self.shape} with {len(self.outputs)} outputs"
            )
        if not self.shape or any(side < 1 for side in self.shape):
            raise ValueError(f"a space needs sides of at least 1, got shape {self.shape}")
        if self.symbols is not None and self.symbols < 2:
            raise ValueError(f"a space needs at least 2 symbols, or None, got {self.symbols}")

    def __str__(self) -> str:
        alphabet = "graded" if self.symbols is None else f"{self.symbols} symbols"
        return f"{'×'.join(map(str, self.shape))}, {alphabet}"

    @property
    def inputs(self) -> int:
        """How many columns of a task come before its outputs."""
        return self.shape[-1] - len(self.outputs) if self.outputs else 0

    @property
    def size(self) -> int:
        """The number of values in one pattern."""
        return math.prod(self.shape)

    @property
    def response_shape(self) -> tuple[int, ...]:
        """The shape of the answer to one cue: a probability per symbol where there are several."""
        many = self.symbols is not None and self.symbols > 2
        return (*self.shape, self.symbols) if many and self.symbols else self.shape

    def check(self, patterns: Tensor) -> Tensor:
        """Return ``patterns (…, *shape)`` unchanged, or raise ValueError if they are not of it."""
        if tuple(patterns.shape[-len(self.shape) :]) != self.shape:
            raise ValueError(f"patterns must end in {self.shape}, got {tuple(patterns.shape)}")
        if not patterns.numel():
            raise ValueError(f"there must be at least one pattern, got {tuple(patterns.shape)}")
        if patterns.isnan().any():
            whose = patterns.isnan().nonzero()[0, : patterns.ndim - len(self.shape)].tolist()
            raise ValueError(f"values must be numbers, but pattern {whose} holds NaN")
        low, high = patterns.min().item(), patterns.max().item()
        top = 1 if self.symbols is None else self.symbols - 1
        if not (low >= 0 and high <= top):
            raise ValueError(f"values must lie in [0, {top}], got [{low:g}, {high:g}]")
        if self.symbols is not None and not torch.equal(patterns, patterns.round()):
            raise ValueError(f"values must be whole symbols 0 … {top}; use a graded space instead")
        if self.ends:
            self._check_strings(patterns)
        return patterns

    def valid(self, patterns: Tensor) -> Tensor:
        """What of ``patterns (…, *shape)`` is no padding, bool: all but what follows an end."""
        if not self.ends:
            return torch.ones_like(patterns, dtype=torch.bool)
        ended = (patterns == 0).cumsum(-1)
        return (ended == 0) | ((ended == 1) & (patterns == 0))

    def spelled(self, string: Tensor) -> list[str]:
        """How each symbol of a string ``(N,)`` is written: its letter, its number, or END."""
        written = [END, *(self.alphabet or map(str, range(1, self.symbols or 1)))]
        return [written[symbol] for symbol in string.long().tolist()]

    def _check_strings(self, patterns: Tensor) -> None:
        """Raise ValueError for strings that are empty, do not end, or go on after their end."""
        ended = patterns == 0
        for wrong, why in (
            (ended[..., 0], "is empty"),
            (~ended[..., -1], f"does not end within {self.shape[-1]} symbols"),
            ((ended.cummax(-1).values & ~ended).any(-1), "goes on after its end"),
        ):
            if wrong.any():
                raise ValueError(
                    "strings must have a symbol or more and then 0 to their last place, but "
                    f"pattern {wrong.nonzero()[0].tolist()} {why}"
                )

    def as_response(self, patterns: Tensor) -> Tensor:
        """Patterns as certain answers: themselves, or one-hot where there are several symbols."""
        if self.symbols is None or self.symbols == 2:
            return patterns
        return torch.nn.functional.one_hot(patterns.long(), self.symbols).to(patterns.dtype)

    def decide(self, response: Tensor) -> Tensor:
        """The pattern an answer stands for: the value, or the likeliest symbol."""
        if self.symbols is None:
            return response
        if self.symbols == 2:
            return (response > 0.5).to(response.dtype)
        return response.argmax(dim=-1).to(response.dtype)


@final
@dataclass(frozen=True)
class Split:
    """Which outputs of tasks are shown to who learns, and which are asked for; none is both."""

    taught: Tensor  # (R, P, *shape) bool, False at inputs
    asked: Tensor  # (R, P, *shape) bool, False at inputs
    universal: bool = True  # one rule answers the items of all replicates

    def shown(self, patterns: Tensor, space: Space) -> Tensor:
        """The tasks ``(R, P, *shape)`` without what is not taught of them.

        A hidden output is the mean of those that are taught of its column, or no symbol, 0.
        """
        count = self.taught.sum((2, 3), keepdim=True)
        mean = (patterns * self.taught).sum((2, 3), keepdim=True) / count.clamp(min=1)
        hidden = ~self.taught
        hidden[..., : space.inputs] = False
        return torch.where(hidden, mean if space.symbols is None else 0.0, patterns)


@final
@dataclass(frozen=True)
class Item:
    """One thing to remember, one version of it per replicate."""

    values: Tensor  # (R, *shape)
    valid: Tensor  # (R, *shape) bool; False on padding, and on outputs that are not taught
    salience: Tensor  # (R,) emotion, novelty; 1 is an ordinary item, 0 is time that passes


@final
@dataclass(frozen=True)
class Cue:
    """Part of a pattern, or a distorted whole.

    A mask is given where it is certain; a flip, an amplitude or noise is given everywhere and
    certain nowhere. Values are 0 where nothing was given.
    """

    values: Tensor  # (R, C, *shape)
    given: Tensor  # (R, C, *shape) bool; was anything presented here
    certain: Tensor  # (R, C, *shape) bool; may it be trusted and clamped

    def __post_init__(self) -> None:
        if not self.values.shape == self.given.shape == self.certain.shape:
            raise ValueError(
                "values, given and certain of a cue must have one shape, got "
                + ", ".join(str(tuple(x.shape)) for x in (self.values, self.given, self.certain))
            )

    @property
    def count(self) -> int:
        """The number of cues C."""
        return self.values.shape[1]

    def part(self, first: int, last: int) -> "Cue":
        """The cues ``first … last - 1``."""
        return Cue(
            self.values[:, first:last], self.given[:, first:last], self.certain[:, first:last]
        )


def joined(cues: list[Cue]) -> Cue:
    """Several cues as one, along the axis C."""
    return Cue(
        torch.cat([cue.values for cue in cues], dim=1),
        given=torch.cat([cue.given for cue in cues], dim=1),
        certain=torch.cat([cue.certain for cue in cues], dim=1),
    )
