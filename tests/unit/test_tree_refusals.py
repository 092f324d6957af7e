"""What trees of contexts refuse, and that nothing is half learned then."""

import pytest
import torch

from memlab.text.compiled import address
from memlab.text.contexts import Contexts, Rule
from memlab.text.strings import Strings
from memlab.text.tree import chances, completed, learned, planted
from tests.unit.first_names import NAMES
from tests.unit.texts import counts, plastic, spelled, weighed

HEARD = [spelled(name) for name in NAMES[:3]]


def test_symbols_outside_the_alphabet_are_refused_and_nothing_is_learned():
    forest = planted(Contexts(4), 1)
    for wrong in (4, -1):
        with pytest.raises(ValueError, match="every symbol in its alphabet"):
            learned(forest, Rule(), *weighed([[1, 2], [3, wrong]]))
    assert counts(forest) == {}


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(weight):
    forest = planted(plastic(), 1)
    with pytest.raises(ValueError, match="weights must be finite numbers"):
        learned(forest, Rule(), *weighed(HEARD[:2], [1.0, weight]))
    assert counts(forest) == {}


def test_every_string_needs_a_weight():
    with pytest.raises(ValueError, match="a weight for each of 3 strings, got 2"):
        learned(planted(plastic(), 1), Rule(), *weighed(HEARD[:3], [1.0, 1.0]))


def test_strings_that_do_not_lie_in_order_are_refused():
    jumbled = Strings(torch.tensor([1, 2, 3], dtype=torch.int32), torch.tensor([0, 3, 2]))
    with pytest.raises(ValueError, match="a tree must be whole"):
        chances(planted(plastic(), 1), Rule(), [jumbled])


def test_evidence_must_be_of_every_symbol_and_tree():
    with pytest.raises(ValueError, match=r"must be of 1 trees and 27 symbols, got \(1, 1, 3, 26\)"):
        completed(planted(plastic(), 1), Rule(), torch.ones(1, 1, 3, 26), beam=2, ends=True)


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (torch.zeros(4), "text must be contiguous int32 on the CPU, got float32"),
        (torch.zeros(4, dtype=torch.int64), "got int64"),
        (torch.zeros(8, dtype=torch.int32)[::2], r"contiguous.*got int32 with strides \(2,\)"),
    ],
)
def test_arrays_of_another_type_or_with_gaps_are_refused(array, told):
    with pytest.raises(ValueError, match=told):
        address("text", array, torch.int32)
