"""The published layer diverges as foretold; the stable one keeps what it was taught."""

import math

import pytest
import torch

from memlab.draws import Draws
from memlab.patterns.concepts import Concepts
from memlab.space import Cue, Item
from memlab.substrate import Meter
from memlab.substrates.hebbian_kwta_published import HebbianKwtaPublished
from memlab.substrates.hebbian_kwta_tokens import HebbianKwtaTokens

SOURCE = Concepts()
DRAWS = Draws(seed=4, replicates=(0, 1))
PATTERNS = SOURCE.draw(50, DRAWS.at("patterns"))


def item(k):
    values = PATTERNS[:, k]
    return Item(values, torch.ones_like(values, dtype=torch.bool), torch.ones(len(values)))


def shown(medium, k, times, engram=None):
    """An engram that met an item so often, and what the last presentation measured."""
    engram = medium.blank(DRAWS.at("blank")) if engram is None else engram
    for nth in range(times):
        meter = Meter()
        medium.write(engram, item(k), DRAWS.at("write", k, nth), meter)
    return engram, meter.series()


def codes(medium, engram):
    """The winners of all 50 items, bool ``(R, 50, H)``."""
    given = torch.tensor([True, False]).expand(PATTERNS.shape)
    cue = Cue(PATTERNS * given, given, given)
    answer = medium.read(engram, cue, DRAWS.at("read"), Meter())
    return answer.activity != 0, answer.response.argmax(-1)[..., 1] == PATTERNS[..., 1]


def test_published_weights_grow_as_the_eigenvalue_foretells():
    _, series = shown(HebbianKwtaPublished(SOURCE.space), 0, 6)
    measured = series["growth_per_step"].values[:, -1].double()
    foretold = series["growth_foretold"].values[:, -1].double() + 0.001
    exact = ((1 + foretold) * (1 - 0.001)).log()
    torch.testing.assert_close(measured, exact, rtol=0.01, atol=0)


def test_published_weights_end_a_run_with_step_unit_and_cause():
    medium = HebbianKwtaPublished(SOURCE.space, rate=0.2, sequences=50)
    with pytest.raises(
        FloatingPointError, match=r"step \d+: .* rows .* beyond 1e\+30.*grew by .*foretells"
    ):
        shown(medium, 0, 12)


def test_a_divergence_can_be_recorded():
    medium = HebbianKwtaPublished(SOURCE.space, rate=0.2, sequences=50, on_divergence="record")
    engram, _ = shown(medium, 0, 12)
    assert not engram["weights"].isfinite().all()
    active, told = codes(medium, engram)
    assert told.dtype == torch.bool
    assert active.shape == (2, 50, 128)


def test_published_codes_collapse_with_and_without_the_concept():
    for probability in (0.3, 0.0):
        medium = HebbianKwtaPublished(SOURCE.space, probability=probability)
        active, _ = codes(medium, shown(medium, 0, 8)[0])
        assert [len(own.unique(dim=0)) for own in active] == [1, 1]


def test_stable_codes_stay_apart_and_the_attribute_is_told():
    medium = HebbianKwtaTokens(SOURCE.space)
    engram, _ = shown(medium, 0, 10)
    active, told = codes(medium, engram)
    assert all(len(own.unique(dim=0)) >= 47 for own in active)
    assert bool((active.sum(-1) == 5).all())
    assert bool(told[:, 0].all())
    assert told.double().mean() < 0.2  # nobody taught the others


def test_a_layer_whose_learning_is_off_keeps_its_weights():
    medium = HebbianKwtaTokens(SOURCE.space, plastic=False)
    blank = medium.blank(DRAWS.at("blank"))
    engram, _ = shown(medium, 0, 1)
    assert torch.equal(engram["fast"], blank["fast"])
    assert not torch.equal(engram["evoked"], blank["evoked"])


def test_a_concept_that_does_not_occur_teaches_no_attribute():
    medium = HebbianKwtaTokens(SOURCE.space, probability=0.0)
    engram, _ = shown(medium, 0, 2)
    assert not engram["evoked"].any()


def told(medium, engram):
    """The probability ``(R,)`` that the first item's attribute is answered with."""
    given = torch.tensor([True, False]).expand(PATTERNS.shape)
    answer = medium.read(engram, Cue(PATTERNS * given, given, given), DRAWS.at("read"), Meter())
    return answer.response[:, 0, 1].gather(1, PATTERNS[:, 0, 1:].long())[:, 0]


def test_a_weaker_read_out_is_corrected_by_its_strength_in_every_presentation():
    medium = HebbianKwtaTokens(SOURCE.space, plastic=False, strength=0.2)
    for times in (0, 1, 3):
        known = 1 - 0.8**times
        expected = torch.full((2,), known + (1 - known) / 50)
        found = told(medium, shown(medium, 0, times)[0] if times else medium.blank(DRAWS))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", [HebbianKwtaTokens, HebbianKwtaPublished])
def test_the_read_out_fades_in_rest_as_it_does_in_presentations_of_something_else(kind):
    medium = kind(SOURCE.space, plastic=False, fading=0.01, probability=0.3, steps=5)
    engram, _ = shown(medium, 0, 1)
    before = engram["evoked"].clone()
    medium.rest(engram, 3, DRAWS, Meter())
    torch.testing.assert_close(engram["evoked"], before * 0.99**15)
    absent = kind(SOURCE.space, plastic=False, fading=0.01, probability=0.0, steps=5)
    absent.write(engram, item(1), DRAWS.at("write"), Meter())
    torch.testing.assert_close(engram["evoked"], before * 0.99**20)


def test_weights_are_recorded_where_learning_is_off():
    medium = HebbianKwtaTokens(SOURCE.space, plastic=False)
    _, series = shown(medium, 0, 1)
    assert {"largest_weight", "mean_weight", "rank_one_share"} <= set(series)


def test_time_alone_decays_published_weights():
    medium = HebbianKwtaPublished(SOURCE.space, steps=5)
    engram = medium.blank(DRAWS.at("blank"))
    before = engram["weights"].clone()
    medium.rest(engram, 3, DRAWS, Meter())
    torch.testing.assert_close(engram["weights"], before * 0.999**15)
    assert math.isclose(float(engram["steps"][0]), 15)


@pytest.mark.parametrize("winners", [0, 129])
def test_winners_that_cannot_be_are_refused(winners):
    with pytest.raises(ValueError, match="winners"):
        HebbianKwtaTokens(SOURCE.space, winners=winners)


def test_tokens_are_concepts_first_and_noise_after():
    assert PATTERNS[0, :5, 0].tolist() == [1, 2, 0, 3, 4]
    assert SOURCE.names(5) == ("zypher", "zyphrex", "never_shown", "noise_3", "noise_4")
    assert bool((PATTERNS[..., 1] >= 3).all())
    assert bool((PATTERNS[..., 0] != PATTERNS[..., 1]).all())
    with pytest.raises(ValueError, match="vocabulary=50, but the protocol needs 51"):
        SOURCE.draw(51, DRAWS)


@pytest.mark.parametrize("kind", [HebbianKwtaPublished, HebbianKwtaTokens])
@pytest.mark.parametrize("values", [[99.0, 5], [-1.0, 5], [1.0, 99], [1.0, -1]])
def test_a_token_or_attribute_out_of_the_vocabulary_is_refused_by_name(kind, values):
    medium = kind(SOURCE.space, steps=1, sequences=1)
    engram = medium.blank(DRAWS.at("blank"))
    pair = torch.tensor([values, values])
    told = torch.ones_like(pair, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"values must lie in \[0, 49\], got"):
        medium.write(engram, Item(pair, told, torch.ones(2)), DRAWS, Meter())
    cue = Cue(pair[:, None], told[:, None], told[:, None])
    with pytest.raises(ValueError, match=r"values must lie in \[0, 49\], got"):
        medium.read(engram, cue, DRAWS, Meter())
