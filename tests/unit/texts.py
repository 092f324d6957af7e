"""Strings as symbols, and trees that have learned them, for tests of trees of contexts."""

import numpy as np
import torch

from memlab.text.contexts import ROOT, START, Contexts, Rule
from memlab.text.strings import listed
from memlab.text.tree import learned, planted

LETTERS = 26


def spelled(name):
    """The symbols of a name of small letters, its end among them."""
    return [ord(letter) - ord("a") + 1 for letter in name] + [0]


def random_strings(count, letters, seed, longest=8):
    """Random symbols 1 … letters, and an end."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, longest, count)
    return [[*random.integers(1, letters + 1, length).tolist(), 0] for length in lengths]


def rows(strings):
    """The same as ``(N, L)`` filled up with ends, and what of it is no padding."""
    longest = max(map(len, strings))
    padded = np.array([one + [0] * (longest - len(one)) for one in strings], dtype=np.int64)
    return padded, np.arange(longest) < np.array([[len(one)] for one in strings])


def weighed(strings, weights=None):
    """What ``learned`` takes: the strings, and how much each is worth, of one replicate."""
    each = [1.0] * len(strings) if weights is None else weights
    return [listed(strings)], [torch.tensor(each, dtype=torch.float64)]


def grown(strings, contexts, rule=None, weights=None, keep=1.0):
    """A tree that has learned these strings."""
    forest = planted(contexts, 1)
    learned(forest, rule or Rule(), *weighed(strings, weights), keep=keep)
    return forest


def plastic(letters=LETTERS, reach=6):
    """The contexts of a tree of so many letters and an end."""
    return Contexts(letters + 1, reach)


def paths(forest):
    """By the symbols on the way to it, ``^`` first below the start of strings: every node."""
    nodes = forest.nodes[0, : int(forest.used[0])].tolist()
    found = {ROOT: (), START: ("^",)}
    for v, (symbol, parent, *_) in enumerate(nodes):
        if v not in found:
            found[v] = (*found[parent], symbol)
    return found


def counts(forest):
    """How much every context and the symbol after it were worth."""
    traces = forest.traces[0, :, 0] * forest.scale[0]
    return {path: float(traces[v]) for v, path in paths(forest).items() if traces[v] > 0}
