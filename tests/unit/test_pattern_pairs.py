"""Pairs of a key and a value, and the cue that comes with them."""

import pytest
import torch
from pydantic import ValidationError

from memlab.cues import Half
from memlab.draws import Draws
from memlab.patterns.pairs import Pairs

DRAWS = Draws(seed=1, replicates=(0, 1, 2))


def test_every_pair_has_a_key_of_its_own_and_a_value_that_is_no_key():
    pairs = Pairs(keys=10, values=4)
    drawn = pairs.draw(10, DRAWS)
    pairs.space.check(drawn)
    assert torch.equal(drawn[..., 0].sort(1).values, torch.arange(10.0).expand(3, -1))
    assert drawn[..., 1].min() >= 10
    assert len(drawn[..., 1].unique()) == 4


def test_a_pair_depends_neither_on_the_count_nor_on_the_other_replicates():
    alone = Pairs().draw(3, Draws(seed=1, replicates=(2,)))
    assert torch.equal(alone, Pairs().draw(8, DRAWS)[2:, :3])
    assert not torch.equal(alone, Pairs().draw(3, DRAWS)[:1])
    assert Pairs().names(2) == ("pair_0", "pair_1")


def test_more_pairs_than_keys_are_refused():
    with pytest.raises(ValueError, match=r"at most keys=4 items, got 5; raise patterns\.keys"):
        Pairs(keys=4).draw(5, DRAWS)
    with pytest.raises(ValidationError):
        Pairs(values=1)


def test_half_of_a_pair_is_its_key():
    pattern = Pairs().draw(1, DRAWS)[:, 0]
    cue = Half().cue(pattern, pattern, Pairs().space, DRAWS)
    assert torch.equal(cue.values[:, 0, 0], pattern[:, 0])
    assert cue.certain.tolist() == [[[True, False]]] * 3


def test_without_repeat_every_key_has_a_value_of_its_own():
    pairs = Pairs(keys=6, values=8, repeat=False).draw(6, Draws(1, (0, 1, 2)))
    assert all(len(own.unique()) == 6 for own in pairs[..., 1])
    with pytest.raises(ValueError, match="values must be at least keys=6, got 5"):
        Pairs(keys=6, values=5, repeat=False)
