"""Strings as sequences of symbols, and two symbols that no string can contain."""

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias


class Mark(Enum):
    """The start and the end of a string: no character and no number, so no string has them."""

    START = "start"
    END = "end"


String: TypeAlias = str | Sequence[int]
Symbol: TypeAlias = str | int | Mark
Name: TypeAlias = tuple[Symbol, ...]  # a node's: the symbols on the way to it, marks included


def padded(string: String) -> Name:
    """The symbols of a string between its marks."""
    return (Mark.START, *string, Mark.END)


def shared(first: Name, second: Name) -> int:
    """How many symbols two sequences begin with in common."""
    for at, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return at
    return min(len(first), len(second))


def codes(string: String) -> tuple[int, ...]:
    """The symbols as numbers: characters by their code points, numbers as they are."""
    numbers = tuple(map(ord, string)) if isinstance(string, str) else tuple(string)
    if min(numbers, default=0) < 0:
        raise ValueError(f"symbols must be whole numbers from 0, got {min(numbers)}")
    return numbers
