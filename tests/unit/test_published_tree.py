"""The published tree is a radix trie with wrong counts; each of its defects, and what is exact."""

import os
import subprocess
import sys

import numpy as np
import pytest

from memlab.absent import Absent
from memlab.text.published import PublishedTree
from memlab.text.radix import Radix
from memlab.text.symbols import Mark
from tests.unit.first_names import NAMES

FEW = NAMES + NAMES[:20]  # twenty of them twice
ORDERS = {
    "file": FEW,
    "alphabetical": sorted(FEW),
    "short_first": sorted(FEW, key=len),
    "long_first": sorted(FEW, key=len, reverse=True),
    "random": list(np.random.default_rng(1).permutation(FEW)),
    "random_too": list(np.random.default_rng(2).permutation(FEW)),
}
BOTH = pytest.mark.parametrize("counts", ["exact", "published"])


def learned(memory, strings):
    for string in strings:
        memory.learn(string)
    return memory


def written(name):
    return "".join({Mark.START: ">", Mark.END: "_"}.get(symbol, symbol) for symbol in name)


def counts(memory):
    return {written(name): count for name, (count, _) in memory.nodes().items()}


def edges(memory):
    return {(written(parent), written(child)) for parent, child in memory.edges()}


@BOTH
@pytest.mark.parametrize("order", ORDERS)
def test_the_published_tree_is_a_radix_trie_node_by_node_count_by_count(order, counts):
    slow = learned(PublishedTree(counts), ORDERS[order])
    quick = learned(Radix(counts), ORDERS[order])
    assert slow.nodes() == quick.nodes()  # levels too: a level is a depth
    assert len(slow.edges()) == len(slow.nodes()) - 1
    assert edges(slow) == edges(quick)


def test_nodes_are_the_strings_and_the_prefixes_at_which_they_part():
    strings = {f">{name}_" for name in NAMES}
    starts = {string[:at] for string in strings for at in range(len(string))}
    after = {start: {s[len(start)] for s in strings if s.startswith(start)} for start in starts}
    parting = {start for start, following in after.items() if len(following) > 1}
    assert set(counts(learned(Radix(), NAMES))) == strings | parting


def test_structure_and_exact_counts_do_not_depend_on_the_order():
    each = [learned(Radix(), strings) for strings in ORDERS.values()]
    assert all(memory.nodes() == each[0].nodes() for memory in each)
    assert all(edges(memory) == edges(each[0]) for memory in each)


def test_published_counts_depend_on_the_order_and_nothing_else_does():
    each = [learned(Radix("published"), strings) for strings in ORDERS.values()]
    assert all(edges(memory) == edges(each[0]) for memory in each)
    assert len({tuple(sorted(counts(memory).items())) for memory in each}) > 1


@pytest.mark.parametrize("kind", [PublishedTree, Radix])
def test_exactly_counted_a_node_counts_what_its_children_do(kind):
    memory = learned(kind(), FEW)
    count, below = counts(memory), {}
    for parent, child in edges(memory):
        below[parent] = below.get(parent, 0) + count[child]
    assert count == {f">{name}_": FEW.count(name) for name in FEW} | below
    assert count[">"] == len(FEW)


@pytest.mark.parametrize("kind", [PublishedTree, Radix])
def test_as_published_a_node_counts_2_whatever_it_is_put_above(kind):
    strings = ["emma", "emily", "rohan"]
    assert counts(learned(kind("published"), strings))[">"] == 2
    assert counts(learned(kind(), strings))[">"] == 3


def test_as_published_many_internal_counts_are_wrong():
    wrong, right = counts(learned(Radix("published"), FEW)), counts(learned(Radix(), FEW))
    assert all(wrong[name] <= count for name, count in right.items())
    assert sum(wrong[name] < count for name, count in right.items()) > 5


ROOTLESS = ["ana", "anna", "banana", "an", "nan", "hannah", "nana"]


def test_as_published_without_a_start_mark_a_string_that_contains_another_is_orphaned():
    below = {child for _, child in edges(learned(PublishedTree("published", ()), ROOTLESS))}
    assert "banana_" not in below
    assert "hannah_" in below


def test_exactly_tested_no_string_is_orphaned_without_a_start_mark():
    memory = learned(PublishedTree(start=()), ROOTLESS)
    marked = {(p[1:], c[1:]) for p, c in edges(learned(Radix(), ROOTLESS))}
    assert edges(memory) == marked


@BOTH
def test_a_prefix_at_which_no_strings_part_is_not_answered(counts):
    memory = learned(PublishedTree(counts), ["abel", "abena", "anna"])
    assert "".join(memory.infer("abe")) == "abel"
    assert memory.infer("ab") == Absent("'ab' is no node: no two strings learned part there")
    assert isinstance(PublishedTree(counts).infer(""), Absent)


def test_the_same_prefix_gives_the_same_learned_string_every_time():
    memory = learned(PublishedTree(), NAMES[:200])
    answers = {"".join(memory.infer(prefix)) for prefix in ["", "", "a", "a", "em"]}
    assert answers <= set(NAMES[:200])
    assert len(answers) <= 3


def test_inference_follows_the_counts_and_of_equals_the_oldest():
    memory = learned(PublishedTree(), ["rohan", "rehan", "emma"])
    assert "".join(memory.infer("")) == "rohan"
    memory.learn("rehan")
    assert "".join(memory.infer("r")) == "rehan"


def test_a_string_may_begin_another_and_may_contain_any_character():
    memory = learned(PublishedTree(), ["rohan", "roh", ">_", "_", ">", "", "roh"])
    assert counts(memory)[">roh"] == 3
    assert "".join(memory.infer("roh")) == "roh"
    assert "".join(memory.infer(">")) == ">_"
    assert memory.nodes() == learned(Radix(), ["roh", "roh", "", ">", "_", ">_", "rohan"]).nodes()


def test_numbers_are_symbols_as_characters_are():
    spelled = learned(PublishedTree(), NAMES[:50])
    numbered = learned(PublishedTree(), [[ord(c) for c in name] for name in NAMES[:50]])
    assert [*spelled.nodes().values()] == [*numbered.nodes().values()]


def test_levels_are_counted_from_the_root():
    assert learned(Radix(), ["emma", "emily", "rohan", "rehan"]).levels() == [1, 2, 4]
    assert Radix().levels() == []
    assert Radix().nodes() == {}


def test_nothing_depends_on_the_hash_seed():
    said = """
from memlab.text.published import PublishedTree
tree = PublishedTree("published")
for name in "emma emily rohan rehan ava ana".split():
    tree.learn(name)
print(tree.nodes(), tree.edges(), tree.infer(""))
"""
    told = set()
    for seed in "123":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", said]
        told.add(subprocess.check_output(command, env=environment))
    assert len(told) == 1
