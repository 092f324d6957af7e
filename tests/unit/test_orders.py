"""Orders of presentation against Python's own stable sort of the same strings."""

from collections import Counter
from itertools import permutations
from math import log2

import pytest
import torch

from memlab.draws import Draws
from memlab.text.orders import ORDERS, ordered, surprise
from tests.unit.first_names import NAMES

DRAWS = Draws(1, (0, 1, 2))
GIVEN = [NAMES[:90], NAMES[90:180], NAMES[180:270]]  # one list for each replicate


def strings(lists, length=12):
    rows = [[[ord(c) - 96 for c in name.ljust(length, "`")] for name in names] for names in lists]
    return torch.tensor(rows, dtype=torch.float32)


def presented(order, lists=GIVEN):
    indices = ordered(strings(lists), order, DRAWS, ends=True)
    assert indices.dtype == torch.int64
    return [[names[at] for at in row] for names, row in zip(lists, indices.tolist(), strict=True)]


def by(key):
    return [sorted(names, key=key) for names in GIVEN]


def mean_surprise(name, names):
    letters = Counter("".join(names))
    return sum(log2(letters.total() / letters[letter]) for letter in name) / len(name)


def test_as_given_strings_stay_where_they_are():
    assert presented("given") == GIVEN


def test_alphabetical_is_by_the_first_symbol_that_differs_and_a_beginning_comes_first():
    assert presented("alphabetical") == by(None)
    assert presented("alphabetical", [["ab", "a", "b", "aab", "a"]]) == [
        ["a", "a", "aab", "ab", "b"]
    ]


def test_strings_as_long_as_each_other_keep_their_order():
    assert presented("short_first") == by(len)
    assert presented("long_first") == by(lambda name: -len(name))


def test_entropy_paced_is_by_mean_surprise_under_the_letters_of_the_same_replicate():
    expected = [sorted(names, key=lambda n: round(mean_surprise(n, names), 9)) for names in GIVEN]
    assert presented("entropy_paced") == expected


def test_surprise_is_in_bits_and_ends_are_no_letters():
    names = strings([["aab", "a", "ba"]], length=9)[0].long().numpy()
    rare, often = log2(6 / 2), log2(6 / 4)
    expected = [(2 * often + rare) / 3, often, (often + rare) / 2]
    assert surprise(names, names > 0) == pytest.approx(expected)


def test_strings_of_the_same_letters_tie():
    alike = ["".join(letters) for letters in permutations("abcd")]  # sums that differ by 1e-15
    often = 3000 * ["a"] + 700 * ["b"] + 30 * ["c"]
    paced = presented("entropy_paced", [alike + often])[0]
    assert [string for string in paced if len(string) == 4] == alike


def test_random_is_drawn_for_each_replicate_and_drawn_again_alike():
    drawn = ordered(strings(GIVEN), "random", DRAWS, ends=True)
    assert torch.equal(drawn, ordered(strings(GIVEN), "random", DRAWS, ends=True))
    assert not torch.equal(drawn, ordered(strings(GIVEN), "random", DRAWS.at("again"), ends=True))
    assert not torch.equal(drawn[0], drawn[1])
    alone = ordered(strings(GIVEN[1:2]), "random", Draws(1, (1,)), ends=True)
    assert torch.equal(alone[0], drawn[1])


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_presents_each_string_once(order):
    indices = ordered(strings(GIVEN), order, DRAWS, ends=True)
    assert torch.equal(indices.sort(-1).values, torch.arange(90).expand(3, -1))


def test_an_unknown_order_is_refused_and_those_there_are_named():
    with pytest.raises(KeyError, match="'backwards'; there are given, alphabetical, short_first"):
        ordered(strings(GIVEN), "backwards", DRAWS, ends=True)


def test_patterns_with_a_plane_are_ordered_by_their_values_in_reading_order():
    planes = torch.randint(0, 3, (3, 20, 2, 4), generator=torch.Generator().manual_seed(1))
    flat = planes.flatten(2).tolist()
    at = ordered(planes, "alphabetical", DRAWS, ends=False)
    assert at.tolist() == [sorted(range(20), key=rows.__getitem__) for rows in flat]


def test_where_no_end_is_0_is_a_symbol_and_all_patterns_are_as_long():
    planes = torch.tensor([[[[0, 1], [0, 0]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]]])
    for order in ("short_first", "long_first"):
        assert ordered(planes, order, Draws(1, (0,)), ends=False).tolist() == [[0, 1, 2]]
    paced = ordered(planes, "entropy_paced", Draws(1, (0,)), ends=False)
    assert paced.tolist() == [[2, 0, 1]]  # seven of twelve are 0
