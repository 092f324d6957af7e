"""Trees of contexts looked into: the strings they hold, what damage and chance make of them."""

import math
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.text.contexts import ENDLESS, NODE, ROOT, START, TRACE, Forest, Rule
from memlab.text.strings import Strings, listed, strung
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
    ways = paths(nodes, last.nonzero().flatten())
    return Held(strung(ways, ways >= 0), (counts - below)[last])


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


def anchored(nodes: Tensor, alive: Tensor) -> Tensor:
    """Which nodes are reached from the start of strings, all on the way to them alive."""
    found = torch.zeros_like(alive)
    found[START] = True
    parent = nodes[:, PARENT].clamp(min=ROOT)
    while True:  # once for every symbol of the longest string
        more = found | (found[parent] & alive)
        more[ROOT] = False
        if torch.equal(more, found):
            found[START] = False
            return found
        found = more


def paths(nodes: Tensor, last: Tensor) -> Tensor:
    """The symbols from the start to each of these nodes, ``(N, L)`` with -1 before it."""
    columns, v = [], last
    while bool((v != START).any()):
        columns.append(torch.where(v == START, -1, nodes[v, SYMBOL]))
        v = torch.where(v == START, v, nodes[v, PARENT])
    return torch.stack(columns[::-1], 1) if columns else last.new_zeros((len(last), 0))


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
