"""The Hatchling as a medium: what is written is what it reads, and silence damps it."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from memlab.bdh.hatchling import Weights
from memlab.bdh.lesson import Lesson, known, sequences, taught
from memlab.bdh.running import run
from memlab.bdh.training import Training
from memlab.draws import Draws
from memlab.patterns.pairs import Pairs
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.bdh import BODY, Bdh

DRAWS = Draws(seed=4, replicates=(0, 1))
PAIRS = Pairs(keys=8, values=8)
SMALL = {"width": 16, "neurons": 256, "steps": 3, "sequences": 4}


def medium(**settings):
    return Bdh(PAIRS.space, **(SMALL | settings))


def written(substrate, patterns, salience=1.0):
    engram = substrate.blank(DRAWS)
    for k, values in enumerate(patterns.unbind(1)):
        valid = torch.ones_like(values, dtype=torch.bool)
        item = Item(values, valid, torch.full((len(values),), salience))
        substrate.write(engram, item, DRAWS.at("write", k), Meter())
    return engram


def by_key(patterns):
    given = torch.tensor([True, False]).expand_as(patterns)
    return Cue(torch.where(given, patterns, 0.0), given, given)


@pytest.mark.parametrize("form", ["code", "paper"])
def test_what_was_written_is_recalled_as_if_all_were_read_at_once(form):
    substrate, patterns = medium(form=form, damping=0.95), PAIRS.draw(6, DRAWS)
    engram = written(substrate, patterns)
    recalled = substrate.read(engram, by_key(patterns), DRAWS, Meter()).response
    weights = Weights(**{name: engram[name] for name in BODY})
    symbols = PAIRS.space.symbols
    told = patterns.long().flatten(1)  # (R, 12)
    for k in range(6):
        tokens = torch.cat([told, patterns[:, k, :1].long()], 1)[:, None]
        said = run(substrate._model, weights, tokens).logits[:, 0, -1, :symbols]
        torch.testing.assert_close(recalled[:, k, 1], said.softmax(-1), atol=1e-5, rtol=0)


def test_noise_is_read_as_tokens_and_only_where_something_is_presented():
    patterns = PAIRS.draw(1, DRAWS)
    engram, silent = (written(medium(distract=20), patterns, s) for s in (1.0, 0.0))
    assert engram["position"].tolist() == silent["position"].tolist() == [22, 22]
    assert not torch.allclose(engram["rho"], written(medium(), patterns)["rho"], rtol=0.1)
    assert silent["rho"].abs().max() == 0


def test_silence_damps_exponentially_the_quick_head_faster():
    substrate, patterns = medium(damping=0.9, quick=0.5), PAIRS.draw(3, DRAWS)
    engram = written(substrate, patterns)
    before = engram["rho"].norm(dim=(-2, -1))  # (R, layers, heads)
    for presentations in (1, 4):
        rested = engram.copy()
        substrate.rest(rested, presentations, DRAWS, Meter())
        left = rested["rho"].norm(dim=(-2, -1)) / before
        torch.testing.assert_close(left[..., 1], torch.full_like(left[..., 1], 0.81**presentations))
        torch.testing.assert_close(left[..., 0], torch.full_like(left[..., 0], 0.25**presentations))


def test_salience_scales_what_a_pair_leaves():
    patterns = PAIRS.draw(1, DRAWS)
    half, whole = (written(medium(layers=1), patterns, s)["rho"] for s in (0.5, 1.0))
    torch.testing.assert_close(half, 0.5 * whole)


def test_a_body_is_trained_once_and_does_not_depend_on_the_other_replicates():
    both, alone = medium().blank(DRAWS), medium().blank(replace(DRAWS, replicates=(1,)))
    assert all(torch.equal(both[name][1:], alone[name]) for name in BODY)
    assert not torch.equal(both["d_x"][0], both["d_x"][1])


def test_what_it_is_taught_is_to_tell_pairs_apart_by_their_keys():
    lesson = Lesson(keys=4, values=4, noises=4, gap=2, sequences=32)
    model = medium(width=32, heads=2)._model
    model = replace(model, vocabulary=lesson.vocabulary)
    weights = taught(model, lesson, Training(200, 5e-3, 20, every=200), DRAWS.at("lesson"))
    tokens = sequences(replace(lesson, sequences=200), 4, 2, DRAWS.at("asked"))
    asked = 4 * (2 + 2) + 1  # tokens up to the first question
    with torch.no_grad():
        said = run(model, weights, tokens[..., :asked]).logits[..., -1, :].argmax(-1)
    right = (said == tokens[..., asked]).float().mean(1)
    assert right.mean() > 0.7  # 0.25 by chance, 0.53 for who says the value shown most often


def test_a_key_that_was_not_given_is_not_guessed():
    patterns = PAIRS.draw(1, DRAWS)
    cue = by_key(patterns)
    value = Cue(torch.where(cue.given, 0.0, patterns[:, :1]), ~cue.given, ~cue.given)
    response = medium().read(written(medium(), patterns), value, DRAWS, Meter()).response
    assert torch.equal(response[:, :, 0], torch.full_like(response[:, :, 0], 1 / 16))
    assert torch.equal(response.argmax(-1)[..., 1].float(), patterns[..., 1])


def test_a_lesson_counts_values_whose_key_came_before():
    lesson = Lesson(keys=5, values=3, noises=2, pairs=3, gap=1, rounds=2, sequences=10)
    tokens = sequences(lesson, 3, 1, DRAWS)
    first, after = 3 * (2 + 1), 2 * 2 * 3
    assert tokens.shape == (2, 10, first + after)
    counted = known(lesson, tokens)
    assert not counted[..., : first - 1].any()
    assert torch.equal(counted[..., first - 1 :], (torch.arange(after) % 2 == 1).expand(2, 10, -1))
    shown = {tuple(pair) for pair in tokens[0, 0, :first].unflatten(0, (3, 3))[:, :2].tolist()}
    asked = {tuple(pair) for pair in tokens[0, 0, first:].unflatten(0, (-1, 2)).tolist()}
    assert asked <= shown


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"neurons": 66}, "multiple of 4, got 66"),
        ({"pairs": 9}, "keys=8, got values=8 and pairs=9"),
        ({"damping": 0.0}, "greater than 0"),
        ({"damping": (0.9, 0.0)}, "greater than 0"),
        ({"damping": (0.1, 0.9, 1.0)}, "damping must be 1 or heads=2 numbers"),
        ({"form": "released"}, "'code' or 'paper'|'paper' or 'code'"),
    ],
)
def test_what_cannot_be_built_is_refused(settings, said):
    with pytest.raises((ValueError, ValidationError), match=said):
        medium(**settings)


def test_a_pair_of_no_lesson_is_refused():
    with pytest.raises(ValueError, match=r"below keys=8 .* got \[3, 4\]; set substrate\.keys"):
        written(medium(), torch.tensor([[[3.0, 4.0]]]).expand(2, -1, -1))


def test_every_head_may_have_a_damping_of_its_own():
    one, each = medium(damping=0.9, quick=0.5), medium(damping=[0.5, 0.9])
    assert written(one, PAIRS.draw(2, DRAWS)).digest() == written(
        each, PAIRS.draw(2, DRAWS)
    ).digest()  # fmt: skip


@pytest.mark.parametrize("space", [Space((3,), 8), Space((2,)), Space((2,), None)])
def test_only_pairs_of_symbols_are_held(space):
    with pytest.raises(ValueError, match="bdh holds pairs of a key and a value"):
        Bdh(space)
