"""Re-Pair by local changes is Re-Pair by counting everything anew; the strings come back."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from memlab.text.grammar import induced
from memlab.text.symbols import codes
from tests.unit.first_names import NAMES


def apart(string, pair):
    places, free = [], 0
    for at, found in enumerate(pairwise(string)):
        if found == pair and at >= free:
            places.append(at)
            free = at + 2
    return places


def named(string, pair, symbol):
    for at in reversed(apart(string, pair)):
        string = (*string[:at], symbol, *string[at + 2 :])
    return string


def counted_anew(strings):
    rules, symbol = [], 1 + max(max(string, default=-1) for string in strings)
    while True:
        often = Counter()
        for string in strings:
            often.update({pair: len(apart(string, pair)) for pair in set(pairwise(string))})
        pair = min(often, key=lambda p: (-often[p], p), default=None)
        if pair is None or often[pair] < 2:
            return rules, strings
        strings = [named(string, pair, symbol) for string in strings]
        rules.append(pair)
        symbol += 1


@pytest.mark.parametrize("seed", range(30))
def test_changing_what_a_rule_touches_is_counting_everything_anew(seed):
    draws = np.random.default_rng(seed)
    letters, longest = draws.integers(1, 4), draws.integers(1, 20)
    strings = [tuple(draws.integers(letters, size=draws.integers(longest))) for _ in range(8)]
    grammar = induced(strings)
    assert ([*grammar.rules], [*grammar.data]) == counted_anew(strings)
    assert grammar.expanded() == strings


def test_expanding_gives_the_strings_back_with_any_number_of_the_rules():
    grammar = induced(NAMES)
    for rules in (0, 1, 50, len(grammar.rules)):
        assert grammar.cut(rules).expanded() == [codes(name) for name in NAMES]
        assert len(grammar.cut(rules).rules) == rules
    assert grammar.cut(len(grammar.rules)) == grammar


def test_every_rule_is_used_twice_or_more_and_no_pair_is_left_that_occurs_twice():
    grammar = induced(NAMES)
    assert len(grammar.rules) > 100
    assert min(grammar.uses()) >= 2
    assert len(set(grammar.rules)) == len(grammar.rules)
    left = Counter(pair for string in grammar.data for pair in set(pairwise(string)))
    assert max(left.values()) == 1


def test_what_overlaps_is_one_pair_and_what_lies_across_strings_is_none():
    assert induced(["aaa"]).rules == ()
    assert induced(["aaaa"]).rules == ((97, 97),)
    assert induced(["ab", "a", "b", "a", "b"]).rules == ()


def test_a_rule_may_stand_for_rules():
    grammar = induced(["abcabc", "abcd"])
    assert grammar.rules == ((97, 98), (101, 99))
    assert grammar.data == ((102, 102), (102, 100))
    assert grammar.uses() == [3, 3]


def test_no_strings_and_empty_strings_have_no_rules():
    assert induced([]).data == ()
    assert induced(["", ""]).data == ((), ())


def test_a_symbol_below_0_is_refused():
    with pytest.raises(ValueError, match="whole numbers from 0, got -1"):
        induced([[1, -1]])
