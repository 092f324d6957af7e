"""Recurrent cells as media of strings: what they foretell, learn and say."""

import pytest
import torch

from memlab.cues_of_strings import Prefix
from memlab.draws import Draws
from memlab.foretelling.chances import foretold
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from tests.contract.conftest import substrate_of

DRAWS = Draws(4, (0, 1))
SPACE = Space((7,), 5, ends=True)
WORDS = torch.tensor([[1.0, 2, 3, 4, 1, 2, 0], [3, 3, 1, 0, 0, 0, 0]])  # told apart by the first


def items(times):
    values = WORDS.repeat(times, 1).expand(2, -1, -1)
    return Item(values, SPACE.valid(values), torch.ones(values.shape[:2]))


@pytest.fixture(scope="module")
def speller():
    """A cell that has learned the words, and its memory."""
    substrate = substrate_of("gru", SPACE)
    return substrate, taught(substrate, 40)[0]


def taught(substrate, times):
    engram = substrate.blank(DRAWS.at("blank"))
    nats = substrate.study(engram, items(times), DRAWS.at("study"), Meter())
    return engram, nats


@pytest.mark.parametrize("name", ["gru", "amn"])
def test_a_cell_learns_to_spell_and_is_less_and_less_surprised(name):
    substrate = substrate_of(name, SPACE)
    engram, nats = taught(substrate, 25)
    assert bool((nats[:, -2:].mean(1) < 0.2 * nats[:, :2].mean(1)).all())
    for word in WORDS.unbind(0):
        cue = Prefix(length=1).cue(word.expand(2, -1), word.expand(2, -1), SPACE, DRAWS)
        response = substrate.read(engram, cue, DRAWS, Meter()).response
        assert torch.equal(SPACE.decide(response)[:, 0], word.expand(2, -1))


def test_what_a_cell_foretells_is_what_it_answers_after_each_beginning(speller):
    substrate, engram = speller
    patterns = WORDS.expand(2, -1, -1)
    own = substrate.foretell(engram, patterns, DRAWS, Meter())
    valid = SPACE.valid(patterns)
    torch.testing.assert_close(own.sum(-1), torch.ones_like(own[..., 0]))
    by_cues = foretold(substrate, engram, patterns, DRAWS, Meter())  # which adds a little doubt
    torch.testing.assert_close(own[valid], by_cues[valid], rtol=0.02, atol=2e-3)


def test_the_gradient_of_spelling_is_that_of_the_mean_surprise():
    substrate = substrate_of("gru", SPACE)
    engram = substrate.blank(DRAWS.at("blank"))
    before = engram.copy()
    one = items(1)
    item = Item(one.values[:, 0], one.valid[:, 0], one.salience[:, 0])
    meter = Meter()
    substrate.write(engram, item, DRAWS, meter)
    told = meter.series()["loss"].values[:, 0]
    chances = substrate.foretell(before, item.values[:, None], DRAWS, Meter())
    own = chances[:, 0].gather(-1, item.values[..., None].long())[..., 0]
    torch.testing.assert_close(told, -own.log().mean(1))


def test_after_an_end_there_is_nothing_but_padding(speller):
    substrate, engram = speller
    cue = Prefix(length=2).cue(WORDS[1].expand(2, -1), WORDS[0].expand(2, -1), SPACE, DRAWS)
    decided = SPACE.decide(substrate.read(engram, cue, DRAWS, Meter()).response)
    assert decided[:, 0].tolist() == [[3, 3, 1, 0, 0, 0, 0]] * 2


def test_a_wrong_letter_is_put_right(speller):
    substrate, engram = speller
    heard = WORDS[0].clone()
    heard[3] = 3
    given = torch.ones(2, 1, 7, dtype=torch.bool)
    cue = Cue(heard.expand(2, 1, -1), given, ~given)
    assert torch.equal(
        SPACE.decide(substrate.read(engram, cue, DRAWS, Meter()).response)[:, 0],
        WORDS[0].expand(2, -1),
    )


def test_strings_are_learned_by_weights_alone():
    with pytest.raises(ValueError, match="memory=state, got 7, 5 symbols"):
        substrate_of("pmrc state", SPACE)
