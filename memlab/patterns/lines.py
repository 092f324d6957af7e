"""The user's own strings: a text file, a string a line."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, final

from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.corpus import MAKEMORE, Choice, Corpus, HeldOut, Order, Sample, SampleSeed
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource
from memlab.space import Space

MARK = b"\xef\xbb\xbf"  # with which some editors begin a file of UTF-8


@final
@checked(frozen=True)
class Lines(PatternSource):
    """The lines of a UTF-8 file, in any alphabet; see ``memlab.patterns.corpus`` for their order.

    No character stands for a beginning or an end, so that all may occur.
    """

    path: Path  # a text file with at least as many lines as a protocol has items
    alphabet: Annotated[str, Field(strict=True, min_length=2)] | None = None  # null: as in the file
    longest: Annotated[int, Field(strict=True, ge=1)] | None = None  # letters; null: as in the file
    sample: Sample = "dedup"
    held_out: HeldOut = 0  # items that come first, a sample of all: a test set
    order: Order = "listed"  # of the others
    sample_seed: SampleSeed = MAKEMORE  # makemore only
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a file that cannot be read, and a line that is no string of this kind."""
        if self.alphabet and len(set(self.alphabet)) < len(self.alphabet):
            raise ValueError(f"an alphabet must name each letter once, got {self.alphabet!r}")
        _ = self._pool, self.space

    @property
    def space(self) -> Space:
        longest = self.longest or max(map(len, self._pool))
        letters = self.alphabet or "".join(sorted(set("".join(self._pool))))
        return Space((longest + 1,), len(letters) + 1, ends=True, alphabet=letters)

    def draw(self, count: int, draws: Draws) -> Tensor:
        return self._corpus.draw(count, draws)

    def names(self, count: int) -> tuple[str, ...]:
        return self._corpus.names(count)

    @property
    def _corpus(self) -> Corpus:
        return Corpus(self.space, self._pool, self._choice, "line")

    @property
    def _choice(self) -> Choice:
        return Choice(self.sample, self.held_out, self.order, self.sample_seed)

    @cached_property
    def _pool(self) -> tuple[str, ...]:
        lines = _read(self.path)
        for number, line in enumerate(lines, 1):
            self._check(line, f"{self.path}, line {number}")
        return self._choice.pool(lines)

    def _check(self, line: str, where: str) -> None:
        """Raise ValueError for a line that is empty, too long or of other letters."""
        if not line:
            raise ValueError(f"{where}: a line must hold a string, but is empty; remove it")
        if self.longest and len(line) > self.longest:
            raise ValueError(
                f"{where}: a string must have at most longest={self.longest} letters, got "
                f"{len(line)}; raise longest or shorten it"
            )
        if self.alphabet and (foreign := set(line) - set(self.alphabet)):
            raise ValueError(
                f"{where}: letters must be of the alphabet {self.alphabet!r}, got "
                f"{''.join(sorted(foreign))!r}; add them, or let alphabet=null take all there are"
            )


def _read(path: Path) -> tuple[str, ...]:
    """The lines of a file; ValueError names the one that is not UTF-8."""
    try:
        content = path.expanduser().read_bytes().removeprefix(MARK)
    except (OSError, RuntimeError) as error:  # missing, closed to us, no such ~user
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(
            f"path must be a file that can be read, got {str(path)!r}: {why}"
        ) from error
    if not content:
        raise ValueError(f"{path} must hold a string a line, but is empty")
    lines = enumerate(content.removesuffix(b"\n").split(b"\n"), 1)
    return tuple(_decoded(line.removesuffix(b"\r"), f"{path}, line {n}") for n, line in lines)


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where}: text must be UTF-8, but byte {error.start + 1} is {line[error.start]:#04x}; "
            "save the file as UTF-8"
        ) from error
