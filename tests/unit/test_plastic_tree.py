"""The plastic tree in Python: what it learns, expects and says, and how it is kept."""

import math

import networkx as nx
import numpy as np
import pytest

from memlab.text.plastic_tree import PlasticTree
from tests.unit.first_names import NAMES


@pytest.fixture(scope="module")
def tree():
    made = PlasticTree()
    made.learn_many(NAMES)
    return made


def taught(*strings, **settings):
    made = PlasticTree(**settings)
    made.learn_many(strings)
    return made


def same(one, other, strings):
    return all(np.array_equal(one.surprise(s), other.surprise(s)) for s in strings)


def test_it_holds_what_it_was_told_as_often_as_it_was_told():
    tree = taught("anna", "an", "anna", "bo")
    assert tree.strings() == {"an": 1.0, "anna": 2.0, "bo": 1.0}
    assert (len(tree), "an" in tree, "ann" in tree, tree.count("x")) == (3, True, False, 0.0)


def test_after_every_prefix_chances_sum_to_1_and_none_is_0(tree):
    for prefix in ("", "a", "zzqx", NAMES[0], "日本"):
        chances = tree.following(prefix)
        assert math.isclose(sum(chances.values()), 1.0)
        assert min(chances.values()) > 0


def test_the_surprise_of_a_string_is_that_of_its_symbols_in_their_places(tree):
    each = [tree.following("anna"[:k])[("anna"[k : k + 1])] for k in range(5)]
    np.testing.assert_allclose(tree.surprise("anna"), -np.log(each), rtol=1e-12)
    assert math.isclose(tree.probability("anna"), math.prod(each))
    assert math.isclose(tree.loss(["anna"]), -np.log(each).mean())


def test_order_does_not_matter():
    backwards = PlasticTree("".join(sorted({*"".join(NAMES)})))
    forwards = PlasticTree("".join(sorted({*"".join(NAMES)})))
    backwards.learn_many(NAMES[::-1])
    forwards.learn_many(NAMES)
    assert same(backwards, forwards, NAMES)
    assert backwards.strings() == forwards.strings()


def test_what_is_unlearned_was_never_learned():
    letters = "".join(sorted({*"".join(NAMES)}))
    once, without = PlasticTree(letters), PlasticTree(letters)
    once.learn_many(NAMES)
    once.unlearn(NAMES[3])
    without.learn_many([name for n, name in enumerate(NAMES) if n != 3])
    assert same(once, without, NAMES)
    assert once.strings() == without.strings()


def test_unlearning_what_was_not_learned_changes_nothing():
    tree = taught("anna")
    before = tree.surprise("anna")
    for string in ("ann", "annab", "bo"):
        with pytest.raises(LookupError, match="must have been learned as often"):
            tree.unlearn(string)
    with pytest.raises(LookupError):
        tree.unlearn("anna", 1.5)
    assert np.array_equal(tree.surprise("anna"), before)


def test_a_potentiation_may_be_a_fraction_and_fade():
    tree = taught("anna", "bo")
    tree.learn("bo", 0.5)
    assert tree.count("bo") == 1.5
    tree.fade(0.5)
    assert (tree.count("bo"), tree.count("anna")) == (0.75, 0.5)
    assert taught("anna", "bo", "bo", decay=0.5).strings() == {"anna": 0.25, "bo": 1.5}


def test_what_has_faded_wholly_takes_no_room():
    tree = taught("anna", *["bo"] * 200, decay=0.3)
    tree.fade(0.1)
    assert "anna" not in tree
    assert tree.nodes < taught("anna", "bo").nodes


def test_the_likeliest_completions_are_the_likeliest_of_all(tree):
    small = taught("aab", "ab", "aab", "b")
    found = small.complete("a", 3)
    every = [x + y for x in ("a", "aa", "ab") for y in ("", "a", "b", "ab", "bb", "ba", "aa")]
    whole = {s: small.probability(s) for s in every}
    begun = small.following("")["a"]
    best = sorted(whole, key=lambda s: -whole[s])[:3]
    assert [string for string, _ in found] == best
    np.testing.assert_allclose([p for _, p in found], [whole[s] / begun for s in best])
    assert [p for _, p in tree.complete("m", 8)] == sorted(
        (p for _, p in tree.complete("m", 8)), reverse=True
    )


def test_an_unseen_beginning_is_completed(tree):
    assert tree.complete("zzq")[0][0].startswith("zzq")


def test_samples_follow_their_seed(tree):
    assert tree.sample(20, seed=1) == tree.sample(20, seed=1) != tree.sample(20, seed=2)
    assert all(one.startswith("mar") for one in tree.sample(5, seed=1, prefix="mar"))
    assert max(map(len, tree.sample(50, seed=1, longest=4))) <= 4


def test_samples_are_drawn_as_often_as_they_are_likely():
    tree = taught("a", "a", "a", "b", alphabet="ab")
    drawn = tree.sample(4000, seed=3)
    for string in ("a", "b", "aa"):
        expected = tree.probability(string) / (1 - tree.following("")[""])  # none is empty
        assert abs(drawn.count(string) / 4000 - expected) < 4 * math.sqrt(expected / 4000)


def test_the_likeliest_symbols_alone_are_left_by_top_1_and_by_the_cold(tree):
    assert len({*tree.sample(20, seed=5, top_k=1)}) == 1
    cold, warm = tree.sample(200, seed=5, temperature=0.3), tree.sample(200, seed=5)
    assert tree.loss(cold) < tree.loss(warm) < tree.loss(tree.sample(200, seed=5, temperature=3.0))


def test_the_radix_form_parts_where_strings_do():
    tree = taught("anna", "anton", "bo", "an")
    graph = tree.to_networkx()
    assert nx.is_arborescence(graph)
    prefixes = {one["prefix"]: one["count"] for _, one in graph.nodes(data=True)}
    assert prefixes == {"": 4.0, "an": 1.0, "anna": 1.0, "anton": 1.0, "bo": 1.0}
    labels = sorted(label for _, _, label in graph.edges(data="label"))
    assert labels == ["an", "bo∎", "na∎", "ton∎", "∎"]
    assert tree.levels() == [1, 2, 3]
    inner = [n for n in graph if graph.out_degree(n)]
    assert all(
        math.isclose(graph.nodes[n]["count"], sum(graph.nodes[c]["count"] for c in graph[n]))
        for n in inner
    )


def test_graphviz_gets_every_edge():
    tree = taught('say "hi"', "sad")
    text = tree.to_graphviz()
    assert text.startswith("digraph")
    assert text.count("->") == len(tree.to_networkx().edges)
    assert r'"y \"hi\"∎"' in text


def test_any_character_may_be_learned():
    odd = ["<end>", "_", "^$", "\0", "日本", "a\nb", "🙂", "\ufffd"]
    assert taught(*odd).strings() == dict.fromkeys(sorted(odd), 1.0)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda: taught("a", ""), "string 1 is empty"),
        (lambda: taught("ab", "ax", alphabet="ab"), r"string 1, 'ax', has 'x'"),
        (lambda: PlasticTree("aba"), "'a' more than once"),
        (lambda: PlasticTree(""), "a character or more"),
        (lambda: PlasticTree(decay=1.0), r"decay must be in \[0, 1\), got 1"),
        (lambda: taught("a").learn("a", float("nan")), "weight must be a finite number"),
        (lambda: taught("a").learn("a", 0), "weight must be a finite number"),
        (lambda: taught("a").fade(1.0), r"share must be in \[0, 1\)"),
        (lambda: taught("a").sample(0, seed=1), "n must be a whole number of at least 1, got 0"),
        (lambda: taught("a").sample(1, seed=1, temperature=0.0), "temperature must be above 0"),
        (
            lambda: taught("a").sample(1, seed=1, top_k=0),
            "top_k must be a whole number of at least 1",
        ),
        (lambda: taught("a").complete("a", 0), "n must be a whole number of at least 1, got 0"),
        (lambda: taught("a").loss([]), "a string at least"),
    ],
)
def test_what_cannot_be_is_refused(wrong, why):
    with pytest.raises(ValueError, match=why):
        wrong()


def test_a_list_with_a_wrong_string_teaches_nothing():
    tree = taught("anna")
    with pytest.raises(ValueError, match="string 2 is empty"):
        tree.learn_many(["bo", "carl", ""])
    with pytest.raises(TypeError, match="string 1 is int"):
        tree.learn_many(["bo", 3])
    with pytest.raises(TypeError, match="several"):
        tree.learn_many("bo")
    assert tree.strings() == {"anna": 1.0}
    assert "b" not in tree.following("")


def test_a_tree_that_was_kept_is_the_same_tree(tmp_path):
    tree = taught(*NAMES, "日本", decay=0.01, reach=4)
    tree.save(tmp_path / "tree.npz")
    again = PlasticTree.load(tmp_path / "tree.npz")
    assert same(tree, again, [*NAMES[:30], "new"])
    assert tree.strings().keys() == again.strings().keys()
    for one in (tree, again):
        one.learn("another")
    assert same(tree, again, ["another", "日本"])


def test_a_file_that_is_not_whole_is_refused(tmp_path):
    file = tmp_path / "tree.npz"
    taught(*NAMES).save(file)
    whole = file.read_bytes()
    for cut in range(0, len(whole), max(len(whole) // 40, 1)):
        file.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="must be a tree that memlab saved"):
            PlasticTree.load(file)
    file.write_text("no tree")
    with pytest.raises(ValueError, match="must be a tree that memlab saved"):
        PlasticTree.load(file)
    with pytest.raises(FileNotFoundError):
        PlasticTree.load(tmp_path / "none.npz")


def test_a_flipped_byte_never_gives_another_tree(tmp_path, tree):
    file = tmp_path / "tree.npz"
    tree.save(file)
    whole, generator = file.read_bytes(), np.random.default_rng(1)
    for at in generator.integers(len(whole), size=200):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            again = PlasticTree.load(file)
        except ValueError:
            continue
        assert same(tree, again, NAMES[:5])
