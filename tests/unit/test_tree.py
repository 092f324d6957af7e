"""Trees of contexts in C against plain references: what they count, expect, forget and hold."""

from collections import Counter

import pytest
import torch

from memlab.space import Space
from memlab.substrates.ngram import Ngram
from memlab.text import tree
from memlab.text.contexts import Contexts, Rule
from memlab.text.ngrams import KneserNey, WittenBell
from memlab.text.ngrams import learned as reference
from memlab.text.published import PublishedTree
from memlab.text.radix import Radix
from memlab.text.strings import listed
from memlab.text.symbols import Mark
from memlab.text.tree import chances, completed, copied, expected, learned, planted
from tests.unit.first_names import NAMES
from tests.unit.texts import counts, grown, paths, plastic, random_strings, rows, spelled, weighed

SPELLED = [spelled(name) for name in NAMES]
HEARD, ASKED = SPELLED[::2] + SPELLED[:30], SPELLED[1::2]  # fifteen of them twice
RANDOM = random_strings(300, 3, seed=1), random_strings(60, 3, seed=2)
CORPORA = pytest.mark.parametrize(
    ("heard", "asked", "symbols"), [(HEARD, ASKED, 27), (*RANDOM, 4)], ids=["names", "random"]
)
ORDERS = pytest.mark.parametrize("order", range(1, 8))
WITTEN_BELL, KNESER_NEY = Rule("witten_bell"), Rule("kneser_ney")
PUBLISHED = Contexts(27, -1)


# ---- what comes next ----


def foretold_alike(medium, law, heard, asked, symbols):
    forest = grown(heard, medium.contexts, medium.rule)
    found = expected(forest, medium.rule, [listed(asked)], every=True)[0]
    known = reference(*rows(heard), symbols, order=medium.order, law=law)
    padded, there = rows(asked)
    return torch.allclose(found, torch.from_numpy(known.chances(padded)[there]), rtol=0, atol=1e-12)


@ORDERS
@CORPORA
def test_an_n_gram_expects_what_witten_and_bell_do(order, heard, asked, symbols):
    medium = Ngram(Space((9,), symbols, ends=True), order=order)
    assert foretold_alike(medium, WittenBell(), heard, asked, symbols)


@ORDERS
@CORPORA
@pytest.mark.parametrize(("discount", "strength"), [(0.75, 0.8), (0.4, 0.0)])
def test_an_n_gram_expects_what_kneser_and_ney_do(order, heard, asked, symbols, discount, strength):
    space = Space((9,), symbols, ends=True)
    constants = {"discount": discount, "strength": strength}
    medium = Ngram(space, order=order, law="kneser_ney", **constants)
    assert foretold_alike(medium, KneserNey(discount, strength), heard, asked, symbols)


@pytest.mark.parametrize("rule", [WITTEN_BELL, KNESER_NEY], ids=lambda rule: rule.law)
def test_chances_are_those_of_the_symbols_that_stand_there(rule):
    forest, asked = grown(HEARD, plastic(), rule), listed(ASKED)
    every = expected(forest, rule, [asked], every=True)[0]
    alone = chances(forest, rule, [asked])[0]
    assert torch.allclose(alone, every[torch.arange(len(every)), asked.text.long()], rtol=1e-12)
    assert torch.allclose(every.sum(-1), torch.ones(len(every), dtype=torch.float64))
    assert bool((every > 0).all())  # of strings that were never heard


def test_what_follows_a_string_is_what_is_foretold_at_its_next_place():
    forest = grown(HEARD, plastic())
    prefixes = [name[:3] for name in ASKED if len(name) > 3]
    places = listed([name[:4] for name in ASKED if len(name) > 3])
    every = expected(forest, Rule(), [places], every=True)[0]
    assert torch.equal(expected(forest, Rule(), [listed(prefixes)])[0], every[3::4])


def test_a_string_is_foretold_before_it_is_learned():
    forest, told = planted(plastic(), 1), []
    for name in HEARD[:40]:
        told.append(chances(forest, Rule(), [listed([name])])[0])
        learned(forest, Rule(), *weighed([name]))
    found = learned(planted(plastic(), 1), Rule(), *weighed(HEARD[:40]), foretold=True)[0]
    assert torch.allclose(found, torch.cat(told), rtol=1e-12)


def test_no_symbol_means_anything_of_its_own():
    """Not the end either: 0 and all others may change places."""
    other = torch.randperm(27, generator=torch.Generator().manual_seed(3)).tolist()
    renamed = [[[other[symbol] for symbol in name] for name in names] for names in (HEARD, ASKED)]
    found = chances(grown(renamed[0], plastic()), Rule(), [listed(renamed[1])])[0]
    known = chances(grown(HEARD, plastic()), Rule(), [listed(ASKED)])[0]
    assert torch.equal(found, known)


def test_a_blank_tree_holds_all_symbols_alike():
    found = expected(planted(plastic(), 1), Rule(), [listed([[], [1, 2]])])[0]
    assert torch.equal(found, torch.full((2, 27), 1 / 27, dtype=torch.float64))


def test_a_long_pattern_can_be_completed():
    """Its chance is no number that a double can hold."""
    forest = grown(RANDOM[0], Contexts(4, 3))
    found, _ = completed(forest, Rule(), torch.ones(1, 1, 900, 4), beam=4, ends=False)
    assert torch.allclose(found.sum(-1), torch.ones(1, 1, 900))
    assert set(found[0, 0].unique().tolist()) != {0.25}


# ---- what is counted ----


def same(one, other):
    """Whether two trees are, bit for bit, when their nodes lie in order."""
    one, other = copied(one, in_order=True), copied(other, in_order=True)
    used = int(one.used[0])
    return torch.equal(one.nodes[:, :used], other.nodes[:, :used]) and torch.equal(
        one.traces[:, :used], other.traces[:, :used]
    )


def pieces(strings, reach, weights=None, keep=1.0):
    """Every context as far as it reaches, or from the start on, with the symbol after it."""
    found = Counter()
    for string, weight in zip(strings, weights or [1.0] * len(strings), strict=True):
        for piece in found:
            found[piece] *= keep
        found[("^",)] += weight
        for end in range(1, len(string) + 1):
            found["^", *string[:end]] += weight
            for size in range(min(reach + 1, end) + 1):
                found[tuple(string[end - size : end])] += weight
    return {piece: count for piece, count in found.items() if abs(count) > 1e-12}


@pytest.mark.parametrize("reach", [0, 2, 6])
def test_every_context_counts_what_it_was_met(reach):
    assert counts(grown(HEARD, plastic(reach=reach))) == pieces(HEARD, reach)


def test_counts_are_sums_of_weights_that_fade():
    strings = random_strings(80, 2, seed=5, longest=5)
    weights = [(0.25, 1.0, 2.5, 0.0)[n % 4] for n in range(len(strings))]
    found = counts(grown(strings, Contexts(3, 3), weights=weights, keep=0.9))
    assert found == pytest.approx(pieces(strings, 3, weights, 0.9), rel=1e-9)


def test_a_negative_weight_takes_away_what_was_learned():
    strings, gone = HEARD[:60], [HEARD[7], HEARD[20], HEARD[7]]
    weights = [2.0] * 60 + [-0.5, -2.0, -1.5]
    found = counts(grown(strings + gone, plastic(), weights=weights))
    assert found == pytest.approx(pieces(strings + gone, 6, weights), rel=1e-9)


def test_a_node_counts_what_its_children_do():
    strings = random_strings(200, 3, seed=6)
    weights = [0.1 + (n % 7) / 3 for n in range(200)]
    found, below = counts(grown(strings, plastic(3), weights=weights, keep=0.97)), Counter()
    for path, count in found.items():
        if path not in ((), ("^",)):
            below[path[:-1]] += count
    whole = [path for path in found if path[-1:] != (0,) and (path[:1] == ("^",) or len(path) < 7)]
    assert [found[path] for path in whole] == pytest.approx([below[path] for path in whole])


def test_a_tree_that_unlearned_is_one_that_never_learned():
    forest, never = grown(HEARD, plastic()), grown(HEARD[:50], plastic())
    learned(forest, Rule(), *weighed(HEARD[50:], [-1.0] * len(HEARD[50:])))
    found, known = (chances(f, Rule(), [listed(ASKED)])[0] for f in (forest, never))
    assert torch.allclose(found, known, rtol=1e-12)
    assert same(forest, never)


def test_fractions_that_were_learned_can_all_be_unlearned():
    forest = grown([HEARD[0]] * 4, plastic(), weights=[0.3, -0.1, -0.1, -0.1])
    learned(forest, Rule(), *weighed([HEARD[1]] * 6, [0.1, 0.2, 0.3, -0.3, -0.2, -0.1]))
    assert set(counts(forest)) <= {(), ("^",)}  # which keep what rounding left


@pytest.mark.parametrize("wrong", ["zoe", "an", "mia"])
def test_what_was_not_learned_as_much_is_not_unlearned(wrong):
    forest = grown([spelled("anna"), spelled("mia")], plastic(), weights=[1.0, 0.5])
    before = copied(forest)
    with pytest.raises(LookupError, match="but string 0 was not"):
        learned(forest, Rule(), *weighed([spelled(wrong)], [-1.0]))
    assert torch.equal(copied(forest).traces, before.traces)


def test_the_beginning_of_a_string_without_an_end_is_not_unlearned():
    forest = grown([[1, 2, 3]], plastic())
    with pytest.raises(LookupError, match="but string 1 was not"):
        learned(forest, Rule(), *weighed([[1, 2, 3], [1, 2]], [1.0, -1.0]))
    assert counts(forest)["^", 1, 2] == 2


def test_links_lead_to_the_same_without_the_oldest_symbol():
    forest = grown(HEARD, plastic())
    names = paths(forest)
    links = forest.nodes[0, : int(forest.used[0]), 2].tolist()
    linked = {v: link for v, link in enumerate(links) if link >= 0}
    assert all(names[link] == names[v][1:] for v, link in linked.items())
    assert {names[v][1:] for v in names if v not in linked} - {()} == {
        path[1:] for path in names.values() if path[:1] == ("^",) and len(path) > 8
    }


# ---- order and room ----


@pytest.mark.parametrize("other", [sorted(HEARD), HEARD[::-1]], ids=["sorted", "backwards"])
def test_in_order_trees_do_not_depend_on_the_order_of_learning(other):
    assert same(grown(HEARD, plastic()), grown(other, plastic()))


@pytest.mark.parametrize("room", [2, 64])
def test_a_tree_that_had_to_grow_expects_what_one_with_room_does(room):
    small, large = planted(plastic(), 1, room), planted(plastic(), 1, 20_000)
    for forest in (small, large):
        learned(forest, Rule(), *weighed(HEARD))
    assert torch.equal(*[chances(f, Rule(), [listed(ASKED)])[0] for f in (small, large)])


def test_what_is_learned_at_once_is_copied_seldom_and_leaves_little_room(monkeypatch):
    copies, forest = [], planted(plastic(), 1)
    monkeypatch.setattr(tree, "copied", lambda *given: copies.append(0) or copied(*given))
    learned(forest, Rule(), *weighed(HEARD))
    used = int(forest.used[0])
    assert len(copies) <= 4  # from 64 nodes to some 2,500
    assert forest.nodes.shape[1] < 2 * used


def test_strings_that_come_one_by_one_find_room_for_half_as_many_more():
    forest = planted(plastic(), 1)
    for name in HEARD:
        learned(forest, Rule(), *weighed([name]))
    assert forest.nodes.shape[1] < 1.5 * int(forest.used[0]) + 100


def test_replicates_learn_apart():
    both = planted(plastic(), 2)
    strings, ones = [listed(HEARD[:30]), listed(HEARD[30:90])], torch.ones(60).double()
    learned(both, Rule(), strings, [ones[:30], ones])
    found = chances(both, Rule(), [listed(ASKED)] * 2, threads=2)
    for alone, own in zip((HEARD[:30], HEARD[30:90]), found, strict=True):
        assert torch.equal(chances(grown(alone, plastic()), Rule(), [listed(ASKED)])[0], own)


# ---- as published ----


def ways_on(memory):
    """By the prefixes at which paths part: how likely each symbol is, by the counts of nodes."""
    count, found = {name: count for name, (count, _) in memory.nodes().items()}, {}
    for parent, child in memory.edges():
        symbol = 0 if child[len(parent)] is Mark.END else child[len(parent)]
        found.setdefault(parent, {})[symbol] = count[child]
    return {parent[1:]: ways for parent, ways in found.items()}


@pytest.mark.parametrize("kind", [PublishedTree, Radix])
@pytest.mark.parametrize("kept", ["exact", "published"])
def test_where_paths_part_the_published_tree_expects_by_the_counts_of_its_nodes(kind, kept):
    names = (NAMES + NAMES[:20])[:: 3 if kind is PublishedTree else 1]
    memory, strings = kind(kept), [spelled(name) for name in names]
    for string in strings:
        memory.learn(string[:-1])
    rule = Rule("published") if kept == "published" else Rule("kneser_ney", 0.0, 0.0, 0.0)
    ways = ways_on(memory)
    found = expected(grown(strings, PUBLISHED, rule), rule, [listed(ways)])[0]
    for row, children in zip(found, ways.values(), strict=True):
        total = sum(children.values())
        exact = {symbol: count / total for symbol, count in children.items()}
        assert {s: p for s, p in enumerate(row.tolist()) if p} == pytest.approx(exact)
