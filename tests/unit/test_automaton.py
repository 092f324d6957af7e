"""The minimal automaton accepts its set and nothing else, and has no two equal states."""

from itertools import product

import numpy as np
import pytest

from memlab.text.automaton import minimal
from tests.unit.first_names import NAMES

EVERY = ["".join(letters) for length in range(6) for letters in product("ab", repeat=length)]


def some(seed):
    draws = np.random.default_rng(seed)
    return {string for string in EVERY if draws.random() < draws.choice([0.1, 0.3, 0.7])}


def smallest(strings):
    """How many states are needed: as many as there are different sets of endings."""
    starts = {""} | {string[:at] for string in strings for at in range(len(string) + 1)}
    return len({frozenset(s[len(p) :] for s in strings if s.startswith(p)) for p in starts})


@pytest.mark.parametrize("seed", range(20))
def test_exactly_the_set_is_accepted_with_as_few_states_as_there_are_sets_of_endings(seed):
    strings = some(seed)
    automaton = minimal(strings)
    assert {string for string in EVERY if automaton.accepts(string)} == strings
    assert automaton.count() == len(strings)
    assert len(automaton.states) == smallest(strings)


def test_names_share_their_endings():
    automaton = minimal(NAMES)
    assert max(automaton.in_degrees()) > 10  # no tree
    assert sum(automaton.in_degrees()) == len(automaton.edges())
    assert len(automaton.states) == smallest(set(NAMES))
    assert automaton.count() == len(set(NAMES))


def test_targets_stand_before_their_states_and_only_the_start_is_led_to_by_none():
    automaton = minimal(NAMES)
    assert all(target < state for state, _, target in automaton.edges())
    assert [degree > 0 for degree in automaton.in_degrees()][-2:] == [True, False]
    assert automaton.in_degrees().count(0) == 1


def test_neither_order_nor_repetition_matters():
    assert minimal(NAMES) == minimal(NAMES[::-1] + NAMES)


def test_numbers_are_symbols_as_characters_are():
    automaton = minimal([[3, 0, 0], [1, 0, 0], []])
    assert automaton == minimal(["\3\0\0", "\1\0\0", ""])
    assert automaton.accepts([3, 0, 0])
    assert automaton.accepts([])
    assert not automaton.accepts([3, 0])


def test_the_automaton_of_no_string_accepts_none():
    assert minimal([]).count() == 0
    assert not minimal([]).accepts("")
