"""How many bits describe a set of strings, by codes from which each can be read again.

Every code is of the set: neither order nor repetition is told. Its reader knows the code and the
alphabet of A symbols beforehand and nothing else: how many strings or rules there are is told. A
stream is coded by its own frequencies so far (adaptive, of order 0); an arithmetic coder needs
Σ -log₂ p and at most two bits more. A code of lists that gives all N! orders of the strings the
same bits gives the set log₂ N! fewer, since any of them will do (C. Steinruecken, IEEE Transactions
on Information Theory 61, 1485 (2015)); zlib and LZMA, which are no such codes, get the list sorted.
"""

import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from math import lgamma, log, log2
from typing import TypeAlias

from memlab.text.automaton import Automaton, minimal
from memlab.text.grammar import Grammar, induced
from memlab.text.radix import Radix
from memlab.text.symbols import Mark, String, codes

Strings: TypeAlias = Iterable[String]


def symbols(strings: Strings) -> float:
    """The strings in any order, each symbol and each end of a string at log₂(A + 1) bits."""
    every = _distinct(strings)
    written = len(every) + sum(map(len, every))
    return unordered(len(every)) + written * log2(1 + len(_alphabet(every)))


def adaptive(strings: Strings) -> float:
    """The strings in any order, one stream of A symbols and of ends."""
    every = _distinct(strings)
    counts = Counter(symbol for string in every for symbol in string)
    return unordered(len(every)) + _stream([*counts.values(), len(every)], 1 + len(counts))


def deflated(strings: Strings) -> float:
    """The sorted list as zlib packs it at level 9, whole bytes."""
    return 8 * len(zlib.compress(packable(strings), 9))


def lzma_packed(strings: Strings) -> float:
    """The sorted list as LZMA packs it best, an .xz file, whole bytes."""
    return 8 * len(lzma.compress(packable(strings), preset=9 | lzma.PRESET_EXTREME))


def trie(strings: Strings) -> float:
    """The radix trie, walked from its root, parents first.

    A label is spelled; it stops with the end of a string, or else with "parts here", then come the
    children and "no more". So the set is coded, not its order; the stream has A + 3 symbols.
    """
    every = _distinct(strings)
    memory = Radix()
    for string in every:
        memory.learn(string)
    labels = memory.labels()
    counts = Counter(symbol for label in labels for symbol in label if symbol is not Mark.START)
    parting = sum(label[-1] is not Mark.END for label in labels)
    return _stream([*counts.values(), parting, parting], 3 + len(_alphabet(every)))


def automaton(strings: Strings) -> float:
    """The minimal automaton, walked from its start in depth.

    A state says whether a string may end here, then symbol after symbol its edges, then "no more":
    a stream of A + 2 symbols. After its symbol an edge says whether it leads to a new state, which
    comes at once, or else to which of those that are complete, by how often each was named so far.
    """
    every = _distinct(strings)
    machine = minimal(every)
    edges, states = machine.edges(), len(machine.states)
    counts = Counter(symbol for _, symbol, _ in edges)
    accepting = sum(may_end for may_end, _ in machine.states)
    stream = _stream([*counts.values(), accepting, states], 2 + len(_alphabet(every)))
    fresh = states - 1
    return stream + _stream([fresh, len(edges) - fresh], 2) + _references(machine)


def grammar(strings: Strings) -> float:
    """A Re-Pair grammar: its rules, then the strings in any order, written with them.

    Rule i is two of the A + i symbols it may name, at log₂ each. The strings are one stream of A
    symbols, of rules and of ends. Only the first rules are kept, 0, 1, 2, 4, … or all of them,
    whichever code is the shortest; how many is told.
    """
    every = _distinct(strings)
    whole, known = induced(every), len(_alphabet(every))
    most = len(whole.rules)
    tried = {0, most, *(2**power for power in range(most.bit_length()))}
    return unordered(len(every)) + min(_grammar(whole.cut(rules), known) for rules in tried)


def unordered(count: int) -> float:
    """Bits to say how many strings there are, less those that their order would say: log₂ N!."""
    return _whole(count) - lgamma(count + 1) / log(2)


CODES: dict[str, Callable[[Strings], float]] = {
    "symbols": symbols,
    "adaptive": adaptive,
    "zlib": deflated,
    "lzma": lzma_packed,
    "trie": trie,
    "automaton": automaton,
    "grammar": grammar,
}


def lengths(strings: Strings) -> dict[str, float]:
    """Bits per symbol of the distinct strings, ends not counted, by every code."""
    every = _distinct(strings)
    count = sum(map(len, every))
    return {name: code(every) / count for name, code in CODES.items()}


def _distinct(strings: Strings) -> list[tuple[int, ...]]:
    every = sorted({codes(string) for string in strings})
    if not any(every):
        raise ValueError(f"a description needs a string of one symbol or more, got {every}")
    return every


def _alphabet(strings: list[tuple[int, ...]]) -> list[int]:
    return sorted({symbol for string in strings for symbol in string})


def _whole(number: int) -> int:
    """Bits of a whole number from 0 of any size, by Elias's γ code of the next."""
    return 2 * (number + 1).bit_length() - 1


def _stream(counts: list[int], kinds: int) -> float:
    """Bits of a stream of ``kinds`` symbols of which each occurs so often.

    The next symbol k has p = (n_k + 1/2) / (n + kinds/2), n being counted so far: the product does
    not depend on the order. R. E. Krichevsky and V. K. Trofimov, IEEE Transactions on Information
    Theory 27, 199 (1981).
    """
    each = sum(lgamma(count + 0.5) - lgamma(0.5) for count in counts)
    return (lgamma(sum(counts) + kinds / 2) - lgamma(kinds / 2) - each) / log(2)


def packable(strings: Strings) -> bytes:
    """The sorted list, symbols by their rank from 1 in UTF-8: a byte up to 127. 0 ends a string."""
    every = _distinct(strings)
    rank = {symbol: chr(at) for at, symbol in enumerate(_alphabet(every), 1)}
    text = "".join("".join(rank[symbol] for symbol in string) + chr(0) for string in every)
    return text.encode("utf-8", "surrogatepass")


def _references(machine: Automaton) -> float:
    """Bits to say which complete state each edge leads to that leads to no new one.

    State j has p = (n_j + 1/2) / (n + S/2), n counting such edges and S complete states so far.
    """
    bits, named = 0.0, Counter[int]()
    for before, (target, complete) in enumerate(_led_back(machine)):
        bits -= log2((named[target] + 0.5) / (before + complete / 2))
        named[target] += 1
    return bits


def _led_back(machine: Automaton) -> Iterator[tuple[int, int]]:
    """The target of every edge to a complete state, with how many are complete, in depth."""
    complete = set[int]()
    start = len(machine.states) - 1
    open_states = [(start, iter(machine.states[start][1]))]
    while open_states:
        state, edges = open_states[-1]
        for _, target in edges:
            if target not in complete:
                open_states.append((target, iter(machine.states[target][1])))
                break
            yield target, len(complete)
        else:
            complete.add(state)
            open_states.pop()


def _grammar(written: Grammar, known: int) -> float:
    rules = len(written.rules)
    counts = Counter(symbol for string in written.data for symbol in string)
    told = _whole(rules) + sum(2 * log2(known + rule) for rule in range(rules))
    return told + _stream([*counts.values(), len(written.data)], 1 + known + rules)
