"""Attractor networks against what is known of them: capacity, energy, fixed points, forgetting."""

import math

import pytest
import torch

from memlab.attractors import learning, rates, signs, theory
from memlab.space import Cue, Space
from memlab.substrate import Meter
from memlab.substrates.emotional_attractor import EmotionalAttractor
from memlab.substrates.hopfield import Hopfield
from tests.physics.networks import DRAWS, answers, learned, patterns


def success(medium, count, flips=0.0, asked=25):
    """Share of items recalled with an overlap of 0.95."""
    items = patterns(medium.space.size, count)
    found = answers(medium, learned(medium, items), items[:, :asked], flips)
    return float((found >= 0.95).float().mean())


@pytest.mark.parametrize(
    ("load", "known", "within"),
    [
        (0.10, 1.00, 0.03),
        (0.13, 0.96, 0.05),
        (0.138, 0.92, 0.065),
        (0.15, 0.80, 0.09),
        (0.18, 0.34, 0.11),
        (0.20, 0.15, 0.06),
    ],
)
def test_hebb_holds_what_it_is_known_to_hold(load, known, within):
    # known after some six sweeps; within three standard errors of eight networks
    medium = Hopfield(Space((500,)), sweeps=6)
    assert success(medium, round(load * 500), asked=100) == pytest.approx(known, abs=within)


@pytest.mark.parametrize(
    ("rule", "least", "most"),
    [("hebb", 0.0, 0.4), ("storkey", 0.95, 1.0), ("projection", 1.0, 1.0)],
)
def test_storkey_and_projection_hold_a_load_of_a_fifth_and_hebb_does_not(rule, least, most):
    assert least <= success(Hopfield(Space((300,)), rule=rule), 60) <= most


def test_the_projection_rule_makes_every_pattern_an_exact_fixed_point():
    medium = Hopfield(Space((120,)), rule="projection")
    items = patterns(120, 60)
    w, x = learned(medium, items)["weights"], 2 * items - 1
    torch.testing.assert_close(torch.bmm(x, w), x, rtol=1e-3, atol=1e-3)
    exact = torch.linalg.pinv(x.double()) @ x.double()
    torch.testing.assert_close(w.double(), exact, rtol=1e-3, atol=1e-3)


def test_the_storkey_rule_is_its_formula():
    x = 2 * patterns(20, 3) - 1
    w = torch.zeros(8, 20, 20)
    slow = w.double().clone()
    for k in range(3):
        learning.storkey(w, x[:, k], torch.ones(8))
        slow = _storkey(slow, x[:, k].double())
    torch.testing.assert_close(w.double(), slow, rtol=1e-5, atol=1e-6)


def _storkey(w, x):
    n = x.shape[1]
    new = w.clone()
    for i in range(n):
        for j in range(n):
            if i != j:
                rest = [k for k in range(n) if k not in (i, j)]
                h_ij, h_ji = (w[:, a, rest] * x[:, rest] for a in (i, j))
                change = x[:, i] * x[:, j] - x[:, i] * h_ji.sum(1) - h_ij.sum(1) * x[:, j]
                new[:, i, j] += change / n
    return new


def test_energy_never_rises_when_units_take_turns():
    items = patterns(100, 12)
    w = learned(Hopfield(Space((100,))), items)["weights"]
    s = 2 * (DRAWS.uniform("start", (5, 100)) < 0.5).float() - 1
    energies = [signs.energy(s, torch.bmm(s, w))]
    signs.asynchronous(
        w, s, None, 30,
        orders=lambda sweep: DRAWS.at(sweep).permutation("order", 100),
        watch=lambda _, s, h: energies.append(signs.energy(s, h)),
    )  # fmt: skip
    assert len(energies) > 2
    assert bool((torch.stack(energies).diff(dim=0) <= 1e-4).all())


def test_energy_of_rates_falls():
    items = patterns(100, 5)
    w = learned(Hopfield(Space((100,))), items)["weights"]
    r = DRAWS.normal("start", (4, 100)).clamp(-0.9, 0.9)
    energies = []
    clock = rates.Clock(10.0, 0.5, 100.0, 1e-6)
    rates.relaxed(
        w, r, None, clock, gain=4.0, watch=lambda _, r, h: energies.append(rates.energy(r, h, 4.0))
    )
    assert bool((torch.stack(energies).diff(dim=0) <= 1e-3).all())


def test_swinging_pairs_of_states_end_a_synchronous_recall():
    w = -torch.ones(1, 2, 2) + torch.eye(2)  # two units that each want the other's opposite
    seen = []
    state = torch.ones(1, 1, 2)
    signs.synchronous(w, state, None, 1000, lambda *_: seen.append(1))
    assert len(seen) <= 5


def test_answers_of_a_watched_recall_are_those_of_an_unwatched_one():
    medium = Hopfield(Space((150,)))
    items = patterns(150, 25)
    engram = learned(medium, items)
    given = torch.ones_like(items, dtype=torch.bool)
    cue = Cue(torch.where(DRAWS.uniform("f", (25, 150)) < 0.2, 1 - items, items), given, ~given)
    plain = medium.read(engram, cue, DRAWS, Meter()).response
    watched = Meter(truth=items)
    assert torch.equal(medium.read(engram, cue, DRAWS, watched).response, plain)
    assert {"energy", "pearson"} <= watched.points.keys()


def test_the_inverse_of_a_pattern_is_an_attractor_too():
    medium = Hopfield(Space((200,)))
    items = patterns(200, 5)
    found = answers(medium, learned(medium, items), 1 - items)
    assert float(found.min()) > 0.95


def test_a_decaying_memory_keeps_the_newest():
    medium = Hopfield(Space((400,)), decay=0.04)
    items = patterns(400, 120)
    found = answers(medium, learned(medium, items), items) >= 0.95
    assert found[:, -10:].float().mean() > 0.9
    assert found[:, :60].float().mean() < 0.05


def test_bounds_make_a_memory_forget_instead_of_failing():
    items = patterns(400, 120)
    kept = {}
    for bound in (None, 0.35):
        medium = Hopfield(Space((400,)), bound=bound)
        kept[bound] = float((answers(medium, learned(medium, items), items) >= 0.95)[:, -4:].sum())
    assert kept[0.35] > kept[None] + 4


def test_fading_alone_changes_no_answer_of_sign_units():
    medium, items = Hopfield(Space((200,)), decay=0.1), patterns(200, 5)
    engram = learned(medium, items)
    before = answers(medium, engram, items, flips=0.1)
    medium.rest(engram, 150, DRAWS, Meter())
    assert torch.equal(answers(medium, engram, items, flips=0.1), before)


def test_theory_repeats_the_figures_of_its_papers():
    assert theory.perfect_load(500) == pytest.approx(0.0805, abs=1e-4)
    assert theory.dense_items(100, 3) == pytest.approx(100**2 / (6 * math.log(100)))
    assert theory.effective_load([1.0] * 80, 0, 400) == pytest.approx(0.2)
    assert theory.enough_gain(0.684) == pytest.approx(1.223, abs=1e-3)


@pytest.mark.parametrize(
    ("medium", "options", "told"),
    [
        (Hopfield, {"units": "rate", "dt": 3.0}, r"dt must be below 2 tau / \(1 \+ gain\) = 1.82"),
        (EmotionalAttractor, {"form": "a"}, "diverges from 2 on, got tau=10"),
        (EmotionalAttractor, {"dt": 30.0}, r"dt must be below 2 tau / \(1 \+ gamma\) = 10 ms"),
    ],
)
def test_a_step_that_would_diverge_is_refused_with_its_bound(medium, options, told):
    with pytest.raises(ValueError, match=told):
        medium(Space((10,)), **options)


def test_couplings_beyond_this_machine_are_refused_with_the_figure():
    with pytest.raises(ValueError, match=r"512×512 = 262,144 units needs 275 GB per replicate"):
        Hopfield(Space((512, 512)))


def test_what_is_not_binary_is_refused_with_the_encodings_there_are():
    with pytest.raises(ValueError, match=r"got 8, graded; take patterns\.alphabet=binary"):
        Hopfield(Space((8,), None))
