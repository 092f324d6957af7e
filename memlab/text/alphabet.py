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
        if not isinstance(declared, str):
            raise TypeError(f"an alphabet must be a str of characters, or None, got {declared!r}")
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

    @property
    def names(self) -> list[str]:
        """What each symbol stands for: "" is the end, � all that is unknown."""
        return ["", *([] if self.declared else [STRANGE]), *self.characters]

    def checked(self, strings: Iterable[str]) -> list[str]:
        """The strings; raises for what is none of this alphabet, or without a character."""
        texts = self._of_this(strings)
        if "" in texts:
            raise ValueError(
                f"strings must have a character, but string {texts.index('')} is empty"
            )
        return texts

    def take_in(self, texts: Iterable[str]) -> None:
        """Let the alphabet, if it is not declared, grow by the characters that are new."""
        if not self.declared:
            for one in dict.fromkeys("".join(texts)):
                self._take_in(one)

    def ended(self, texts: list[str]) -> Strings:
        """Checked strings with their ends as symbols, what is unknown as that."""
        bare = self._spelled_out(texts)
        starts = bare.starts + torch.arange(len(bare.starts))
        text = torch.full((int(starts[-1]),), END, dtype=torch.int32)
        inside = torch.ones(len(text), dtype=torch.bool)
        inside[starts[1:] - 1] = False
        text[inside] = bare.text
        return Strings(text, starts)

    def asked(self, strings: Iterable[str]) -> Strings:
        """Strings with their ends as symbols, what is unknown as that."""
        return self.ended(self.checked(strings))

    def begun(self, prefixes: Iterable[str]) -> Strings:
        """Prefixes as symbols, what is unknown as that; they may be empty."""
        return self._spelled_out(self._of_this(prefixes))

    def beginning(self, prefix: str) -> list[int]:
        """One prefix as symbols."""
        return self.begun([prefix]).text.tolist()

    def spelled(self, symbols: Sequence[int]) -> str:
        """The characters up to the end, what is unknown as �."""
        told = symbols[: symbols.index(END)] if END in symbols else symbols
        known = (s - self.first for s in told)
        return "".join(STRANGE if n < 0 else self.characters[n] for n in known)

    def told(self, row: Sequence[float]) -> dict[str, float]:
        """A number for each symbol by its character; "" is the end, � all that is unknown."""
        numbers = dict.fromkeys(self.names, 0.0)
        for name, one in zip(self.names, row, strict=True):
            numbers[name] += one  # � may be a character that was learned as well
        return numbers

    def _take_in(self, character: str) -> None:
        if character not in self.symbols:
            self.symbols[character] = self.size
            self.characters.append(character)

    def _spelled_out(self, texts: list[str]) -> Strings:
        """All characters at once, looked up among the few different ones there are."""
        whole = "".join(texts)
        lengths = torch.tensor([0, *map(len, texts)], dtype=torch.int64)
        points = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)
        symbol_of = np.zeros(int(points.max(initial=0)) + 1, np.int32)
        for one in {*whole}:
            symbol_of[ord(one)] = self.symbols.get(one, UNKNOWN)
        return Strings(torch.from_numpy(symbol_of[points]), lengths.cumsum(0))

    def _of_this(self, strings: Iterable[str]) -> list[str]:
        """The strings; raises for what is no string, or not of a declared alphabet."""
        texts = list(strings)
        for n, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"strings must be str, but string {n} is {type(text).__name__}")
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
