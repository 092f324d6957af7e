"""Characters as the symbols of a tree: 0 is the end of a string, and 1 what was never met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
import torch

from memlab.text.strings import Strings

END = 0
UNKNOWN = 1  # only of an alphabet that is not declared
STRANGE = "\ufffd"  # what is unknown, in words


@final
@dataclass
class Alphabet:
    """The characters there are, in the order of their symbols.

    An alphabet that is declared holds these alone. Another one grows by what is learned, and has a
    symbol that stands for everything it has not met.
    """

    characters: list[str] = field(default_factory=list)
    declared: bool = False
    symbols: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.symbols = {one: n for n, one in enumerate(self.characters, self.first)}

    @staticmethod
    def of(declared: str | None) -> "Alphabet":
        """That alphabet, or with None one that grows; ValueError if a character is there twice."""
        if declared is None:
            return Alphabet()
        twice = sorted({one for one in declared if declared.count(one) > 1})
        if not declared or twice:
            raise ValueError(
                f"an alphabet must hold a character or more, each once, got {declared!r}"
                + (f" with {', '.join(map(repr, twice))} more than once" if twice else "")
            )
        return Alphabet([*declared], declared=True)

    @property
    def first(self) -> int:
        """The symbol of the first character."""
        return 1 if self.declared else 2

    @property
    def unknown(self) -> int | None:
        """The symbol of what was never met, if there is one."""
        return None if self.declared else UNKNOWN

    @property
    def size(self) -> int:
        """How many symbols there are, the end among them."""
        return self.first + len(self.characters)

    def learned(self, strings: Iterable[str]) -> Strings:
        """Strings with their ends as symbols; new characters are taken in once all are right."""
        texts = self._checked(strings)
        if not self.declared:
            for one in dict.fromkeys("".join(texts)):
                self._take_in(one)
        return self._spelled_out(texts)

    def asked(self, strings: Iterable[str]) -> Strings:
        """Strings with their ends as symbols, what is unknown as that."""
        return self._spelled_out(self._checked(strings))

    def beginning(self, prefix: str) -> list[int]:
        """A prefix as symbols; it may be empty."""
        known = self._checked([prefix] if prefix else [])
        return [self.symbols.get(one, UNKNOWN) for one in "".join(known)]

    def spelled(self, symbols: Sequence[int]) -> str:
        """The characters up to the end, what is unknown as �."""
        told = symbols[: symbols.index(END)] if END in symbols else symbols
        known = (s - self.first for s in told)
        return "".join(STRANGE if n < 0 else self.characters[n] for n in known)

    def told(self, row: Sequence[float]) -> dict[str, float]:
        """A number for each symbol by its character; "" is the end, � all that is unknown."""
        names = ["", *([] if self.declared else [STRANGE]), *self.characters]
        return dict(zip(names, row, strict=True))

    def _take_in(self, character: str) -> None:
        if character not in self.symbols:
            self.symbols[character] = self.size
            self.characters.append(character)

    def _spelled_out(self, texts: list[str]) -> Strings:
        """All characters at once, looked up among the few different ones there are."""
        lengths = torch.tensor([len(text) for text in texts], dtype=torch.int64)
        points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
        different, which = np.unique(points, return_inverse=True)
        known = [self.symbols.get(chr(point), UNKNOWN) for point in different.tolist()]
        starts = torch.cat([lengths.new_zeros(1), (lengths + 1).cumsum(0)])
        text = torch.full((int(starts[-1]),), END, dtype=torch.int32)
        inside = torch.ones(len(text), dtype=torch.bool)
        inside[starts[1:] - 1] = False
        text[inside] = torch.tensor(known, dtype=torch.int32)[torch.from_numpy(which)]
        return Strings(text, starts)

    def _checked(self, strings: Iterable[str]) -> list[str]:
        """The strings; raises for what is none of this alphabet."""
        texts = list(strings)
        for n, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"strings must be str, but string {n} is {type(text).__name__}")
            if not text:
                raise ValueError(f"strings must have a character, but string {n} is empty")
        if self.declared and {*"".join(texts)} - self.symbols.keys():
            self._refuse(texts)
        return texts

    def _refuse(self, texts: list[str]) -> None:
        """Raise ValueError for the first string that is not of a declared alphabet."""
        for n, text in enumerate(texts):
            if outside := sorted({*text} - self.symbols.keys()):
                raise ValueError(
                    f"strings must be of the alphabet {''.join(self.characters)!r}, but string "
                    f"{n}, {text!r}, has {', '.join(map(repr, outside))}"
                )
