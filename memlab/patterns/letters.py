"""Lines of letters: a word again and again, and pieces of the user's own text."""

from pathlib import Path
from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.bdh.tasks import BYTES, repetition, text_bytes
from memlab.bdh.tasks import Repetition as Task
from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, distinct, numbered, replicated
from memlab.space import Space

Count: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=65_536)]
Letters: TypeAlias = Annotated[int, Field(strict=True, ge=3, le=65_536)]
Start: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=65_536)]


@final
@checked(frozen=True)
class Repetition(PatternSource):
    """The same first letters, then copies of a word: the task of ``memlab.bdh.tasks``."""

    letters: Letters = 26
    warm_up: Start = 13  # the first of the alphabet, the same in all items
    word: Count = 8  # letters of a copy
    copies: Count = 8
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse words that cannot be."""
        _ = self._task

    @property
    def space(self) -> Space:
        return Space((self.warm_up + self.word * self.copies,), self.letters)

    def draw(self, count: int, draws: Draws) -> Tensor:
        def one(_: int, own: Draws) -> Tensor:
            return repetition(self._task, 1, own)[0, 0]

        advice = "raise word or letters"
        return replicated(lambda own: distinct(one, count, own, advice), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("word", count)

    @property
    def _task(self) -> Task:
        return Task(self.letters, self.warm_up, self.word, self.copies)


@final
@checked(frozen=True)
class Text(PatternSource):
    """Pieces of a file, its bytes as symbols, whatever they encode; none overlaps another.

    Every replicate draws its own order. A piece that is in the file twice is taken once.
    """

    path: Path  # a file with at least as many pieces as a protocol has items
    length: Count = 32  # bytes of a piece
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a file that cannot be read, or holds no piece."""
        try:
            known = len(self._pieces())
        except OSError as error:
            raise ValueError(
                f"path must be a file that can be read, got {str(self.path)!r}: {error.strerror}"
            ) from error
        if not known:
            raise ValueError(
                f"path must hold one piece of length={self.length} bytes, got a shorter file "
                f"{str(self.path)!r}"
            )

    @property
    def space(self) -> Space:
        return Space((self.length,), BYTES)

    def draw(self, count: int, draws: Draws) -> Tensor:
        pieces = self._pieces()
        if count > len(pieces):
            raise ValueError(
                f"{str(self.path)!r} holds {len(pieces)} different pieces of {self.length} bytes, "
                f"but the protocol needs {count}; lower length or take a longer file"
            )

        def own(of: Draws) -> Tensor:
            return pieces[of.permutation("order", len(pieces))[0, :count]]

        return replicated(own, draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("piece", count)

    def _pieces(self) -> Tensor:
        """All pieces ``(n, length)`` that differ, in the order of the file."""
        text = text_bytes(self.path)
        whole = text[: len(text) // self.length * self.length].view(-1, self.length)
        rows = dict.fromkeys(map(tuple, whole.tolist()))
        return torch.tensor([*rows], dtype=torch.int64).view(-1, self.length)
