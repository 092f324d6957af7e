"""What the plastic tree in Python refuses, in which words, and that nothing is half learnt then."""

import numpy as np
import pytest

from memlab.text.plastic_tree import BATCH, MOST, PlasticTree
from memlab.text.unlearning import check_learned

MANY = [f"{n:05d}" for n in range(2 * BATCH + 1)]  # more than two batches


def taught(*strings, **settings):
    made = PlasticTree(**settings)
    made.learn_many(strings)
    return made


def state(tree):
    """All that learning changes: the tree's arrays, and the characters it knows."""
    forest = tree._forest
    arrays = forest.nodes[0], forest.traces[0], forest.used, forest.scale
    return tree.symbols, [array.tolist() for array in arrays]


@pytest.fixture(scope="module")
def large():
    return taught(*MANY)


# ---- nothing is half learnt ----


def test_strings_of_which_one_was_not_learned_are_all_kept():
    tree = taught("anna", "hannah")
    before = state(tree)
    with pytest.raises(LookupError, match=r"string 1, 'zzz', counts 0 and is to lose 1"):
        tree.learn_many(["anna", "zzz"], weight=-1)
    assert state(tree) == before


def test_several_batches_of_which_the_last_was_not_learned_are_all_kept(large):
    before = state(large)
    with pytest.raises(LookupError, match=rf"string {len(MANY)}, 'zzz'"):
        large.learn_many([*MANY, "zzz"], weight=-1)
    assert state(large) == before


def test_several_batches_are_unlearned():
    tree = taught(*MANY, "anna")
    assert tree.learn_many(MANY, weight=-1) == len(MANY)
    assert tree.strings() == {"anna": 1.0}


def test_a_string_cannot_be_unlearned_more_often_than_it_was_learned():
    tree = taught("anna", "anna", "bo")
    before = state(tree)
    with pytest.raises(LookupError, match="string 3, 'anna', counts 0"):
        tree.learn_many(["anna", "bo", "anna", "anna"], weight=-1)
    assert state(tree) == before
    tree.learn_many(["anna", "bo", "anna"], weight=-1)
    assert tree.strings() == {}


def test_what_fades_between_is_less_to_unlearn():
    tree = taught(*["anna"] * 3, "bo", decay=0.5)
    before = state(tree)
    assert tree.count("anna") == 0.875
    with pytest.raises(LookupError, match=r"string 2, 'anna', counts 0\.059375"):
        tree.learn_many(["anna", "bo", "anna"], weight=-0.2)
    assert state(tree) == before
    tree.learn_many(["anna", "bo"], weight=-0.2)
    np.testing.assert_allclose([*tree.strings().values()], [0.11875, 0.05])


def unlearned(tree, texts, weight):
    for text in texts:
        tree.unlearn(text, weight)


def test_the_check_and_the_core_agree_on_what_can_be_unlearned():
    random = np.random.default_rng(5)
    for decay in (0.0, 0.1):
        for _ in range(40):
            tree = taught(*random.choice(["a", "ab", "b", "ba"], 12), decay=decay)
            texts, weight = random.choice(["a", "ab", "b"], 5).tolist(), random.choice([0.3, 1.0])
            counts = [tree.count(text) for text in texts]
            alone = PlasticTree(decay=decay)
            alone.alphabet, alone._forest = tree.alphabet, tree._forest
            try:
                check_learned(texts, counts, weight, keep=1 - decay)
            except LookupError:
                with pytest.raises(LookupError):
                    unlearned(alone, texts, weight)
            else:
                unlearned(alone, texts, weight)


def late(*last):
    yield from MANY
    yield from last


def broken():
    yield from MANY
    raise OSError("the disk is gone")


@pytest.mark.parametrize(
    ("strings", "weight", "wrong", "why"),
    [
        (lambda: late("12x"), 1.0, ValueError, rf"string {len(MANY)}, '12x', has 'x'"),
        (lambda: late("12x"), -1.0, ValueError, "has 'x'"),
        (lambda: late(""), 1.0, ValueError, rf"string {len(MANY)} is empty"),
        (lambda: late(12), 1.0, TypeError, rf"string {len(MANY)} is int"),
        (broken, 1.0, OSError, "the disk is gone"),
        (late, float("nan"), ValueError, "weight must be a finite number"),
        (late, 1e308, ValueError, "may count 1e\\+150 at the most"),
        (late, -1.5, LookupError, "string 0, '00000', counts 1 and is to lose 1.5"),
    ],
)
def test_a_late_refusal_leaves_the_tree_as_it_was(large, strings, weight, wrong, why):
    tree = PlasticTree("0123456789")
    tree.learn_many(MANY[:5])
    before = state(tree)
    with pytest.raises(wrong, match=why):
        tree.learn_many(strings(), weight=weight)
    assert state(tree) == before


def test_characters_of_strings_that_are_refused_stay_unknown():
    tree = taught("anna")
    for strings, weight in ((["xy", ""], 1.0), (["xy"], 1e308), (["xy"], -1.0)):
        with pytest.raises((ValueError, LookupError)):
            tree.learn_many(strings, weight=weight)
    assert tree.symbols == ["", "\ufffd", "a", "n"]


def test_counts_never_overflow():
    tree = taught("anna")
    tree.learn("big", MOST / 8)
    before = state(tree)
    for weight in (MOST, 1e308):
        with pytest.raises(ValueError, match="weight must be smaller"):
            tree.learn("big", weight)
    assert state(tree) == before
    assert np.isfinite(tree.surprise("biganna")).all()
    faint = PlasticTree(decay=1 - 2**-53)  # as small as a scale can be
    for _ in range(30):
        faint.learn("big", MOST / 5)
    assert np.isfinite(faint.surprise("biganna")).all()


# ---- in which words ----


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"reach": -5}, "reach must be a whole number of at least -1, got -5"),
        ({"reach": 1025}, "reach must be a whole number of at most 1024, got 1025"),
        ({"reach": 2.5}, "reach must be a whole number of at least -1, got 2.5"),
        ({"discount": 2}, r"discount must be in \[0, 1\], got 2"),
        ({"strength": -1.0}, "strength must be 0 or more and finite, got -1.0"),
        ({"start": float("inf")}, "start must be 0 or more and finite, got inf"),
        ({"start": None}, "start must be 0 or more and finite, got None"),
        ({"decay": "0.1"}, r"decay must be in \[0, 1\), got '0.1'"),
        ({"decay": float("nan")}, r"decay must be in \[0, 1\), got nan"),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings, why):
    with pytest.raises(ValueError, match=f"^{why}"):
        PlasticTree(**settings)


def test_an_alphabet_is_a_string():
    for wrong in (5, ["ab", "c"]):
        with pytest.raises(TypeError, match="an alphabet must be a str of characters, or None"):
            PlasticTree(wrong)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (lambda tree: tree.learn("a", "2"), "weight must be a finite number other than 0, got '2'"),
        (lambda tree: tree.learn("a", 10**400), "weight must be a finite number other than 0"),
        (lambda tree: tree.unlearn("a", "2"), "weight must be a finite number"),
        (lambda tree: tree.fade("1"), r"share must be in \[0, 1\), got '1'"),
        (lambda tree: tree.complete("a", 1.5), "n must be a whole number of at least 1, got 1.5"),
        (lambda tree: tree.complete("a", longest=2.5), "longest must be a whole number"),
        (lambda tree: tree.sample(1.5, seed=1), "n must be a whole number"),
        (
            lambda tree: tree.sample(seed=None),
            "seed must be a whole number of at least 0, got None",
        ),
        (lambda tree: tree.sample(seed=1, top_k=1.5), "top_k must be a whole number .* got 1.5"),
        (lambda tree: tree.sample(seed=1, longest="9"), "longest must be a whole number"),
        (lambda tree: tree.sample(seed=1, temperature="hot"), "temperature must be above 0"),
    ],
)
def test_an_argument_that_cannot_be_is_named(asked, why):
    tree = taught("anna")
    before = state(tree)
    with pytest.raises(ValueError, match=f"^({why})"):
        asked(tree)
    assert state(tree) == before


@pytest.mark.parametrize("name", ["learn_many", "loss", "expected"])
def test_one_string_is_not_taken_for_several(name):
    with pytest.raises(TypeError, match=r"strings must be several, as in \['anna'\], got one"):
        getattr(taught("anna"), name)("anna")


def test_a_prefix_is_a_string():
    for asked in (PlasticTree.following, PlasticTree.complete):
        with pytest.raises(TypeError, match="strings must be str, but string 0 is NoneType"):
            asked(taught("anna"), None)


def test_a_tree_that_knows_no_character_says_so():
    with pytest.raises(ValueError, match="must know a character, and this one knows none"):
        PlasticTree().sample(2, seed=1)
    assert PlasticTree().complete("", 3) == []
    assert all(PlasticTree("ab").sample(9, seed=1))
