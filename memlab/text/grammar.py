"""A grammar of strings, found by naming the pairs of symbols that occur most often."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

from memlab.text.symbols import String, codes

Pair: TypeAlias = tuple[int, int]
GAP = -1  # stands between strings, and where a symbol was replaced


@final
@dataclass(frozen=True)
class Grammar:
    """Strings over symbols and rules; rule i is symbol ``base + i``, and stands for its pair."""

    base: int  # one more than the largest symbol of the strings
    rules: tuple[Pair, ...]  # each over the symbols and the rules before it
    data: tuple[tuple[int, ...], ...]  # the strings, as written with the rules

    def expanded(self) -> list[tuple[int, ...]]:
        """The strings that the grammar was made of."""
        return list(self.cut(0).data)

    def cut(self, rules: int) -> "Grammar":
        """The same strings with the first so many rules only."""
        meaning: dict[int, tuple[int, ...]] = {}
        for rule, (left, right) in enumerate(self.rules[rules:], self.base + rules):
            meaning[rule] = (*meaning.get(left, (left,)), *meaning.get(right, (right,)))
        data = (tuple(t for s in string for t in meaning.get(s, (s,))) for string in self.data)
        return Grammar(self.base, self.rules[:rules], tuple(data))

    def uses(self) -> list[int]:
        """How often each rule is applied where all the strings are written out."""
        times = [0] * len(self.rules)
        for symbol in (s for string in self.data for s in string if s >= self.base):
            times[symbol - self.base] += 1
        for rule, pair in reversed(list(enumerate(self.rules))):
            for symbol in pair:
                if symbol >= self.base:
                    times[symbol - self.base] += times[rule]
        return times


@final
class _Text:
    """The strings in a row, linked across the gaps that replaced symbols leave."""

    def __init__(self, strings: list[tuple[int, ...]]) -> None:
        self.symbols = [GAP]
        for string in strings:
            self.symbols += [*string, GAP]
        self.before = list(range(-1, len(self.symbols) - 1))
        self.after = list(range(1, len(self.symbols) + 1))
        self.places: defaultdict[Pair, set[int]] = defaultdict(set)  # where each pair begins
        for place in range(len(self.symbols) - 1):
            self._enter(place)
        self.queue: list[tuple[int, Pair]] = []
        self._queue(self.places)

    def most_frequent(self) -> tuple[Pair, list[int]] | None:
        """The pair with most places that do not overlap, of equals the smaller; None with one."""
        while self.queue:
            often, pair = heapq.heappop(self.queue)
            places = self._apart(pair)
            if len(places) == -often:
                return pair, places
            if len(places) > 1:  # it has lost some since it was queued
                heapq.heappush(self.queue, (-len(places), pair))
        return None

    def replace(self, places: list[int], symbol: int) -> None:
        """Write one symbol for the pairs at ``places``, and count the pairs around it anew."""
        changed: set[Pair] = set()
        for place in places:
            right = self.after[place]
            around = self.before[place], place, right
            for old in around:
                self._leave(old)
            self.symbols[place], self.symbols[right] = symbol, GAP
            self.after[place] = self.after[right]
            self.before[self.after[right]] = place
            changed |= {pair for new in around[:2] if (pair := self._enter(new))}
        self._queue(changed)

    def strings(self) -> Iterator[tuple[int, ...]]:
        """What is written now, string by string."""
        string: list[int] = []
        place = self.after[0]
        while place < len(self.symbols):
            if self.symbols[place] == GAP:
                yield tuple(string)
                string = []
            else:
                string.append(self.symbols[place])
            place = self.after[place]

    def _pair(self, place: int) -> Pair | None:
        left, right = self.symbols[place], self.symbols[self.after[place]]
        return None if GAP in {left, right} else (left, right)

    def _enter(self, place: int) -> Pair | None:
        pair = self._pair(place)
        if pair:
            self.places[pair].add(place)
        return pair

    def _leave(self, place: int) -> None:
        pair = self._pair(place)
        if pair:
            self.places[pair].discard(place)

    def _queue(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            if len(self.places[pair]) > 1:
                heapq.heappush(self.queue, (-len(self.places[pair]), pair))

    def _apart(self, pair: Pair) -> list[int]:
        """Where a pair is, without what overlaps: aaa has aa once."""
        places = sorted(self.places[pair])
        if pair[0] != pair[1]:
            return places
        taken: list[int] = []
        for place in places:
            if not taken or self.after[taken[-1]] != place:
                taken.append(place)
        return taken


def induced(strings: Iterable[String]) -> Grammar:
    """The grammar that names the most frequent pair of neighbours until none occurs twice.

    Pairs do not reach across strings; of pairs as frequent the smaller is named. Every change is
    local to the places of a pair, so that the whole takes little more than linear time.
    Re-Pair: N. J. Larsson and A. Moffat, Proceedings of the IEEE 88, 1722 (2000).
    """
    written = [codes(string) for string in strings]
    base = 1 + max((symbol for string in written for symbol in string), default=-1)
    text, rules = _Text(written), list[Pair]()
    while (found := text.most_frequent()) is not None:
        pair, places = found
        text.replace(places, base + len(rules))
        rules.append(pair)
    return Grammar(base, tuple(rules), tuple(text.strings()))
