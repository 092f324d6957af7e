"""How fast the plastic tree learns and answers, how large it grows, and how well it foretells.

One thread, the thread's own time, the fastest of some rounds. Exits with 1 where a bar is missed.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from string import ascii_lowercase
from typing import final

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.names import LAST, Names, first_names
from memlab.text.alphabet import Alphabet
from memlab.text.contexts import Contexts, Forest, Rule
from memlab.text.published import PublishedTree
from memlab.text.radix import Radix
from memlab.text.strings import Strings, listed, strung
from memlab.text.tree import chances, copied, expected, learned, planted

ROUNDS = 7
DRAWS = Draws(seed=1, replicates=(0,))
LETTERS = Alphabet.of(ascii_lowercase)
LEARNED = 32_000  # names, as many as makemore's
ASKED = 10_000  # names that queries are taken from
SLOW = (500, 1_000)  # names of the published tree, from which its power is fitted
STRINGS = (1_000, 3_000, 10_000, 30_000, 100_000)
SHORT, LONG = 8, 100  # characters of a string of these, and of those that have many
CHARACTERS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
SHARP = 0.35  # exponent of the chances of random letters: some are much likelier than others
MANY = 500_000  # symbols that are learned only twice
LISTED = 32_469  # names of 2017, some of girls and boys
HELD_OUT = 1_000  # names of makemore's test set
ORDERS = (1, 2, 3, 4, 5)  # of n-grams
BINS = 10  # of chances, as many symbols in each as in another


@final
@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    measured: float
    bar: float | None = None
    least: bool = False  # whether the bar is a lower one
    told: str = ""

    @property
    def held(self) -> bool:
        """Whether there is no bar, or it is reached."""
        if self.bar is None:
            return True
        return self.measured >= self.bar if self.least else self.measured <= self.bar

    def cells(self) -> tuple[str, ...]:
        """For the table."""
        side = "at least" if self.least else "at most"
        bar = "" if self.bar is None else f"{side} {self.bar:g}"
        held = "" if self.bar is None else str(self.held)
        return self.name, f"{self.measured:.3g}", bar, held, self.told


def timed(what: Callable[[], object]) -> float:
    """The thread's own time of a call, s."""
    began = time.thread_time()
    what()
    return time.thread_time() - began


def fastest(what: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Of as many calls, s: others on the machine can only slow them down."""
    return min(timed(what) for _ in range(rounds))


def grown(text: Strings, contexts: Contexts | None = None) -> Forest:
    """A tree that has learned these strings."""
    forest = planted(contexts or Contexts(LETTERS.size), 1)
    learned(forest, Rule(), [text], [torch.ones(text.count, dtype=torch.float64)])
    return forest


def taught(learn: Callable[[str], None], names: Iterable[str]) -> None:
    """Let something in Python learn names one by one."""
    for name in names:
        learn(name)


def published(names: Sequence[str]) -> None:
    """Let a published tree learn names."""
    taught(PublishedTree().learn, names)


def power(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The exponent b of costs a nᵇ, by least squares of their logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def of_learning(names: Sequence[str]) -> list[Row]:
    """32,000 names in C, in a plain Python trie, and as published."""
    text = LETTERS.asked(names)
    mine = fastest(lambda: grown(text))
    radix = fastest(lambda: taught(Radix().learn, names), 3)
    times = [fastest(partial(published, names[:n]), 2) for n in SLOW]
    b = power(SLOW, times)
    ahead = times[-1] * (len(names) / SLOW[-1]) ** b
    told = f"{radix:.3g} s"
    far = f"{times[-1]:.3g} s for {SLOW[-1]:,}, by its n^{b:.2f} {ahead / 60:.0f} min for all"
    return [
        Row("learning 32,000 names, s", mine, 0.15, told=f"{text.lengths.sum():,} symbols"),
        Row("… a radix trie in Python over it", radix / mine, told=told),
        Row("… the published algorithm over it", ahead / mine, told=far),
    ]


def of_queries(names: Sequence[str]) -> list[Row]:
    """The chances of all symbols after every beginning of the names, on the way and alone."""
    forest = copied(grown(LETTERS.asked(names)), in_order=True)
    whole = LETTERS.asked(names[:ASKED])
    asked = listed(way[:k] for way in whole.lists() for k in range(len(way)))
    apart = fastest(lambda: expected(forest, Rule(), [asked], threads=1))
    along = fastest(lambda: expected(forest, Rule(), [whole], every=True, threads=1))
    each = fastest(lambda: chances(forest, Rule(), [whole], threads=1))
    count = len(whole.text)
    return [
        Row("distributions of what comes next, 1/s", count / along, 1e6, least=True),
        Row("… of beginnings each asked alone, 1/s", asked.count / apart, 1e6, least=True),
        Row("… of the symbol that came alone, 1/s", count / each),
    ]


def bytes_of(forest: Forest) -> float:
    """Bytes of its arrays, with the room they have to grow in, per node that is used."""
    arrays = (forest.nodes, forest.traces, forest.slots)
    return sum(one.nbytes for one in arrays) / float(forest.used[0])


def of_growth() -> list[Row]:
    """Time over strings and over characters, and the memory that the largest take."""
    short, long = markov(STRINGS[-1], SHORT), markov(CHARACTERS[-1] // LONG, LONG)
    return [
        *growing("strings", STRINGS, [short.part(0, n) for n in STRINGS]),
        *growing("characters", CHARACTERS, [long.part(0, n // LONG) for n in CHARACTERS]),
    ]


def growing(what: str, sizes: Sequence[int], texts: Sequence[Strings]) -> list[Row]:
    """The exponent of the time of ever more text, and the bytes per node of the largest tree."""
    times = [fastest(partial(grown, t), ROUNDS if len(t.text) < MANY else 2) for t in texts]
    each = ", ".join(f"{n:,}: {t:.2g} s" for n, t in zip(sizes, times, strict=True))
    further = f"; from {sizes[1]:,} on {power(sizes[1:], times[1:]):.2f}"
    forest = grown(texts[-1])
    named = f"exponent of learning time, {sizes[0]:,} to {sizes[-1]:,} {what}"
    return [
        Row(named, power(sizes, times), 1.1, told=each + further),
        Row("… bytes per node there", bytes_of(forest), 64, told=f"{int(forest.used[0]):,} nodes"),
    ]


def markov(count: int, length: int) -> Strings:
    """Random strings of a source in which each letter depends on the one before."""
    generator = np.random.Generator(np.random.PCG64(1))
    letters = len(ascii_lowercase)
    reach = generator.gamma(SHARP, size=(letters, letters)).cumsum(1)
    text = np.zeros((count, length + 1), dtype=np.int32)  # 0 ends each
    state = generator.integers(letters, size=count)
    for place in range(length):
        falls = generator.random(count) * reach[state, -1]
        state = (reach[state] < falls[:, None]).sum(1)
        text[:, place] = state + LETTERS.first
    patterns = torch.from_numpy(text)
    return strung(patterns, torch.ones_like(patterns, dtype=torch.bool))


def of_losses() -> list[Row]:
    """What names of makemore's split cost that were held out, by the tree and by n-grams."""
    rows = Names(sample="makemore", held_out=HELD_OUT).draw(LISTED, DRAWS)[0]
    test, train = (strung(some, ended(some)) for some in (rows[:HELD_OUT], rows[HELD_OUT:]))
    tree = grown(train)
    loss = float(-chances(tree, Rule(), [test])[0].log().mean())
    grams = [loss_of_grams(train, test, order) for order in ORDERS]
    told = ", ".join(f"{n}: {x:.3f}" for n, x in zip(ORDERS, grams, strict=True))
    off, bins = miscalibrated(tree, test)
    return [
        Row("makemore's split of names of 2017, nats per symbol", loss, 2.0),
        Row("… the best n-gram of Witten and Bell", min(grams), told=f"by n = {told}"),
        Row("… observed less expected frequency, worst bin", off, 0.02, told=bins),
    ]


def ended(rows: Tensor) -> Tensor:
    """Where a string still is: up to its first 0, which ends it."""
    return (rows == 0).cumsum(1) - (rows == 0).int() == 0


def loss_of_grams(train: Strings, test: Strings, order: int) -> float:
    """Nats per symbol by contexts of order - 1 symbols, the start among them."""
    rule, contexts = Rule("witten_bell"), Contexts(LETTERS.size, order - 1, order - 1)
    forest = planted(contexts, 1)
    learned(forest, rule, [train], [torch.ones(train.count, dtype=torch.float64)])
    return float(-chances(forest, rule, [test])[0].log().mean())


def miscalibrated(tree: Forest, test: Strings) -> tuple[float, str]:
    """How far the frequency of what had some chance is from it at most, over bins of chances."""
    told = expected(tree, Rule(), [test], every=True)[0]
    came = torch.zeros_like(told)
    came[torch.arange(len(told)), test.text.long()] = 1
    order = told.flatten().argsort(descending=True)
    chance, event = told.flatten()[order], came.flatten()[order]
    # Bins in which as many symbols are expected: what is unlikely is pooled until it is not.
    place = (chance.cumsum(0) / chance.sum() * BINS).long().clamp(max=BINS - 1)
    pairs = [
        (float(chance[place == b].mean()), float(event[place == b].mean())) for b in range(BINS)
    ]
    worst = max(abs(p - f) for p, f in pairs)
    return worst, ", ".join(f"{p:.2f}→{f:.2f}" for p, f in pairs)


def peak() -> Row:
    """The most memory that this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Row("memory at its most, GB", most / 1e9, 3.0)


def main() -> None:
    """Measure and judge."""
    torch.set_num_threads(1)
    names = first_names(LAST, None)[:LEARNED]
    rows = [*of_learning(names), *of_queries(names), *of_losses(), *of_growth(), peak()]
    table = Table("bench", "measured", "bar", "held", "")
    for row in rows:
        table.add_row(*row.cells())
    Console(width=150).print(table)
    sys.exit(not all(row.held for row in rows))


if __name__ == "__main__":
    main()
