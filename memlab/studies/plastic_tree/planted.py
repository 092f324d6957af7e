"""Trees of names: grown, told apart whatever their order, and what they foretold on the way."""

import torch

from memlab.studies.plastic_tree.corpus import LETTERS
from memlab.text.contexts import Contexts, Forest, Rule
from memlab.text.length import unordered
from memlab.text.strings import Strings
from memlab.text.tree import copied, learned, planted


def grown(text: Strings) -> Forest:
    """A tree of these strings."""
    forest = planted(Contexts(LETTERS.size), 1)
    learned(forest, Rule(), [text], [_once(text)])
    return forest


def laid(forest: Forest) -> tuple[bytes, bytes]:
    """All of a tree, laid in an order that is its own."""
    whole = copied(forest, in_order=True)
    used = int(whole.used[0])
    nodes, traces = whole.nodes[0, :used], whole.traces[0, :used]
    return nodes.numpy().tobytes(), traces.numpy().tobytes()


def foretold(text: Strings) -> float:
    """Bits of a list of strings, by what a tree expects that has learned those before.

    A. P. Dawid, Journal of the Royal Statistical Society A 147, 278 (1984).
    """
    forest = planted(Contexts(LETTERS.size), 1)
    (chances,) = learned(forest, Rule(), [text], [_once(text)], foretold=True)
    return float(-chances.log2().sum())


def described(text: Strings) -> float:
    """Bits of the set of these strings, told in any order by a tree while it learns them.

    Of N! orders a sender may choose one to say something else by it, which is why a random order's
    log₂ N! comes off.
    """
    return unordered(text.count) + foretold(text)


def _once(text: Strings) -> torch.Tensor:
    return torch.ones(text.count, dtype=torch.float64)
