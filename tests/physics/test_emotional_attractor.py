"""The published emotional attractor: where theory says it forgets, and what its laws do."""

import math

import pytest
import torch

from memlab.attractors import theory
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.emotional_attractor import EmotionalAttractor
from tests.physics.networks import DRAWS, answers, learned, patterns


def test_one_pattern_rests_where_mean_field_theory_says():
    medium = EmotionalAttractor(
        Space((200,)), law="stated", beta=1e-9, gamma=0.01, duration=2000.0, still=1e-9
    )
    items = patterns(200, 1)
    engram = learned(medium, items)
    given = torch.ones_like(items, dtype=torch.bool)
    rate = 2 * medium.read(engram, Cue(items, given, ~given), DRAWS, Meter()).response - 1
    m = (rate * (2 * items - 1)).mean(2)
    known = theory.fixed_point(theory.gain(0.01, 200))
    torch.testing.assert_close(m, torch.full_like(m, known), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("units", "gamma", "limit", "fork"),
    [
        (100, 1, 2.197, 2.298),
        (200, 1, 2.546, 2.647),
        (100, 0.1, 1.046, 1.146),
        (200, 0.1, 1.395, 1.495),
        (200, 0.01, 0.243, 0.344),
    ],
)
def test_the_beta_at_which_emotion_forgets_is_the_predicted_one(units, gamma, limit, fork):
    known = theory.critical_beta(units, 2.0, gamma, theory.PUBLISHED)
    assert known == pytest.approx(limit, abs=2e-3)
    assert theory.critical_beta(units, 2.0, gamma) == pytest.approx(fork, abs=2e-3)
    for factor, held in ((0.9, True), (1.1, False)):
        medium = EmotionalAttractor(
            Space((units,)), beta=factor * fork, gamma=float(gamma), duration=500.0
        )
        items = patterns(units, 1)
        engram = learned(medium, items, [2.0])
        given = torch.ones_like(items, dtype=torch.bool)
        rate = 2 * medium.read(engram, Cue(items, given, ~given), DRAWS, Meter()).response - 1
        assert bool(((rate * (2 * items - 1)).mean(2) > 0.3).all()) is held


@pytest.mark.parametrize("form", ["a", "b", "exact"])
def test_the_strongest_emotion_is_the_one_that_is_lost(form):
    # three items with weights 0.0111 (fear), 0.4493 (neutral), 0.8607 (weak), as published
    emotions = [-math.log(w) for w in (0.0111, 0.4493, 0.8607)]
    options = {"a": {"tau": 0.1, "duration": 60.0}, "b": {"duration": 150.0}}.get(form, {})
    medium = EmotionalAttractor(Space((200,)), form=form, **options)
    items = patterns(200, 3)
    found = answers(medium, learned(medium, items, emotions), items, flips=0.01)
    means = found.mean(0)
    assert means[0] < 0.5
    assert means[1] > 0.95
    assert means[2] > 0.95


def test_the_stated_law_erases_the_rest_and_a_prior_does_not():
    emotions, items = [3.0, 0.5, 0.5, 0.5, 0.5], patterns(200, 5)
    found = {}
    for law in ("stated", "prior"):
        medium = EmotionalAttractor(Space((200,)), law=law, beta=1.5 if law == "stated" else 1.0)
        found[law] = answers(medium, learned(medium, items, emotions), items, flips=0.1).mean(0)
    assert found["stated"][0] > 0.95
    assert found["stated"][1:].mean() < 0.6
    assert found["prior"].min() > 0.95


def test_writing_tells_the_gain_the_fixed_point_and_the_beta_that_ends_them():
    medium, meter = EmotionalAttractor(Space((100,)), beta=1.0), Meter()
    values = patterns(100, 1)[:, 0]
    item = Item(values, torch.ones_like(values, dtype=torch.bool), torch.full((len(values),), 2.0))
    medium.write(medium.blank(DRAWS), item, DRAWS, meter)
    told = {name: float(series.values[0, -1]) for name, series in meter.series().items()}
    gain = math.exp(-2.0) * 99
    assert told["gain"] == pytest.approx(gain, rel=1e-5)
    assert math.tanh(gain * told["fixed_point"]) == pytest.approx(told["fixed_point"], rel=1e-5)
    assert told["critical_beta"] == pytest.approx(math.log(99 / 1.223) / 2, abs=1e-3)


def test_a_step_too_long_for_its_loop_is_refused_with_the_bound():
    with pytest.raises(ValueError, match=r"below 2 tau / \(1 \+ gamma\) = 10 ms.*got 10 ms"):
        EmotionalAttractor(Space((100,)), dt=10.0)


def test_the_current_pulls_a_state_to_its_cue():
    items = patterns(100, 2)
    still = EmotionalAttractor(Space((100,)))
    driven = EmotionalAttractor(Space((100,)), current=200.0, current_for=1000.0)
    engram = learned(still, items)
    other = patterns(100, 1, DRAWS.at("never shown"))
    given = torch.ones_like(other, dtype=torch.bool)
    asked = Cue(other, given, ~given)
    same = [
        (m.read(engram, asked, DRAWS, Meter()).response > 0.5).float().eq(other).float().mean()
        for m in (still, driven)
    ]
    assert same[0] < 0.8
    assert same[1] == 1


def test_a_recall_does_not_end_while_its_cue_is_still_on():
    items, other = patterns(100, 2), patterns(100, 1, DRAWS.at("never shown"))
    given = torch.ones_like(other, dtype=torch.bool)
    medium = EmotionalAttractor(
        Space((100,)), current=200.0, current_for=20.0, duration=400.0
    )  # first held at the cue, then let go
    engram = learned(medium, items)
    seen = Meter(truth=other)
    medium.read(engram, Cue(other, given, ~given), DRAWS, seen)
    assert len(seen.points["energy"]) > 25
    last = seen.points["pearson"][-1][1]
    assert float(last.mean()) < 0.8


def test_a_prior_needs_no_couplings_and_bears_any_emotion():
    EmotionalAttractor(Space((512, 512)), law="prior")
    medium = EmotionalAttractor(Space((64,)), law="prior")
    items = patterns(64, 3)
    found = answers(medium, learned(medium, items, [500.0, 1.0, 1.0]), items)
    assert bool(found.isfinite().all())
