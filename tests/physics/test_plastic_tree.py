"""Trees of strings as media: what one pass teaches them, what fades, and what they cannot tell."""

import numpy as np
import pytest
import torch

from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.ngram import Ngram
from memlab.substrates.plastic_tree import PlasticTree
from memlab.substrates.plastic_tree_published import PlasticTreePublished
from tests.unit.first_names import NAMES
from tests.unit.texts import spelled

DRAWS, LONGEST = Draws(3, (0,)), 13
SPACE = Space((LONGEST,), 27, ends=True)


def filled(*names):
    """Names as patterns ``(N, L)``."""
    return torch.tensor([spelled(name) + [0] * (LONGEST - 1 - len(name)) for name in names]).float()


ALL = filled(*NAMES)
MIXED = ALL[torch.from_numpy(np.random.default_rng(1).permutation(len(NAMES)))]
LONG = MIXED[(MIXED > 0).sum(-1) > 4]  # what follows their first four symbols is not just the end
FIFTY, OTHERS = LONG[:50], LONG[50:]


def items(values, space=SPACE):
    """Patterns ``(N, L)`` as items of one replicate."""
    return Item(values[None], space.valid(values[None]), torch.ones(1, len(values)))


def taught(medium, values):
    engram = medium.blank(DRAWS)
    medium.study(engram, items(values, medium.space), DRAWS, Meter())
    return engram


def begun(values, given):
    """Cues that give the first symbols."""
    known = (torch.arange(values.shape[-1]) < given).expand(1, *values.shape)
    return Cue(torch.where(known, values, 0.0), known, known)


def answered(medium, engram, cue):
    return medium.read(engram, cue, DRAWS, Meter()).response


def right(medium, engram, values, given=4):
    """The share of strings that are recalled whole from their beginning."""
    decided = SPACE.decide(answered(medium, engram, begun(values, given)))[0]
    return float((decided == values).all(-1).float().mean())


def nats(medium, engram, values):
    """How surprising each symbol of new strings is, on average."""
    found = medium.foretell(engram, values[None], DRAWS, Meter())[0]
    chances = found.gather(-1, values.long()[..., None])[..., 0]
    return -float(chances.log()[medium.space.valid(values)].mean())


# ---- recall ----


@pytest.mark.parametrize(("beam", "least"), [(1, 0.7), (8, 0.4)])
def test_fifty_names_are_recalled_after_one_pass_from_their_first_symbols(beam, least):
    """Posteriors over many ways recall fewer to the last letter: the end gains from every way."""
    medium = PlasticTree(SPACE, beam=beam)
    engram = taught(medium, FIFTY)
    assert right(medium, engram, FIFTY) > least
    assert right(medium, medium.blank(DRAWS), FIFTY) == 0
    assert right(medium, medium.scramble(engram, DRAWS), FIFTY) < 0.1
    assert right(medium, taught(medium, OTHERS[:50]), FIFTY) < 0.15


def test_a_lesion_costs_recall():
    medium = PlasticTree(SPACE)
    engram = taught(medium, FIFTY)
    whole = right(medium, engram, FIFTY)
    medium.lesion(engram, medium.blank(DRAWS), 0.3, DRAWS)
    assert right(medium, engram, FIFTY) < whole - 0.2


def test_with_decay_names_from_before_many_others_are_recalled_worse():
    recalled = []
    for decay in (0.0, 0.05):
        medium = PlasticTree(SPACE, decay=decay)
        engram = taught(medium, torch.cat([FIFTY, OTHERS]))
        recalled.append([right(medium, engram, values) for values in (FIFTY, OTHERS[-20:])])
    (old, new), (faded, fresh) = recalled
    assert old > faded + 0.3
    assert fresh > faded + 0.1
    assert abs(old - new) < 0.2


def test_rest_fades_as_much_as_so_many_presentations():
    medium = PlasticTree(SPACE, decay=0.05)
    engrams = [taught(medium, FIFTY) for _ in range(2)]
    medium.rest(engrams[0], 20, DRAWS, Meter())
    for _ in range(20):
        silent = Item(FIFTY[:1], SPACE.valid(FIFTY[:1]), torch.zeros(1))
        medium.write(engrams[1], silent, DRAWS, Meter())
    assert torch.allclose(*[engram["scale"] for engram in engrams])
    assert torch.equal(*[engram["traces"] for engram in engrams])


def test_a_letter_that_was_heard_wrong_is_corrected():
    medium = PlasticTree(SPACE)
    engram = taught(medium, FIFTY)
    wrong, places = FIFTY.clone(), (FIFTY > 0).sum(-1) // 2
    rows = torch.arange(len(wrong))
    wrong[rows, places] = wrong[rows, places] % 26 + 1
    given = torch.ones((1, *wrong.shape), dtype=torch.bool)
    cue = Cue(wrong[None], given, torch.zeros_like(given))
    decided = SPACE.decide(answered(medium, engram, cue))[0]
    assert float((decided == FIFTY).all(-1).float().mean()) > 0.75


@pytest.mark.parametrize("loud", ["marion", "mariana"])
def test_what_was_more_salient_is_what_a_beginning_brings_to_mind(loud):
    medium, engram = PlasticTree(SPACE), PlasticTree(SPACE).blank(DRAWS)
    for name in ("marion", "mariana"):
        values = filled(name)
        item = Item(values, SPACE.valid(values), torch.tensor([3.0 if name == loud else 1.0]))
        medium.write(engram, item, DRAWS, Meter())
    decided = SPACE.decide(answered(medium, engram, begun(values, 4)))
    assert torch.equal(decided[0, :, :6], filled(loud)[:, :6])


# ---- what comes next ----


@pytest.mark.parametrize(
    "medium", [PlasticTree(SPACE), Ngram(SPACE)], ids=lambda medium: medium.medium
)
def test_after_a_beginning_never_met_every_symbol_has_a_chance(medium):
    engram = taught(medium, FIFTY)
    found = medium.foretell(engram, filled("xqzzxwqx")[None], DRAWS, Meter())
    assert torch.allclose(found.sum(-1), torch.ones(1, 1, LONGEST))
    assert bool((found > 0).all())


def test_new_names_surprise_the_plastic_tree_less_than_the_bigram():
    heard, new = MIXED[60:], MIXED[:60]
    media = [PlasticTree(SPACE), Ngram(SPACE, order=2), Ngram(SPACE, order=1)]
    losses = [nats(medium, taught(medium, heard), new) for medium in media]
    assert losses[0] < losses[1] - 0.1
    assert losses[1] < losses[2] < np.log(27)


@pytest.mark.parametrize("order", [2, 3, 5])
def test_n_grams_of_the_same_letters_mixed_know_little_but_how_frequent_each_is(order):
    heard, new = MIXED[60:], MIXED[:60]
    media = [Ngram(SPACE, order=order), Ngram(SPACE, order=1)]
    own, letters = (nats(medium, taught(medium, heard), new) for medium in media)
    mixed = media[0].scramble(taught(media[0], heard), DRAWS)
    assert nats(media[0], mixed, new) > own + 0.3
    assert abs(nats(media[0], mixed, new) - letters) < 0.6


# ---- a source of known entropy ----

CHAIN, BURNT = Space((40,), 3), 50
CHANCES = np.random.default_rng(7).dirichlet([0.7, 0.7, 0.7], (3, 3))  # of c after a b: [a, b, c]


def spoken(count):
    """Strings of a Markov chain of order two."""
    random, edges = np.random.default_rng(8), CHANCES.cumsum(-1)[..., :-1]
    told = random.integers(0, 3, (count, BURNT + CHAIN.size))
    for place in range(2, BURNT + CHAIN.size):
        below = edges[told[:, place - 2], told[:, place - 1]]
        told[:, place] = (random.random((count, 1)) > below).sum(-1)
    return torch.from_numpy(told[:, BURNT:]).float()


def entropy_rate():
    """Nats per symbol, from the stationary chances of two symbols in a row."""
    pairs = np.full((3, 3), 1 / 9)
    for _ in range(500):
        pairs = np.einsum("ab,abc->bc", pairs, CHANCES)
    return float(-(pairs[..., None] * CHANCES * np.log(CHANCES)).sum())


@pytest.mark.parametrize(
    "medium", [PlasticTree(CHAIN), Ngram(CHAIN, order=3)], ids=lambda medium: medium.medium
)
def test_the_loss_comes_near_the_entropy_rate_of_a_source_of_order_two(medium):
    heard, new = spoken(4000).split([3000, 1000])
    engram = taught(medium, heard)
    chances = medium.foretell(engram, new[None], DRAWS, Meter())[0]
    own = chances.gather(-1, new.long()[..., None])[:, 2:, 0]  # from where two symbols are known
    assert -float(own.log().mean()) == pytest.approx(entropy_rate(), abs=0.02)


def test_contexts_of_one_symbol_cannot_come_near_it():
    heard, new = spoken(4000).split([3000, 1000])
    medium = Ngram(CHAIN, order=2)
    assert nats(medium, taught(medium, heard), new) > entropy_rate() + 0.05


# ---- the published tree ----

KEPT = pytest.mark.parametrize("counts", ["exact", "published"])
ANNES = filled("abel", "abena", "anna", "anne")


def said(engram, medium, prefix):
    """What is answered after a beginning that is certain, ``(L, A)``."""
    return answered(medium, engram, begun(filled(prefix), len(prefix)))[0, 0]


@KEPT
@pytest.mark.parametrize("prefix", ["z", "ab", "anx", "abel"])
def test_where_no_paths_part_the_published_tree_tells_nothing(counts, prefix):
    medium = PlasticTreePublished(SPACE, counts=counts)
    found = said(taught(medium, ANNES), medium, prefix)
    hidden = found[len(prefix) :]
    assert torch.equal(hidden, torch.full_like(hidden, 1 / 27))
    assert found[0, ord(prefix[0]) - 96] == 1


@KEPT
def test_after_the_end_of_a_string_nothing_is_left_to_tell(counts):
    medium = PlasticTreePublished(SPACE, counts=counts)
    cue = begun(filled("abel"), 5)
    found = answered(medium, taught(medium, ANNES), cue)[0, 0]
    assert torch.equal(found, SPACE.as_response(filled("abel"))[0])


@KEPT
def test_where_all_symbols_are_as_likely_one_is_said_too(counts):
    space = Space((3,), 2)
    medium = PlasticTreePublished(space, counts=counts)
    engram = taught(medium, torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))
    cue = begun(torch.zeros(1, 3), 0)
    assert answered(medium, engram, cue)[0, 0].tolist() == [0, 1, 1]


@KEPT
def test_a_blank_published_tree_tells_nothing(counts):
    medium = PlasticTreePublished(SPACE, counts=counts)
    found = said(medium.blank(DRAWS), medium, "")
    assert torch.equal(found, torch.full_like(found, 1 / 27))


@KEPT
def test_where_paths_part_it_says_one_whole_string_and_always_the_same(counts):
    medium = PlasticTreePublished(SPACE, counts=counts)
    engram = taught(medium, torch.cat([ANNES, ANNES[1:2]]))
    found = [said(engram, medium, "a") for _ in range(2)]
    assert torch.equal(*found)
    assert torch.equal(SPACE.decide(found[0]), ANNES[1])
    assert set(found[0].unique().tolist()) == {0.0, 1.0}


def test_new_names_are_impossible_for_the_published_tree():
    medium = PlasticTreePublished(SPACE)
    assert nats(medium, taught(medium, FIFTY), OTHERS) == np.inf


def test_only_what_was_learned_is_ever_said():
    medium = PlasticTreePublished(SPACE)
    engram = taught(medium, FIFTY)
    decided = SPACE.decide(answered(medium, engram, begun(OTHERS, 1)))[0]
    answer = answered(medium, engram, begun(OTHERS, 1))[0]
    known = {tuple(row) for row in FIFTY.tolist()}
    told = [tuple(row) for row in decided[answer[:, -1].amax(-1) == 1].tolist()]
    assert len(told) > 50
    assert set(told) <= known


def test_a_string_that_was_impossible_spoils_the_surprise_of_no_other():
    space = Space((4,), 4, ends=True)
    medium = PlasticTreePublished(space)
    values = torch.tensor([[[1.0, 2, 0, 0], [1, 2, 0, 0], [1, 3, 0, 0], [1, 2, 0, 0]]])
    items = Item(values, space.valid(values), torch.ones(1, 4))
    nats = medium.study(medium.blank(DRAWS.at("blank")), items, DRAWS.at("study"), Meter())
    assert nats.isinf().tolist() == [[False, False, True, False]]
    assert torch.isfinite(nats[0, 3])
