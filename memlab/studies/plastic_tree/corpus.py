"""The names that trees are grown from, in an order of each replicate's own."""

from string import ascii_lowercase

from memlab.draws import Draws
from memlab.patterns.names import LAST, first_names
from memlab.text.alphabet import Alphabet
from memlab.text.strings import Strings

LETTERS = Alphabet.of(ascii_lowercase)


def all_names() -> tuple[str, ...]:
    """Of all years, each once."""
    return first_names(None, None)


def names_of_a_year() -> tuple[str, ...]:
    """Of the last year, each once, in the order of the list: those of most girls first."""
    return tuple(dict.fromkeys(first_names(LAST, None)))


def taken(names: tuple[str, ...], count: int, draws: Draws) -> list[str]:
    """So many in the random order of one replicate."""
    return [names[k] for k in draws.permutation("order", len(names))[0, :count].tolist()]


def written(names: list[str]) -> Strings:
    """As symbols, with their ends."""
    return LETTERS.asked(names)
