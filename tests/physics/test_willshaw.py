"""Clipped and additive memories of sparse patterns, against what is known of them."""

import pytest
import torch

from memlab.draws import Draws
from memlab.hebbian.associations import capacity
from memlab.patterns.vectors import Sparse
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.willshaw import Willshaw

DRAWS = Draws(1, (0, 1))
UNITS, ON = 256, 8


def stored(substrate, patterns, salience=1.0):
    """A memory of all patterns ``(R, P, N)``."""
    engram = substrate.blank(DRAWS)
    for values in patterns.unbind(1):
        item = Item(values, torch.ones_like(values, dtype=torch.bool), torch.full((2,), salience))
        substrate.write(engram, item, DRAWS, Meter())
    return engram


def drawn(count):
    return Sparse(units=UNITS, active=ON).draw(count, DRAWS)


def half_given(patterns):
    """Half of the units that are on, none of the others."""
    given = (patterns > 0) & (patterns.cumsum(-1) <= ON // 2)
    return Cue(given.float(), given, given)


def wholly(substrate, engram, patterns):
    """The share of items that half of their units bring back without an error."""
    response = substrate.read(engram, half_given(patterns), DRAWS, Meter()).response
    return float((response == patterns).all(-1).float().mean())


def test_half_of_the_connections_are_made_at_the_capacity_of_a_clipped_memory():
    """Palm 1980: ln 2 (N/k)² patterns fill half of the connections; a pattern makes k² of them."""
    full = round(capacity(UNITS, ON))
    engram = stored(Willshaw(Space((UNITS,))), drawn(full))
    away = ~torch.eye(UNITS, dtype=torch.bool)
    made = engram["weights"][:, away].float().mean(1)
    pairs = ON * (ON - 1) / (UNITS * (UNITS - 1))
    assert made.tolist() == pytest.approx([1 - (1 - pairs) ** full] * 2, rel=0.02)
    assert made.tolist() == pytest.approx([0.5] * 2, rel=0.12)


@pytest.mark.parametrize("rule", ["clipped", "additive"])
def test_few_items_come_back_from_half_and_too_many_do_not(rule):
    substrate, scores = Willshaw(Space((UNITS,)), rule=rule), []
    for share in (0.1, 0.3, 2.0):
        patterns = drawn(round(share * capacity(UNITS, ON)))
        scores.append(wholly(substrate, stored(substrate, patterns), patterns[:, :50]))
    assert scores[0] > 0.9
    assert scores[0] >= scores[1] > scores[2]
    assert scores[2] < 0.1


def test_clipping_holds_more_of_sparse_items_than_counting():
    patterns, found = drawn(400), {}
    for rule in ("clipped", "additive"):
        substrate = Willshaw(Space((UNITS,)), rule=rule)
        found[rule] = wholly(substrate, stored(substrate, patterns), patterns[:, :50])
    assert found["clipped"] > found["additive"] + 0.1


def test_a_clipped_memory_takes_an_item_once_and_an_additive_one_as_often_as_it_is_shown():
    twice = drawn(1).repeat(1, 2, 1)
    once = stored(Willshaw(Space((UNITS,))), twice[:, :1])
    assert torch.equal(stored(Willshaw(Space((UNITS,))), twice)["weights"], once["weights"])
    counted = stored(Willshaw(Space((UNITS,)), rule="additive"), twice, salience=0.5)
    assert float(counted["weights"].max()) == 1.0


def test_nothing_was_stored_and_nothing_answers():
    substrate, patterns = Willshaw(Space((UNITS,)), clamp=False), drawn(2)
    response = substrate.read(substrate.blank(DRAWS), half_given(patterns), DRAWS, Meter()).response
    assert not response.any()


def test_graded_patterns_are_refused():
    with pytest.raises(ValueError, match="willshaw has units of two states"):
        Willshaw(Space((UNITS,), None))
