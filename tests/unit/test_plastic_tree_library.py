"""The plastic tree as a library: found by its name, asked in batches, and watched."""

import io
import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import memlab.text
from memlab.app.progress import Terminal
from memlab.text import PlasticTree, plastic_tree, watching
from tests.unit.first_names import NAMES


@pytest.fixture(scope="module")
def tree():
    made = PlasticTree()
    made.learn_many(NAMES)
    return made


def taught(*strings):
    made = PlasticTree()
    made.learn_many(strings)
    return made


def test_many_prefixes_are_asked_at_once(tree):
    prefixes = ["", "a", "zzqx", "日本", *NAMES]
    found = tree.expected(prefixes)
    assert found.shape == (len(prefixes), len(tree.symbols))
    for row, prefix in zip(found, prefixes, strict=True):
        assert dict(zip(tree.symbols, row, strict=True)) == tree.following(prefix)
    np.testing.assert_array_equal(tree.expected(prefixes * 2)[len(prefixes) :], found)
    assert tree.expected([]).shape == (0, len(tree.symbols))


def test_batches_that_are_laid_out_for_reading_are_told_the_same():
    tree, prefixes = taught(*NAMES), [name[:k] for name in NAMES for k in range(4)]
    few = tree.expected(prefixes[:9])
    many = tree.expected(prefixes * (10_000 // len(prefixes) + 1))
    assert tree._read_since
    np.testing.assert_allclose(many[:9], few, rtol=1e-12)


def test_a_character_that_looks_unknown_adds_to_what_is_unknown():
    told = taught("\ufffd", "a").following("")
    assert math.isclose(sum(told.values()), 1.0)


def test_completions_go_on_by_known_characters_alone():
    tree = taught("anna", "bob")
    assert all("\ufffd" not in string for string, _ in tree.complete("", 8))
    assert tree.complete("\ufffd")[0][0].startswith("\ufffd")  # that is how the question begins


@pytest.mark.parametrize("text", ["a" * 10**5, "ab" * 50_000])
def test_a_string_of_a_hundred_thousand_characters_is_looked_into(text):
    tree, began = taught(text, "aab"), time.process_time()
    assert tree.strings() == {"aab": 1.0, text: 1.0}
    assert (tree.count(text), text[:-1] in tree, len(tree)) == (1.0, False, 2)
    assert sum(tree.levels()) == len(tree.to_networkx()) == tree.to_graphviz().count("->") + 1
    assert time.process_time() - began < 20  # some 0.5 s; depth times nodes would be an hour


def test_nothing_depends_on_the_hash_seed():
    said = """
from memlab.text import PlasticTree
tree = PlasticTree()
tree.learn_many("emma emily rohan rehan ava ana zoë".split())
tree.unlearn("ava")
print(tree.symbols, tree.strings(), tree.sample(9, seed=1), tree.complete("", 5))
print(tree.expected(["", "e", "x"]).tolist(), tree.to_graphviz(), tree._forest.nodes.tolist())
"""
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", said],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
        )
        for seed in "12"
    ]
    told = {one.communicate()[0] for one in asked}
    assert all(one.returncode == 0 for one in asked)
    assert len(told) == 1


def test_the_tree_is_imported_on_demand():
    said = """
import sys, memlab.text.symbols
print("torch" in sys.modules, "memlab.text.plastic_tree" in sys.modules)
"""
    assert subprocess.check_output([sys.executable, "-c", said], text=True) == "False False\n"
    assert memlab.text.PlasticTree is plastic_tree.PlasticTree
    with pytest.raises(AttributeError, match=r"'memlab.text' has no attribute 'Other'"):
        memlab.text.Other  # noqa: B018


def test_a_slow_list_shows_how_much_was_read(monkeypatch):
    screen = Terminal(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr(watching, "console", lambda **_: screen)
    seen = []

    def slow():
        yield from NAMES[:7]
        until = time.monotonic() + 10
        while "7/?" not in screen.file.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
        seen.append(screen.file.getvalue())
        yield NAMES[7]

    tree = PlasticTree()
    assert tree.learn_many(slow(), progress=True) == 8
    assert "strings read" in seen[0]
    assert "learned" in screen.file.getvalue().removeprefix(seen[0])
