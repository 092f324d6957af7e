"""What Hatchlings read: a word again and again, a pair and distraction, the bytes of a text."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from memlab.draws import Draws

BYTES = 256  # symbols of a text


@final
@dataclass(frozen=True)
class Repetition:
    """Fixed first letters, then copies of a random word: what comes after its first copy is known.

    The task of Fig. 14 of the paper. A guess at a letter of the first copy costs log(letters).
    """

    letters: int = 26
    warm_up: int = 13  # the first of the alphabet, always the same
    word: int = 8  # letters of a copy
    copies: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.warm_up <= self.letters or self.letters < 2:
            raise ValueError(
                f"letters must be 2 or more and warm_up within them, got {self.letters} and "
                f"{self.warm_up}"
            )
        if self.word < 1 or self.copies < 2:
            raise ValueError(
                f"word must be 1 or more and copies 2 or more, got {self.word} and {self.copies}"
            )

    def copy_of(self) -> Tensor:
        """Which copy each token but the first is of, ``(T,)`` int64; 0 is the first, -1 none."""
        before = torch.full((max(self.warm_up - 1, 0),), -1)
        copies = torch.arange(self.copies).repeat_interleave(self.word)
        return torch.cat([before, copies[0 if self.warm_up else 1 :]])


def repetition(task: Repetition, sequences: int, draws: Draws) -> Tensor:
    """Sequences ``(R, B, warm_up + copies · word)`` int64, each with a word of its own."""
    word = draws.integers("word", task.letters, (sequences, task.word))
    first = torch.arange(task.warm_up, device=word.device).expand(*word.shape[:2], -1)
    return torch.cat([first, word.repeat(1, 1, task.copies)], -1)


@final
@dataclass(frozen=True)
class Distraction:
    """A few keys with a value each, then noise, then one of the keys: say its value.

    Tokens are keys from 0, then values, then noise. The value of the key asked for is the last
    token; a guess is right once in ``values``.
    """

    pairs: int = 1
    keys: int = 8
    values: int = 8
    noises: int = 16

    def __post_init__(self) -> None:
        if not 1 <= self.pairs <= self.keys:
            raise ValueError(f"pairs must be in [1, keys={self.keys}], got {self.pairs}")
        if self.values < 2 or self.noises < 1:
            raise ValueError(
                f"values must be 2 or more and noises 1 or more, got {self.values} and "
                f"{self.noises}"
            )

    @property
    def vocabulary(self) -> int:
        """All tokens there are."""
        return self.keys + self.values + self.noises


def distracted(task: Distraction, sequences: int, noise: int, draws: Draws) -> Tensor:
    """Sequences ``(R, B, 2 pairs + noise + 2)`` int64, with so many tokens of noise in between."""
    if noise < 0:
        raise ValueError(f"noise must be 0 tokens or more, got {noise}")
    shape = (sequences, task.pairs)
    key = draws.uniform("key", (sequences, task.keys)).argsort(-1)[..., : task.pairs]
    value = task.keys + draws.integers("value", task.values, shape)
    asked = draws.integers("asked", task.pairs, (sequences, 1))
    between = task.keys + task.values + draws.integers("noise", task.noises, (sequences, noise))
    shown = torch.stack([key, value], -1).flatten(-2)
    return torch.cat([shown, between, key.gather(2, asked), value.gather(2, asked)], -1)


def text_bytes(path: Path) -> Tensor:
    """The bytes of a file, int64 ``(length,)``, whatever they encode; ValueError if there are none.

    A model that reads them has a vocabulary of 256.
    """
    content = np.fromfile(path, dtype=np.uint8)
    if not len(content):
        raise ValueError(f"{path} must hold text, got an empty file")
    return torch.from_numpy(content.astype(np.int64))


def parted(text: Tensor, share: float = 0.9) -> tuple[Tensor, Tensor]:
    """The first share of a text, to learn from, and the rest, to be judged by."""
    if not 0 < share < 1:
        raise ValueError(f"share must be in (0, 1), got {share}")
    border = int(share * len(text))
    return text[:border], text[border:]


def windows(text: Tensor, sequences: int, length: int, draws: Draws) -> Tensor:
    """Random pieces ``(R, sequences, length)`` of a text ``(characters,)``, each from anywhere."""
    if len(text) < length:
        raise ValueError(f"a text must hold one piece of length={length}, got {len(text)} tokens")
    start = draws.integers("start", len(text) - length + 1, (sequences, 1))
    return text.to(start.device)[start + torch.arange(length, device=start.device)]
