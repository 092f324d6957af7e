"""Interpolated n-grams of strings: the plain reference that faster memories are measured against.

A string is foretold symbol by symbol, its end (or last place) included. Its start is a context of
its own and never foretold.
"""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

LONGEST = 7  # symbols of an n-gram
NONE = -1  # the id of a context that was never seen


@final
@dataclass(frozen=True)
class WittenBell:
    """P(c|x) = (n(xc) + T(x) P(c|x')) / (n(x) + T(x)), where x' is x without its oldest symbol.

    n counts how often, T how many different symbols followed. I. Witten and T. Bell, IEEE
    Transactions on Information Theory 37, 1085 (1991).
    """

    of_kinds: ClassVar[bool] = False  # whether shorter contexts count kinds of longer ones

    def mixed(self, count: Floats, total: Floats, kinds: Floats, shorter: Floats) -> Floats:
        """The chances in a context from its counts and from the chances in the shorter one."""
        return (count + kinds * shorter) / (total + kinds)


@final
@dataclass(frozen=True)
class KneserNey:
    """P(c|x) = (max(n(xc) - d, 0) + (θ + d T(x)) P(c|x')) / (n(x) + θ).

    In all but the longest contexts n counts the different symbols that stood before xc, so that
    a symbol which follows but one context says little of others; contexts that begin with the start
    have nothing before them and count how often. R. Kneser and H. Ney, ICASSP 1, 181 (1995); with a
    strength θ, Y. W. Teh, ACL 44, 985 (2006).
    """

    discount: float = 0.75  # d, in [0, 1]
    strength: float = 0.0  # θ, above -d

    of_kinds: ClassVar[bool] = True

    def mixed(self, count: Floats, total: Floats, kinds: Floats, shorter: Floats) -> Floats:
        """The chances in a context from its counts and from the chances in the shorter one."""
        kept = np.maximum(count - self.discount, 0)
        return (kept + (self.strength + self.discount * kinds) * shorter) / (total + self.strength)


Law: TypeAlias = WittenBell | KneserNey


@final
@dataclass(frozen=True)
class Level:
    """The contexts of one length and what followed them; a context's id is its place here."""

    contexts: Ints  # (U) ascending keys: the id of all but the last symbol, and that symbol
    pairs: Ints  # (V) ascending keys: the id of a context, and a symbol that followed
    counts: Floats  # (V)
    totals: Floats  # (U) sum of the counts
    kinds: Floats  # (U) different symbols

    def count(self, pairs: Ints) -> Floats:
        """How often these pairs were met."""
        at = places(pairs, self.pairs)
        return np.where(at == NONE, 0.0, self.counts[at])


@final
@dataclass(frozen=True)
class Ngrams:
    """What some strings have taught; a blank alphabet of A symbols is even."""

    symbols: int  # A
    law: Law
    levels: tuple[Level, ...]  # contexts of 0, 1, 2 … symbols

    def chances(self, strings: Ints) -> Floats:
        """The chance of every symbol at each place of ``strings (C, L)``: ``(C, L, A)``."""
        every = np.arange(self.symbols)
        return self._of(strings, np.broadcast_to(every, (*strings.shape, self.symbols)))

    def surprise(self, strings: Ints) -> Floats:
        """-log of the chance that each symbol of ``strings (C, L)`` had: ``(C, L)`` nats."""
        return -np.log(self._of(strings, strings[..., None])[..., 0])

    def _of(self, strings: Ints, asked: Ints) -> Floats:
        """The chances of the symbols ``asked (C, L, Q)`` for at each place."""
        tokens = begun(strings, self.symbols)
        found, ids = np.full(asked.shape, 1 / self.symbols), np.zeros_like(tokens)
        for k, level in enumerate(self.levels):
            ids = places(longer(ids, tokens, self.symbols), level.contexts) if k else ids
            here = ids[:, 1:, None]
            count = level.count(here * self.symbols + asked)
            mixed = self.law.mixed(count, level.totals[here], level.kinds[here], found)
            found = np.where(here == NONE, found, mixed)
        return found


def learned(strings: Ints, valid: Flags, symbols: int, *, order: int, law: Law) -> Ngrams:
    """The n-grams of ``strings (N, L)`` up to this order, where valid."""
    if not 1 <= order <= LONGEST:
        raise ValueError(f"the order of an n-gram must be in 1 … {LONGEST}, got {order}")
    tokens, there = begun(strings, symbols), np.pad(valid, ((0, 0), (1, 0)))
    contexts, ids = [np.zeros(1, dtype=np.int64)], [np.zeros_like(tokens)]
    for _ in range(1, order):
        keys = longer(ids[-1], tokens, symbols)
        contexts.append(np.unique(keys[there & (keys != NONE)]))
        ids.append(places(keys, contexts[-1]))
    levels = []
    for k, known in enumerate(contexts):
        at = there & (ids[k] != NONE)
        if law.of_kinds and k + 1 < order:
            at &= _once(ids[k + 1], tokens, there, symbols)
        levels.append(_level(known, ids[k][at] * symbols + tokens[at], symbols))
    return Ngrams(symbols, law, tuple(levels))


def begun(strings: Ints, symbols: int) -> Ints:
    """Strings ``(N, L)`` with their start, one more symbol, before them: ``(N, L + 1)``."""
    return np.pad(strings, ((0, 0), (1, 0)), constant_values=symbols)


def longer(ids: Ints, tokens: Ints, symbols: int) -> Ints:
    """The keys of the contexts that are one symbol longer than those of these ids, ``(N, L + 1)``.

    The context of a place is the one of the place before and the symbol there.
    """
    keys = np.full_like(tokens, NONE)
    shorter = ids[:, :-1]
    keys[:, 1:] = np.where(shorter == NONE, NONE, shorter * (symbols + 1) + tokens[:, :-1])
    keys[:, 0] = NONE
    return keys


def places(keys: Ints, known: Ints) -> Ints:
    """Where keys stand among ascending ones; NONE for those that do not."""
    at = np.searchsorted(known, keys).clip(max=len(known) - 1)
    return np.where(known[at] == keys, at, NONE)


def _once(ids: Ints, tokens: Ints, there: Flags, symbols: int) -> Flags:
    """One place for each kind of context and follower; every place without such a context."""
    kept: Flags = there & (ids == NONE)
    rows = np.flatnonzero(there & (ids != NONE))
    pairs = ids.reshape(-1)[rows] * symbols + tokens.reshape(-1)[rows]
    _, first = np.unique(pairs, return_index=True)
    kept.reshape(-1)[rows[first]] = True
    return kept


def _level(contexts: Ints, met: Ints, symbols: int) -> Level:
    pairs, often = np.unique(met, return_counts=True)
    of, counts = pairs // symbols, often.astype(np.float64)
    totals, kinds = np.zeros(len(contexts)), np.zeros(len(contexts))
    np.add.at(totals, of, counts)
    np.add.at(kinds, of, 1.0)
    return Level(contexts, pairs, counts, totals, kinds)
