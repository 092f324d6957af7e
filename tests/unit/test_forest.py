"""What trees of contexts hold, what is left of them when damaged, and the same letters mixed."""

from collections import Counter

import pytest
import torch

from memlab.draws import Draws
from memlab.text.contexts import Contexts, Rule
from memlab.text.forest import damaged, held, parting, relettered
from memlab.text.strings import listed
from memlab.text.tree import chances, copied, learned, planted
from tests.unit.first_names import NAMES
from tests.unit.texts import counts, grown, plastic, spelled, weighed

SPELLED = [spelled(name) for name in NAMES]
DRAWS = Draws(1, (0,))
ONLY_WHOLE = Contexts(27, -1)


def strings_of(strings):
    parts = [strings.part(n, n + 1).text for n in range(strings.count)]
    return [tuple(one.tolist()) for one in parts]


def told(forest):
    """What a tree holds: counts by string."""
    known = held(forest, 0)
    return dict(zip(strings_of(known.strings), known.counts.tolist(), strict=True))


def hit(forest, share, seed=0):
    drawn = torch.rand(forest.traces.shape[:2], generator=torch.Generator().manual_seed(seed))
    return damaged(forest.nodes, forest.traces, drawn < share)


# ---- what they hold ----


def test_a_tree_holds_the_strings_it_learned_and_how_often():
    heard = SPELLED + SPELLED[:20] + SPELLED[10:15]
    assert told(grown(heard, plastic())) == Counter(map(tuple, heard))


def test_strings_that_begin_others_are_held_without_an_end_too():
    heard = [[1, 2, 3], [1, 2], [1, 2], [1, 2, 3, 4], [2, 2]]
    assert told(grown(heard, plastic())) == Counter(map(tuple, heard))


def test_what_is_held_has_faded_and_what_is_unlearned_is_not_held():
    heard, weights = [SPELLED[0], SPELLED[1], SPELLED[2], SPELLED[1]], [1.0, 1.0, 4.0, -0.25]
    found = told(grown(heard, plastic(), weights=weights, keep=0.5))
    exact = {tuple(SPELLED[0]): 0.125, tuple(SPELLED[2]): 2.0}
    assert found == pytest.approx(exact)


def test_a_blank_tree_holds_nothing():
    assert told(planted(plastic(), 1)) == {}


def test_what_is_held_makes_the_tree_again():
    forest = grown(SPELLED + SPELLED[:40], plastic())
    known = held(forest, 0)
    again = planted(plastic(), 1)
    learned(again, Rule(), [known.strings], [known.counts])
    one, two = copied(forest, in_order=True), copied(again, in_order=True)
    assert torch.equal(one.traces[:, : one.used[0]], two.traces[:, : two.used[0]])


# ---- the same letters mixed ----


def test_mixed_letters_keep_how_many_strings_how_long_which_letters_and_ends():
    forest = grown(SPELLED, plastic())
    before, after = (held(f, 0) for f in (forest, relettered(forest, Rule(), DRAWS, ends=True)))
    assert after.counts.sum() == before.counts.sum()
    mixed, names = strings_of(after.strings), strings_of(before.strings)
    often = [int(count) for count in after.counts]
    lengths = Counter(dict(zip(mixed, often, strict=True)))
    assert Counter(len(s) for s in lengths.elements()) == Counter(map(len, names))
    assert Counter(c for s in lengths.elements() for c in s) == Counter(c for s in names for c in s)
    assert all(s[-1] == 0 and 0 not in s[:-1] for s in mixed)
    assert len(set(mixed) & set(names)) < len(names) / 20


def test_trees_of_the_start_alone_and_blank_ones_can_be_mixed():
    forest = grown(SPELLED, ONLY_WHOLE)
    mixed = relettered(forest, Rule(), DRAWS, ends=True)
    assert held(mixed, 0).counts.sum() == len(SPELLED)
    for contexts in (plastic(), Contexts(27, 4, 4)):
        assert counts(relettered(planted(contexts, 1), Rule(), DRAWS, ends=True)) == {}


@pytest.mark.parametrize("order", [1, 2, 5])
def test_n_grams_mixed_keep_how_many_strings_and_which_letters(order):
    contexts = Contexts(27, order - 1, order - 1)
    forest = grown(SPELLED, contexts)
    before, after = (counts(f) for f in (forest, relettered(forest, Rule(), DRAWS, ends=True)))
    kept = [{path: n for path, n in f.items() if path[1:] == ()} for f in (before, after)]
    assert kept[0] == kept[1]  # of single symbols, and of what the start and root count
    assert (before == after) == (order == 1)


def test_mixed_strings_without_ends_keep_their_length():
    contexts = Contexts(3, 2, 2)
    mixed = relettered(grown([[1, 0, 2, 2]] * 9, contexts), Rule(), DRAWS, ends=False)
    assert counts(mixed)["^",] == 9
    assert counts(mixed)[()] == 36
    assert [counts(mixed)[symbol,] for symbol in range(3)] == [9, 9, 18]


def test_what_has_faded_is_mixed_as_weak_as_it_is():
    contexts = Contexts(27, 1, 1)
    forest = grown(SPELLED[:3], contexts, weights=[0.01] * 3)
    before, after = (counts(f) for f in (forest, relettered(forest, Rule(), DRAWS, ends=True)))
    assert after["^",] == pytest.approx(0.03)
    assert after[()] == pytest.approx(before[()], rel=0.2)


# ---- what damage leaves ----


def test_a_lesion_of_nothing_leaves_every_bit():
    forest = grown(SPELLED, plastic())
    assert torch.equal(hit(forest, 0.0), forest.traces)


def test_a_lesion_of_everything_leaves_nothing():
    forest = grown(SPELLED, plastic())
    assert not hit(forest, 1.1).any()
    forest.traces = hit(forest, 1.1)
    found = chances(forest, Rule(), [listed(SPELLED)])[0]
    assert torch.equal(found, torch.full_like(found, 1 / 27))


def test_after_a_lesion_kinds_are_told_by_what_is_left():
    forest = grown(SPELLED, plastic())
    left, v = hit(forest, 0.3)[0], torch.arange(int(forest.used[0]))
    link, known = forest.nodes[0, v, 2].long(), torch.zeros(len(v), dtype=torch.float64)
    for one in v[link >= 0]:
        known[link[one]] += left[one, 1]
    alive = left[v, 0] > 0
    assert torch.equal(left[v, 2][alive], known[alive])
    assert float(alive.float().mean()) == pytest.approx(0.7, abs=0.03)


def test_a_larger_lesion_foretells_worse():
    forest, whole = grown(SPELLED, plastic()), grown(SPELLED, plastic()).traces
    nats = []
    for share in (0.0, 0.1, 0.3, 0.5):
        forest.traces = whole
        forest.traces = hit(forest, share)
        nats.append(-float(chances(forest, Rule(), [listed(SPELLED)])[0].log().mean()))
    assert nats == sorted(nats)


def test_a_tree_learns_and_unlearns_after_a_lesion():
    forest = grown(SPELLED, plastic())
    forest.traces = hit(forest, 0.5)
    left = [s for s in told(forest) if s[-1] == 0]
    assert 0 < len(left) < len(SPELLED)
    forest = copied(forest)
    learned(forest, Rule(), *weighed(left, [-1.0] * len(left)))
    assert not set(told(forest)) & set(left)
    learned(forest, Rule(), *weighed(SPELLED))
    found = chances(forest, Rule(), [listed(SPELLED)])[0]
    assert bool(((found > 0) & (found <= 1)).all())


# ---- where paths part ----


@pytest.mark.parametrize("contexts", [ONLY_WHOLE, plastic()], ids=["published", "plastic"])
def test_paths_part_where_two_ways_on_were_learned(contexts):
    forest = grown([spelled(name) for name in ("abel", "abena", "anna", "ann")], contexts)
    asked = {"": False, "a": True, "ab": False, "abe": True, "ann": True, "anna": False}
    asked |= {"b": False, "z": False, "abex": False, "abel": False}
    prefixes = listed([spelled(name)[:-1] for name in asked])
    assert parting(forest, 0, prefixes).tolist() == list(asked.values())


def test_nothing_parts_in_a_blank_tree_and_all_symbols_may():
    prefixes = listed([[], [1]])
    assert not parting(planted(Contexts(2, -1), 1), 0, prefixes).any()
    both = grown([[0, 1], [1, 1]], Contexts(2, -1))
    assert parting(both, 0, prefixes).tolist() == [True, False]


def test_paths_that_were_unlearned_do_not_part():
    forest = grown([[1, 0], [2, 0], [2, 0]], ONLY_WHOLE, weights=[1.0, 1.0, -1.0])
    assert not parting(forest, 0, listed([[]])).any()
