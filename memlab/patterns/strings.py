"""Random strings, and entries of a dictionary: a key, a separator and a value."""

from string import ascii_letters, digits
from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor
from torch.nn.functional import pad

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, distinct, numbered, replicated
from memlab.space import Space

LETTERS = ascii_letters + digits
SEPARATOR = ":"

Letters: TypeAlias = Annotated[int, Field(strict=True, ge=2, le=len(LETTERS))]
Length: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=4096)]


@final
@checked(frozen=True)
class Strings(PatternSource):
    """Strings of any length between two, every letter as likely as any other; no two the same."""

    letters: Letters = 26
    shortest: Length = 4
    longest: Length = 8
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse lengths the wrong way round."""
        if self.shortest > self.longest:
            raise ValueError(
                f"shortest must be at most longest={self.longest}, got {self.shortest}"
            )

    @property
    def space(self) -> Space:
        alphabet = LETTERS[: self.letters]
        return Space((self.longest + 1,), self.letters + 1, ends=True, alphabet=alphabet)

    def draw(self, count: int, draws: Draws) -> Tensor:
        advice = "raise letters or longest, or ask for fewer"
        return replicated(lambda own: distinct(self._one, count, own, advice), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("string", count)

    def _one(self, _: int, draws: Draws) -> Tensor:
        length = self.shortest + draws.integers("length", self.longest - self.shortest + 1)
        string = _letters(draws, "letters", self.letters, self.longest)
        return pad(string * (torch.arange(self.longest) < length), (0, 1))


@final
@checked(frozen=True)
class Entries(PatternSource):
    """A random key, a separator and a random value: who has the first two is to say the third.

    No two items have the same key. A guess at a letter of a value is right once in ``letters``.
    """

    letters: Letters = 26  # of keys as of values
    key: Length = 2  # letters
    value: Length = 3  # letters
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    @property
    def space(self) -> Space:
        longest, alphabet = self.key + 1 + self.value, LETTERS[: self.letters] + SEPARATOR
        return Space((longest + 1,), self.letters + 2, ends=True, alphabet=alphabet)

    def draw(self, count: int, draws: Draws) -> Tensor:
        def key(_: int, own: Draws) -> Tensor:
            return _letters(own, "key", self.letters, self.key)

        def all_of(own: Draws) -> Tensor:
            keys = distinct(key, count, own, "raise letters or key, or ask for fewer")
            values = [
                _letters(own.at("item", k), "value", self.letters, self.value) for k in range(count)
            ]
            between = torch.full((count, 1), self.letters + 1)
            return torch.cat([keys, between, torch.stack(values), torch.zeros(count, 1)], 1)

        return replicated(all_of, draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("entry", count)


def _letters(draws: Draws, name: str, letters: int, length: int) -> Tensor:
    """So many random letters of one replicate, 1 … letters."""
    return 1 + draws.integers(name, letters, (length,))[0]
