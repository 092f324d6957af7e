"""Trees of contexts looked into: the strings they hold, what damage and chance make of them."""

import math
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.text.contexts import ENDLESS, NODE, ROOT, START, TRACE, Forest, Rule
from memlab.text.strings import Strings, listed
from memlab.text.tree import FAINT, learned, planted

SYMBOL, PARENT, LINK = (NODE.index(name) for name in ("symbol", "parent", "link"))
COUNT, PRESENCE, KINDS = (TRACE.index(name) for name in ("count", "presence", "kinds"))

FIRST = 2  # node after the root and the start
NOWHERE, BEYOND = -1, -2  # no node, and no key of one


@final
@dataclass(frozen=True)
class Held:
    """The different strings that a tree has entered from their start, and what each counts."""

    strings: Strings
    counts: Tensor  # (N,) float64


def held(forest: Forest, r: int) -> Held:
    """What the tree of one replicate holds, in the order of its nodes."""
    nodes, counts = forest.nodes[r, : forest.used[r]].long(), _counts(forest, r)
    whole = anchored(nodes, counts > 0)
    # A string that ends where another goes on counts for what does not go on.
    below = torch.zeros_like(counts).index_add_(0, nodes[whole, PARENT], counts[whole])
    last = whole & (counts - below > FAINT)
    ids = last.nonzero().flatten()
    ways = ways_to(nodes, ids, depths(parents(nodes))[ids])
    return Held(ways, (counts - below)[last])


def parting(forest: Forest, r: int, prefixes: Strings) -> Tensor:
    """Whether two ways on or more were learned after a beginning of strings, bool ``(N,)``."""
    nodes, alive = forest.nodes[r, : forest.used[r]].long(), _counts(forest, r) > 0
    alive[:FIRST] = False
    ways = torch.bincount(nodes[alive, PARENT], minlength=len(nodes))
    at = _reached(nodes, alive, prefixes, forest.contexts.symbols)
    return (at != NOWHERE) & (ways[at.clamp(min=ROOT)] > 1)


def relettered(forest: Forest, rule: Rule, draws: Draws, *, ends: bool) -> Forest:
    """Trees of as many strings, as long and of the same symbols, which lie in a random order.

    The last symbols stay where they are. Of trees that do not keep whole strings all get the same
    length, and where strings have ``ends`` each gets one.
    """
    fresh = planted(forest.contexts, len(forest.used))
    texts, weights = [], []
    for r, replicate in enumerate(draws.replicates):
        own = replace(draws, replicates=(replicate,), device=torch.device("cpu"))
        if forest.contexts.whole == ENDLESS:
            known = held(forest, r)
            mixed = Held(_shuffled(known.strings, own), known.counts.contiguous())
        else:
            mixed = _cut(forest, r, own, ends=ends)
        texts.append(mixed.strings)
        weights.append(mixed.counts)
    learned(fresh, rule, texts, weights)
    return fresh


def damaged(nodes: Tensor, traces: Tensor, hit: Tensor) -> Tensor:
    """Traces ``(R, room, 3)`` of which those of the nodes that are hit are gone.

    What came before what is told by the nodes that are left.
    """
    left = torch.where(hit[..., None], 0.0, traces)
    link = nodes[..., LINK].long()
    if not bool(hit.any()) or not bool((link >= 0).any()):
        return left
    kinds = torch.zeros_like(left[..., KINDS])
    linked = (link >= 0) & ~hit
    kinds.scatter_add_(1, link.clamp(min=0), torch.where(linked, left[..., PRESENCE], 0.0))
    left[..., KINDS] = torch.where(hit, 0.0, kinds)
    return left


def _counts(forest: Forest, r: int) -> Tensor:
    return forest.traces[r, : forest.used[r], COUNT] * forest.scale[r]


def _reached(nodes: Tensor, alive: Tensor, prefixes: Strings, symbols: int) -> Tensor:
    """The node that each prefix leads to from the start, ``(N,)``; NOWHERE beyond all paths."""
    keys = torch.where(alive, nodes[:, PARENT] * symbols + nodes[:, SYMBOL], NOWHERE)
    keys, order = keys.sort()
    at = torch.full((prefixes.count,), START)
    for place in range(int(prefixes.lengths.max()) if prefixes.count else 0):
        on = (prefixes.lengths > place).nonzero().flatten()
        text = prefixes.text[prefixes.starts[on] + place].long()
        wanted = torch.where(at[on] == NOWHERE, BEYOND, at[on] * symbols + text)
        found = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
        at[on] = torch.where(keys[found] == wanted, order[found], NOWHERE)
    return at


def parents(nodes: Tensor) -> Tensor:
    """The node above each, ``(N,)``; the root and the start of strings are above themselves."""
    above = nodes[:, PARENT].clamp(min=ROOT)
    above[START] = START
    return above


def anchored(nodes: Tensor, alive: Tensor) -> Tensor:
    """Which nodes are reached from the start of strings, all on the way to them alive."""
    up = torch.where(alive, parents(nodes), ROOT)
    up[START] = START
    found = summits(up) == START
    found[START] = False
    return found


# A way up of L nodes is gone in log L leaps, each as far again as all before it. By numpy: torch's
# threads are slower to wake than a leap takes.


def summits(above: Tensor) -> Tensor:
    """The node where the way up from each ends, which has itself above it."""
    up = above.numpy()
    for _ in range(len(up).bit_length()):
        further = up[up]
        if np.array_equal(further, up):
            break
        up = further
    return torch.from_numpy(up)


def depths(above: Tensor) -> Tensor:
    """How many nodes are above each, ``(N,)``."""
    up = above.numpy()
    depth = (up != np.arange(len(up))).astype(np.int64)
    for _ in range(len(up).bit_length()):
        more = depth[up]
        if not more.any():
            break
        depth, up = depth + more, up[up]
    return torch.from_numpy(depth)


def climbed(above: Tensor, nodes: Tensor, steps: Tensor) -> Tensor:
    """The node that is so many steps above each of some."""
    up, at, left = above.numpy(), nodes.numpy(), steps.numpy()
    while left.any():
        at = np.where(left % 2 == 1, up[at], at)
        up, left = up[up], left // 2
    return torch.from_numpy(at)


def ways_to(nodes: Tensor, last: Tensor, lengths: Tensor) -> Strings:
    """The last so many symbols on the way to each of some nodes, its own among them."""
    starts = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    steps = (starts[1:] - 1).repeat_interleave(lengths) - torch.arange(int(starts[-1]))
    places = climbed(parents(nodes), last.repeat_interleave(lengths), steps)
    return Strings(nodes[places, SYMBOL].int(), starts)


def _shuffled(strings: Strings, draws: Draws) -> Strings:
    inside = torch.ones(len(strings.text), dtype=torch.bool)
    inside[(strings.starts[1:] - 1).clamp(min=0)] = False
    letters = strings.text[inside]
    order = draws.permutation("letters", len(letters))[0].cpu()
    text = strings.text.clone()
    text[inside] = letters[order]
    return Strings(text, strings.starts)


def _cut(forest: Forest, r: int, draws: Draws, *, ends: bool) -> Held:
    """The symbols that were counted in a random order, cut into as many strings."""
    nodes, counts = forest.nodes[r, : forest.used[r]].long(), _counts(forest, r)
    strings = math.ceil(float(counts[START]) - FAINT)
    if strings < 1:
        return Held(listed([]), counts[:0])
    weight, top = float(counts[START]) / strings, nodes[:, PARENT] == ROOT
    often = torch.zeros(forest.contexts.symbols, dtype=counts.dtype)
    often.index_add_(0, nodes[top, SYMBOL], counts[top] / weight)
    often[0] -= strings if ends else 0
    text = torch.arange(len(often)).repeat_interleave(often.round().clamp(min=0).long())
    text = text[draws.permutation("letters", len(text))[0].cpu()]
    each = [[*piece.tolist(), *[0] * ends] for piece in text.tensor_split(strings)]
    return Held(listed(each), torch.full((strings,), weight, dtype=counts.dtype))
