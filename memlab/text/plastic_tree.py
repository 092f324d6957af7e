"""A tree that learns strings, one pass and no gradients, and tells what comes next."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf, nextafter
from typing import TYPE_CHECKING, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from memlab.checks import check_number, check_whole
from memlab.text import keeping, search
from memlab.text.alphabet import Alphabet
from memlab.text.contexts import ROOT, Contexts, Rule
from memlab.text.drawing import dot, graph
from memlab.text.forest import COUNT, held
from memlab.text.strings import Strings, listed
from memlab.text.tree import FAINT, chances, copied, counted, expected, learned, planted
from memlab.text.twigs import Twigs, twigs
from memlab.text.unlearning import check_learned
from memlab.text.watching import watched

if TYPE_CHECKING:
    import networkx as nx

Floats: TypeAlias = npt.NDArray[np.float64]
BATCH = 10_000  # strings that are learned between two steps of a progress bar
NONZERO = "a finite number other than 0"
SHARE = "in [0, 1)"
FAREST = 1024  # reach
MOST = 1e150  # that all symbols may count: no number overflows, at the least scale there is


@final
class PlasticTree:
    """Names, words, lines: any strings, each potentiating its path and its pieces.

        tree = PlasticTree()
        tree.learn_many(["anna", "anton"])
        tree.complete("an", 2), tree.surprise("hanna"), tree.sample(5, seed=1)

    The model is that of ``memlab.text.tree``: interpolated Kneser-Ney over contexts of up to
    ``reach`` symbols and the whole string so far. ``decay`` is the share of everything before that
    a string takes with it. A declared ``alphabet`` admits these characters alone; without one every
    character is admitted, and one never met counts as any other unknown. Nothing is drawn at random
    but by ``sample``, and results do not depend on the order of learning unless there is decay.
    """

    def __init__(
        self,
        alphabet: str | None = None,
        *,
        reach: int = 6,
        discount: float = 0.75,
        strength: float = 0.8,
        start: float = 6.0,
        decay: float = 0.0,
    ) -> None:
        self.alphabet = Alphabet.of(alphabet)
        self.rule = Rule(
            "kneser_ney",
            check_number("discount", discount, 0, nextafter(1, 2), holds="in [0, 1]"),
            check_number("strength", strength, 0, inf, holds="0 or more and finite"),
            check_number("start", start, 0, inf, holds="0 or more and finite"),
        )
        self.decay = check_number("decay", decay, 0, 1, holds=SHARE)
        reach = check_whole("reach", reach, -1, FAREST)
        self._forest = planted(Contexts(self.alphabet.size, reach), 1)
        self._read_since = False  # whether it lies in the order that is fast to read

    # ---- learning ----

    def learn(self, string: str, weight: float = 1.0) -> None:
        """Count a string so much more; a weight below 0 takes it back, as far as it is there.

        LookupError if it was not learned as much as it is to be unlearned; nothing is changed then.
        """
        self.learn_many([string], weight=weight)

    def learn_many(
        self, strings: Iterable[str], *, weight: float = 1.0, progress: bool = False
    ) -> int:
        """Learn strings in their order; how many. All of them, or none if one cannot be.

        ``progress`` shows how many have been read, for none is learned before all are known, and
        then how far they have been learned. LookupError as in ``learn``, also for a string
        that comes more often than it was learned.
        """
        weight = check_number("weight", weight, -inf, inf, holds=NONZERO)
        if weight == 0:
            raise ValueError(f"weight must be {NONZERO}, got {weight}")
        read = watched(_several(strings), "strings read", shown=progress)
        text = self._readied(self.alphabet.checked(read), weight)
        parts = [text.part(n, min(n + BATCH, text.count)) for n in range(0, text.count, BATCH)]
        for part in watched(parts, f"learned, {BATCH:,} at a time", shown=progress):
            weights = torch.full((part.count,), weight, dtype=torch.float64)
            learned(self._forest, self.rule, [part], [weights], keep=1 - self.decay)
        self._read_since = False
        return text.count

    def unlearn(self, string: str, weight: float = 1.0) -> None:
        """Take back what learning a string did; LookupError if it was not learned as much."""
        self.learn(string, -check_number("weight", weight, -inf, inf, holds=NONZERO))

    def fade(self, share: float) -> None:
        """Let everything lose a share of its count, as if time had passed."""
        self._forest.scale *= 1 - check_number("share", share, 0, 1, holds=SHARE)
        self._forest = copied(self._forest)

    # ---- what it expects ----

    def count(self, string: str) -> float:
        """How much a string was learned; 0 if never."""
        found = float(counted(self._forest, [self.alphabet.asked([string])])[0])
        return found if found > FAINT else 0.0

    def surprise(self, string: str) -> Floats:
        """Nats of each symbol of a string and of its end, given those before."""
        return -np.log(self._chances([string])[0])

    def probability(self, string: str) -> float:
        """Of the whole string, its end among it."""
        return float(np.exp(-self.surprise(string).sum()))

    def loss(self, strings: Iterable[str]) -> float:
        """Nats per symbol, ends among them, over all strings."""
        each = self._chances(_several(strings))
        if not each:
            raise ValueError("there must be a string at least, got none")
        return float(-np.log(np.concatenate(each)).mean())

    def following(self, prefix: str) -> dict[str, float]:
        """The chance of every character after a prefix; "" stands for the end."""
        row = self._expected([self.alphabet.beginning(prefix)])[0]
        return self.alphabet.told(row.tolist())

    @property
    def symbols(self) -> list[str]:
        """What may come next: "", which is the end, � for all that is unknown, each character."""
        return self.alphabet.names

    def expected(self, prefixes: Iterable[str]) -> Floats:
        """The chances of all ``symbols`` after each prefix, ``(N, A)``: ``following`` of many."""
        text = self.alphabet.begun(_several(prefixes))
        self._settle(text.count)
        threads = None if text.count >= BATCH else 1
        return expected(self._forest, self.rule, [text], threads=threads)[0].numpy()

    def complete(self, prefix: str, n: int = 1, *, longest: int = 100) -> list[tuple[str, float]]:
        """The n likeliest strings that begin like this, with the chance of each to go on so.

        Fewer where there are no more; they go on by characters that are known.
        """
        begin, never = self.alphabet.beginning(prefix), self.alphabet.unknown
        found = search.likeliest(self._expected, begin, n, longest=longest, never=never)
        return [(prefix + self._rest(string, begin), chance) for string, chance in found]

    def sample(
        self,
        n: int = 1,
        *,
        seed: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        prefix: str = "",
        longest: int = 100,
    ) -> list[str]:
        """Strings drawn symbol by symbol, the same for the same seed.

        Chances are taken to the power 1 / temperature, and of the ``top_k`` largest alone. One that
        would be longer than ``longest`` stops there. A tree that knows no character has nothing to
        say: ValueError. One that learned nothing of a declared alphabet draws all alike.
        """
        if not self.alphabet.characters:
            raise ValueError(
                "a tree that speaks must know a character, and this one knows none: let it learn "
                "a string, or declare an alphabet"
            )
        begin = self.alphabet.beginning(prefix)
        draws = np.random.Generator(np.random.PCG64(check_whole("seed", seed, 0)))
        taste = search.Taste(temperature, top_k, longest, self.alphabet.unknown)
        drawn = search.drawn(self._expected, begin, draws, n, taste)
        return [prefix + self._rest(string, begin) for string in drawn]

    # ---- what it is made of ----

    def __len__(self) -> int:
        """How many different strings it holds."""
        return held(self._forest, 0).strings.count

    def __contains__(self, string: str) -> bool:
        return self.count(string) > 0

    @property
    def nodes(self) -> int:
        """Nodes in memory, each a context and the symbol after it."""
        return int(self._forest.used[0])

    @property
    def bytes(self) -> int:
        """Of memory that its nodes and what finds them take."""
        f = self._forest
        each = sum(one[0, 0].numel() * one.element_size() for one in (f.nodes, f.traces))
        return self.nodes * each + f.slots.numel() * f.slots.element_size()

    def strings(self) -> dict[str, float]:
        """Every string that it holds, by alphabet, with its count."""
        known = held(self._forest, 0)
        texts = [self.alphabet.spelled(one) for one in known.strings.lists()]
        return dict(sorted(zip(texts, known.counts.tolist(), strict=True)))

    def twigs(self) -> Twigs:
        """Its radix form: where strings part, the labels between, levels and counts."""
        return twigs(self._forest)

    def levels(self) -> list[int]:
        """How many nodes of the radix form lie at each level."""
        return torch.bincount(self.twigs().level).tolist()

    def to_networkx(self) -> "nx.DiGraph[int]":
        """The radix form as a graph: prefix, level and count of a node, label of an edge."""
        return graph(self.twigs(), self.alphabet)

    def to_graphviz(self) -> str:
        """The radix form in the DOT language, edges as wide as what went through them."""
        return dot(self.twigs(), self.alphabet)

    # ---- files ----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to one .npz file, or nothing."""
        self._forest, self._read_since = copied(self._forest), False  # so that both go on alike
        keeping.save(path, self._forest, self.rule, self.decay, self.alphabet)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "PlasticTree":
        """Read what was saved; ValueError if the file is not whole."""
        forest, rule, decay, alphabet = keeping.load(path)
        tree = cls(decay=decay)
        tree.alphabet, tree.rule, tree._forest = alphabet, rule, forest
        return tree

    def _readied(self, texts: list[str], weight: float) -> Strings:
        """Checked strings as symbols; raises if they cannot be learned with that weight."""
        if weight < 0:
            text = self.alphabet.ended(texts)
            counts = counted(self._forest, [text])[0].tolist()
            check_learned(texts, counts, -weight, keep=1 - self.decay)
            return text
        self._check_total(texts, weight)
        self.alphabet.take_in(texts)
        self._forest.contexts = replace(self._forest.contexts, symbols=self.alphabet.size)
        return self.alphabet.ended(texts)

    def _check_total(self, texts: Sequence[str], weight: float) -> None:
        """Refuse what would make counts overflow."""
        before = float(self._forest.traces[0, ROOT, COUNT] * self._forest.scale[0])
        total = before * (1 - self.decay) + weight * (len(texts) + sum(map(len, texts)))
        if total > MOST:
            raise ValueError(
                f"all symbols together may count {MOST:g} at the most, but would count {total:g}: "
                f"weight must be smaller, got {weight:g}"
            )

    def _chances(self, strings: Iterable[str]) -> list[Floats]:
        text = self.alphabet.asked(strings)
        self._settle(text.count)
        flat = chances(self._forest, self.rule, [text], threads=1)[0].numpy()
        return np.split(flat, text.starts[1:-1].numpy()) if text.count else []

    def _expected(self, prefixes: list[list[int]]) -> Tensor:
        """The chances of all symbols after each prefix, ``(N, A)``."""
        self._settle(len(prefixes))
        return expected(self._forest, self.rule, [listed(prefixes)], threads=1)[0]

    def _rest(self, string: list[int], begin: list[int]) -> str:
        return self.alphabet.spelled(string[len(begin) :])

    def _settle(self, count: int) -> None:
        """Lay the tree out for reading, where many questions are asked of one."""
        if not self._read_since and count >= BATCH:
            self._forest, self._read_since = copied(self._forest, in_order=True), True


def _several(strings: Iterable[str]) -> Iterable[str]:
    """Strings; one alone is refused, whose characters would be taken for strings."""
    if isinstance(strings, str):
        raise TypeError(f"strings must be several, as in [{strings!r}], got one")
    return strings
