"""Lists of strings: which of them become items, in which order, and which are held out."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, final

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.source import numbered, replicated, told_apart
from memlab.space import Space

Sample: TypeAlias = Literal["dedup", "makemore"]
Order: TypeAlias = Literal["listed", "random"]
HeldOut: TypeAlias = Annotated[int, Field(strict=True, ge=0)]
SampleSeed: TypeAlias = Annotated[int, Field(strict=True, ge=0, lt=2**63)]

MAKEMORE = 3407  # the seed with which makemore holds out its test set
LONGEST = 24  # letters of a name in figures


@final
@dataclass(frozen=True)
class Choice:
    """How the strings of a list become items: first those held out, a random sample, then the rest.

    dedup: each string once, and every replicate holds out its own. makemore: the list as it is, so
    that a string may be held out and be among the rest too; all replicates hold out the same, the
    last of a permutation of torch's, as A. Karpathy's makemore does.
    """

    sample: Sample = "dedup"
    held_out: int = 0
    order: Order = "listed"  # of the rest
    seed: int = MAKEMORE  # makemore only

    def pool(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The strings that there are to choose from."""
        found = words if self.sample == "makemore" else tuple(dict.fromkeys(words))
        if self.held_out > len(found):
            raise ValueError(
                f"held_out must be at most the {len(found)} strings there are, got {self.held_out}"
            )
        return found

    def order_of(self, size: int, draws: Draws) -> Tensor:
        """All indices of a pool in the order in which one replicate takes them, ``(size,)``."""
        drawn = draws.permutation("order", size)[0]
        if self.sample == "makemore":
            shared = torch.Generator().manual_seed(self.seed)
            held = torch.randperm(size, generator=shared)[size - self.held_out :]
        else:
            held = drawn[: self.held_out]
        others = torch.arange(size) if self.order == "listed" else drawn
        return torch.cat([held, others[~torch.isin(others, held)]])

    @property
    def shared(self) -> bool:
        """Whether all replicates take the same."""
        return self.order == "listed" and (self.sample == "makemore" or not self.held_out)


@final
@dataclass(frozen=True)
class Corpus:
    """A list of strings of one space, and how items are taken from it."""

    space: Space
    pool: tuple[str, ...]
    choice: Choice
    word: str  # for one of them

    def draw(self, count: int, draws: Draws) -> Tensor:
        """The first so many, ``(R, count, N)``."""
        self.check(count)
        size, table = len(self.pool), written(self.pool, self.space)
        return replicated(lambda own: table[self.choice.order_of(size, own)[:count]], draws)

    def names(self, count: int) -> tuple[str, ...]:
        """The strings themselves where all replicates have the same, or numbers."""
        self.check(count)
        if not self.choice.shared:
            return numbered(self.word, count)
        nobody = Draws(0, (0,))  # what is shared does not depend on it
        first = self.choice.order_of(len(self.pool), nobody)[:count].tolist()
        return told_apart(tuple(_shortened(self.pool[k]) for k in first))

    def check(self, count: int) -> None:
        """Raise ValueError for more strings than there are."""
        if count > len(self.pool):
            raise ValueError(
                f"{count} {self.word}s were asked for, but there are {len(self.pool)}; "
                "ask for fewer"
            )


def _shortened(string: str) -> str:
    return string if len(string) <= LONGEST else f"{string[:LONGEST]}…"


def written(words: tuple[str, ...], space: Space) -> Tensor:
    """Strings as symbols ``(n, N)``, 0 from their end on."""
    symbol = {letter: k for k, letter in enumerate(space.alphabet, 1)}
    rows = np.zeros((len(words), space.size), dtype=np.int32)
    for row, word in zip(rows, words, strict=True):
        row[: len(word)] = [symbol[letter] for letter in word]
    return torch.from_numpy(rows)
