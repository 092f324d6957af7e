"""Trees of contexts in C: what strings leave in them, what comes next, how patterns go on.

A node is a context and the symbol after it; every string is entered from its start, and from each
of its places as far as ``reach`` goes. Contexts back off to shorter ones by interpolation, with
values v of the symbols after a context x, x' without its oldest symbol, and 1/A below all:

    kneser_ney   P(c|x) = (v_c - d min(1, v_c) + (s + Σ d min(1, v)) P(c|x')) / (Σ v + s)
    witten_bell  P(c|x) = (n_c + T P(c|x')) / (Σ n + T),  T how many n are not 0
    published    P(c|x) = n_c / Σ n,  n counted only from when paths part at a node

v are counts n where x is the longest context or begins a string, and else of how many symbols x c
came after. Counts are exact sums of weights; they fade all alike.
R. Kneser and H. Ney, ICASSP (1995); I. Witten and T. Bell, IEEE Trans. Inf. Theory 37, 1085
(1991); S. Chen and J. Goodman, Computer Speech & Language 13, 359 (1999).
"""

from typing import Any

import torch
from torch import Tensor

from memlab.native import ffi, lib, team_of
from memlab.text.compiled import address, check, dims_of, rule_of, tree_of
from memlab.text.contexts import NODE, TRACE, Contexts, Forest, Rule
from memlab.text.strings import Strings

SMALLEST = 64  # nodes there is room for
FAINT = 1e-9  # a count below this is forgotten when trees are copied


def planted(contexts: Contexts, replicates: int, room: int = SMALLEST) -> Forest:
    """Trees that know nothing."""
    forest = _bare(contexts, replicates, room)
    for r in range(replicates):
        check(lib.ml_tree_clear(dims_of(forest), tree_of(forest, r)))
    return forest


def learned(
    forest: Forest,
    rule: Rule,
    strings: list[Strings],
    weights: list[Tensor],
    *,
    keep: float = 1.0,
    foretold: bool = False,
) -> list[Tensor]:
    """Let the tree of each replicate learn its strings, one after the other, in place.

    ``weights`` are float64, one a string: below 0 unlearns, 0 learns nothing. ``keep`` is what each
    string leaves of all that was before it. Gives the chance each symbol was given just before its
    string was learned, where that is to be ``foretold``. LookupError names the first string that is
    to be unlearned and was not learned as much; those before it are done.
    """
    chances = [torch.ones(len(one.text), dtype=torch.float64) for one in strings]
    for r, own in enumerate(strings):
        _check_weights(weights[r], own.count)
        done, held = 0, int(forest.used[r])
        while done < own.count:
            rest = own.part(done, own.count)
            into = chances[r][int(own.starts[done]) :] if foretold else None
            status, more = _learn(forest, r, rule, rest, weights[r][done:], keep, into)
            done += more
            if status == lib.ML_ABSENT:
                raise LookupError(
                    f"what is unlearned must have been learned as often, but string {done} was not"
                )
            if status == lib.ML_FULL:
                _grow(forest, own, done, int(forest.used[r]) - held)
            else:
                check(status)
    return chances


def counted(forest: Forest, strings: list[Strings]) -> list[Tensor]:
    """How much each string was learned that ends where it ends, float64, one tensor a replicate."""
    found = [torch.empty(one.count, dtype=torch.float64) for one in strings]
    for r, own in enumerate(strings):
        status = lib.ml_tree_counts(
            dims_of(forest),
            tree_of(forest, r),
            ffi.new("ml_strings *", (own.count, 1, 0)),
            address("starts", own.starts, torch.int64),
            address("text", own.text, torch.int32),
            address("counts", found[r], torch.float64),
        )
        check(status)
    return found


def chances(
    forest: Forest, rule: Rule, strings: list[Strings], *, threads: int | None = None
) -> list[Tensor]:
    """The chance of each symbol where it stands, float64, one tensor a replicate."""
    found = [torch.empty(len(one.text), dtype=torch.float64) for one in strings]
    for r, own in enumerate(strings):
        _read(lib.ml_tree_chances, forest, r, rule, own, found[r], every=True, threads=threads)
    return found


def expected(
    forest: Forest,
    rule: Rule,
    strings: list[Strings],
    *,
    every: bool = False,
    threads: int | None = None,
) -> list[Tensor]:
    """The chances of all symbols after each string ``(N, A)``, or at ``every`` place of them."""
    wide = forest.contexts.symbols
    rows = [len(one.text) if every else one.count for one in strings]
    found = [torch.empty((count, wide), dtype=torch.float64) for count in rows]
    for r, own in enumerate(strings):
        _read(lib.ml_tree_foretell, forest, r, rule, own, found[r], every=every, threads=threads)
    return found


def completed(
    forest: Forest,
    rule: Rule,
    evidence: Tensor,
    *,
    beam: int,
    ends: bool,
    threads: int | None = None,
) -> tuple[Tensor, Tensor]:
    """What patterns are likely to be, ``(R, N, L, A)``: the posterior over the best ``beam`` ways.

    And the likeliest of these ways, ``(R, N, L)`` int32.

    ``evidence (R, N, L, A)`` float32 is how likely what is seen at a place is for each symbol; no
    place may rule out all. With ``ends`` symbol 0 ends a pattern and fills the rest.
    """
    replicates, count, length, symbols = evidence.shape
    if (replicates, symbols) != (len(forest.used), forest.contexts.symbols):
        raise ValueError(
            f"evidence must be of {len(forest.used)} trees and {forest.contexts.symbols} symbols, "
            f"got {tuple(evidence.shape)}"
        )
    found = torch.empty_like(evidence)
    likeliest = torch.empty((replicates, count, length), dtype=torch.int32)
    run = ffi.new("ml_completion *", (count, length, beam, int(ends), team_of(0, threads)))
    work = torch.empty((run.threads, lib.ml_tree_work(dims_of(forest), run)), dtype=torch.float64)
    for r in range(replicates):
        status = lib.ml_tree_complete(
            dims_of(forest),
            tree_of(forest, r),
            rule_of(rule),
            run,
            address("evidence", evidence[r], torch.float32),
            address("chances", found[r], torch.float32),
            address("likeliest", likeliest[r], torch.int32),
            address("work", work, torch.float64),
        )
        check(status)
    return found, likeliest


def copied(
    forest: Forest, room: int = 0, *, faint: float = FAINT, in_order: bool = False
) -> Forest:
    """The same trees without what is worth less than that, in arrays with room for more nodes.

    ``in_order`` they lie breadth first and by symbol, whatever the order they were learned in, and
    are twice as fast to read.
    """
    fresh = _bare(forest.contexts, len(forest.used), max(room, int(forest.used.max())))
    work = torch.empty(2 * int(forest.used.max()), dtype=torch.int32)
    for r in range(len(forest.used)):
        status = lib.ml_tree_copy(
            dims_of(forest),
            tree_of(forest, r),
            faint,
            int(in_order),
            dims_of(fresh),
            tree_of(fresh, r),
            address("work", work, torch.int32),
        )
        check(status)
    return fresh


def _bare(contexts: Contexts, replicates: int, room: int) -> Forest:
    team_of(0, None)  # says so if the library is not built
    slots = 1 << (4 * room // 3).bit_length()
    return Forest(
        contexts,
        torch.zeros((replicates, room, len(NODE)), dtype=torch.int32),
        torch.zeros((replicates, room, len(TRACE)), dtype=torch.float64),
        torch.zeros((replicates, slots), dtype=torch.int32),
        torch.zeros(replicates, dtype=torch.int64),
        torch.ones(replicates, dtype=torch.float64),
    )


def _grow(forest: Forest, strings: Strings, done: int, gained: int) -> None:
    """Forget what has faded, and make room for the next string and for more.

    What is still to come gains no more than as much per symbol as what is ``done`` has: room for it
    all spares copies. But the first few symbols say little, and nobody knows what comes later: it
    is half as much again at least, and four times as much at most.
    """
    used, next_one = int(forest.used.max()), len(strings.part(done, done + 1).text)
    before = int(strings.starts[done])
    further = gained * (len(strings.text) - before) // max(before, 1)
    longest = next_one * (min(forest.contexts.reach + 1, next_one) + 1)
    fresh = copied(forest, used + min(max(further, used // 2), 3 * used) + longest)
    forest.nodes, forest.traces, forest.slots = fresh.nodes, fresh.traces, fresh.slots
    forest.used, forest.scale = fresh.used, fresh.scale


def _learn(
    forest: Forest,
    r: int,
    rule: Rule,
    strings: Strings,
    weights: Tensor,
    keep: float,
    chances: Tensor | None,
) -> tuple[int, int]:
    """The status, and how many strings were learned."""
    done = ffi.new("int32_t *")
    work = torch.empty(forest.contexts.reach + 2, dtype=torch.int32)
    status = lib.ml_tree_learn(
        dims_of(forest),
        tree_of(forest, r),
        rule_of(rule),
        ffi.new("ml_strings *", (strings.count, 1, 1)),
        address("starts", strings.starts, torch.int64),
        address("text", strings.text, torch.int32),
        address("weights", weights, torch.float64),
        keep,
        ffi.NULL if chances is None else address("chances", chances, torch.float64),
        done,
        address("work", work, torch.int32),
    )
    return status, done[0]


def _read(
    verb: Any,
    forest: Forest,
    r: int,
    rule: Rule,
    strings: Strings,
    found: Tensor,
    *,
    every: bool,
    threads: int | None,
) -> None:
    team = team_of(0, threads)
    work = torch.empty((team, forest.contexts.reach + 2), dtype=torch.int32)
    status = verb(
        dims_of(forest),
        tree_of(forest, r),
        rule_of(rule),
        ffi.new("ml_strings *", (strings.count, team, int(every))),
        address("starts", strings.starts, torch.int64),
        address("text", strings.text, torch.int32),
        address("chances", found, torch.float64),
        address("work", work, torch.int32),
    )
    check(status)


def _check_weights(weights: Tensor, count: int) -> None:
    if len(weights) != count:
        raise ValueError(f"there must be a weight for each of {count} strings, got {len(weights)}")
