"""A Hebbian layer of k winners as a medium: its codes, what it evokes, and what wears that away."""

import pytest
import torch
from pydantic import ValidationError

from memlab.draws import Draws
from memlab.hebbian.stable import codes
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.hebbian_kwta import HebbianKwta
from memlab.substrates.traces import layer_of, traces_of

DRAWS = Draws(2, (0, 1, 2))
SPACE = Space((100,))


def medium(space=SPACE, **settings):
    return HebbianKwta(space, **({"units": 128, "winners": 8, "features": 64} | settings))


def drawn(k, space=SPACE):
    if space.symbols is None:
        return DRAWS.uniform(f"item {k}", space.shape)
    return DRAWS.integers(f"item {k}", space.symbols, space.shape).float()


def shown(substrate, count, salience=1.0):
    engram = substrate.blank(DRAWS)
    for k in range(count):
        values = drawn(k, substrate.space)
        valid = torch.ones_like(values, dtype=torch.bool)
        item = Item(values, valid, torch.full((3,), salience))
        substrate.write(engram, item, DRAWS.at("write", k), Meter())
    return engram


def winners(substrate, engram, count):
    """The codes ``(R, count, H)`` of the first items, wholly given."""
    whole = torch.stack([drawn(k, substrate.space) for k in range(count)], 1)
    seen = substrate._seen(substrate._body(engram), whole)
    return codes(layer_of(substrate), traces_of(engram), seen)


def right(substrate, engram, k, keep=0.5):
    """The share of hidden values of item k that are decided right."""
    values = drawn(k, substrate.space)[:, None]
    given = (DRAWS.uniform("mask", substrate.space.shape) < keep)[:, None]
    cue = Cue(torch.where(given, values, 0.0), given, given)
    response = substrate.read(engram, cue, DRAWS, Meter()).response
    return float((substrate.space.decide(response) == values)[~given].float().mean())


def test_every_item_has_a_code_of_its_own_of_exactly_k_units():
    substrate = medium()
    found = winners(substrate, shown(substrate, 12), 12)
    assert bool((found.sum(-1) == 8).all())
    assert all(len(own.unique(dim=0)) == 12 for own in found)


@pytest.mark.parametrize("space", [SPACE, Space((40,), 5)])
def test_half_of_an_item_evokes_the_rest(space):
    substrate = medium(space)
    chance = 1 / (space.symbols or 2)
    assert right(substrate, substrate.blank(DRAWS), 0) < chance + 0.15
    engram = shown(substrate, 3)
    assert min(right(substrate, engram, k) for k in range(3)) > 0.9


def test_an_item_is_evoked_exactly_right_after_one_presentation():
    """The delta rule at strength 1 leaves no error, whatever was there before."""
    substrate = medium()
    engram = shown(substrate, 5)
    values = drawn(4)[:, None]
    nothing = torch.zeros_like(values, dtype=torch.bool)
    response = substrate.read(engram, Cue(values, ~nothing, nothing), DRAWS, Meter()).response
    assert torch.allclose(response, values, atol=1e-4)


def test_more_items_than_the_units_can_tell_apart_wear_each_other_away():
    few, many = (shown(medium(), count) for count in (3, 60))
    scores = [sum(right(medium(), engram, k) for k in range(3)) / 3 for engram in (few, many)]
    assert scores[0] > scores[1] + 0.2


def test_half_the_salience_learns_half_as_much():
    still = {"rate": 0.0, "threshold_rate": 0.0, "mean_rate": 0.0}
    whole, half = (shown(medium(**still), 1, s) for s in (1.0, 0.5))
    assert torch.allclose(half["evoked"], 0.5 * whole["evoked"])


def test_time_fades_fast_weights_only():
    substrate = medium(decay=0.01)
    engram = shown(substrate, 1)
    before = engram.copy()
    substrate.rest(engram, 5, DRAWS, Meter())
    assert torch.allclose(engram["fast"], 0.99**50 * before["fast"], rtol=1e-4, atol=1e-9)
    rest = [name for name in before.parts if name != "fast"]
    assert all(torch.equal(engram[name], before[name]) for name in rest)


def test_padding_is_neither_seen_nor_learned():
    substrate, values = medium(), drawn(0)
    valid = torch.arange(100).expand(3, -1) < 80
    engrams = []
    for level in (0.0, 1.0):
        engrams.append(substrate.blank(DRAWS))
        padded = torch.where(valid, values, level)
        item = Item(padded, valid, torch.ones(3))
        substrate.write(engrams[-1], item, DRAWS, Meter())
    assert engrams[0].digest() == engrams[1].digest()
    assert not engrams[0]["evoked"][:, 80:].any()


def test_more_winners_than_units_are_refused():
    with pytest.raises(ValidationError, match=r"winners must be in \[1, units=4\], got 8"):
        medium(units=4)
