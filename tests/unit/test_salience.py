"""How much items matter: one number, a list, or drawn; and what the medium is handed."""

import pytest
import torch
from pydantic import ValidationError

from memlab.draws import Draws
from memlab.patterns.noise import Random
from memlab.patterns.salience import Spread, drawn

DRAWS = Draws(3, tuple(range(4)))


def test_one_number_serves_every_item():
    assert torch.equal(drawn(2.0, 3, DRAWS), torch.full((4, 3), 2.0))


def test_a_list_gives_each_item_its_own():
    assert drawn((1.0, 2.0, 5.0), 2, DRAWS).tolist() == [[1.0, 2.0]] * 4


def test_a_list_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="one for each of the 3 items, got 2"):
        drawn((1.0, 2.0), 3, DRAWS)


def test_drawn_salience_lies_in_its_range_and_differs_between_replicates_and_items():
    found = drawn(Spread(0.0, 3.0), 50, DRAWS)
    assert 0 < float(found.min()) < 0.3
    assert 2.7 < float(found.max()) <= 3
    assert found.unique().numel() == 200


def test_an_item_keeps_its_salience_when_more_are_drawn():
    few, many = drawn(Spread(0.0, 3.0), 2, DRAWS), drawn(Spread(0.0, 3.0), 9, DRAWS)
    assert torch.equal(few, many[:, :2])


def test_a_mapping_as_yaml_gives_it_is_a_range():
    assert Random(salience={"low": 0.5, "high": 2.0}).salience == Spread(0.5, 2.0)


@pytest.mark.parametrize("wrong", [0.0, -1.0, True, "2", (1.0, 0.0), {"low": 2.0, "high": 1.0}])
def test_what_cannot_be_a_salience_is_refused(wrong):
    with pytest.raises(ValidationError):
        Random(salience=wrong)
