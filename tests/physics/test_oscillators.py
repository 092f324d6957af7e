"""Phase oscillators against what is known of them: synchrony, energy, symmetry, capacity."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from memlab import native, oscillators
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.kuramoto import Kuramoto

DRAWS = Draws(2, tuple(range(8)))
PLANE = Space((7, 9))


def patterns(shape, count, draws=DRAWS):
    """Random binary patterns, ``(R, P, *shape)``."""
    return torch.stack([draws.uniform(f"p{k}", shape) < 0.5 for k in range(count)], 1).float()


def learned(medium, items, salience=1.0, draws=DRAWS):
    """An engram that was shown all items once."""
    engram = medium.blank(draws)
    for values in items.unbind(1):
        weight = torch.full((len(values),), salience)
        item = Item(values, torch.ones_like(values, dtype=torch.bool), weight)
        medium.write(engram, item, draws, Meter())
    return engram


def flipped(items, share, draws=DRAWS):
    """Cues with an exact share of their values wrong."""
    order = draws.uniform("flips", (items.shape[1], items[0, 0].numel())).argsort(2).argsort(2)
    wrong = (order < round(share * order.shape[2])).reshape(items.shape)
    asked = torch.where(wrong, 1 - items, items)
    given = torch.ones_like(wrong)
    return Cue(asked, given, ~given)


def response(medium, engram, cue, meter=None, draws=DRAWS):
    return medium.read(engram, cue, draws, meter or Meter()).response


def overlaps(answers, items):
    """Overlaps ``(R, C)`` of binarised answers with the items."""
    return 1 - 2 * ((answers > 0.5).float() - items).abs().flatten(2).mean(2)


def orders(strengths, omega, steps=4000, dt=0.02):
    """Order parameters ``(K,)`` over the last half of a run under mean-field coupling."""
    replicates = len(strengths)
    theta = 2 * math.pi * Draws(4, tuple(range(replicates))).uniform("theta", (1, len(omega)))
    seen = []
    motion = oscillators.Motion(
        omega.expand(replicates, 1, -1), 0.0, torch.full((replicates, 1, 1), dt), steps, 0.0
    )
    oscillators.relaxed(
        partial(oscillators.mean_field, torch.tensor(strengths)),
        theta,
        None,
        motion,
        lambda _, theta, __: seen.append(oscillators.order(theta)[:, 0]),
    )
    return torch.stack(seen[steps // 2 :]).mean(0)


def lorentzian(units):
    """The quantiles of a Lorentzian of width 0.5, so that K_c = 2 / (π g(0)) = 1, rad/time."""
    share = (torch.arange(units) + 0.5) / units
    return 0.5 * torch.tan(math.pi * (share - 0.5))


def test_above_the_critical_coupling_synchrony_is_that_of_kuramoto():
    strengths = [1.5, 2.0, 4.0]
    known = torch.tensor([math.sqrt(1 - 1 / k) for k in strengths])
    torch.testing.assert_close(orders(strengths, lorentzian(1000)), known, rtol=0, atol=0.03)


def test_below_the_critical_coupling_only_chance_is_left():
    left = orders([0.0, 0.3], lorentzian(1000), steps=2000)
    assert (left < 4 / math.sqrt(1000)).all()


def test_the_energy_of_identical_oscillators_never_rises():
    items = patterns((7, 9), 12)
    for reach, second in ((None, 0.0), (2, 0.0), (None, 0.4)):
        medium = Kuramoto(PLANE, reach=reach, second=second)
        meter = Meter(truth=items)
        response(medium, learned(medium, items, salience=3.0), flipped(items, 0.3), meter)
        energies = meter.series()["energy"].values
        scale = energies.abs().amax()
        assert (energies.diff(dim=2) <= 1e-6 * scale).all()
        assert (energies[..., -1] < energies[..., 0]).all()


def test_turning_all_phases_turns_the_course_and_nothing_else():
    k = learned(Kuramoto(Space((40,))), patterns((40,), 3))["coupling"]
    theta, motion = 6 * DRAWS.uniform("theta", (4, 40)), still(0.0)
    there = oscillators.relaxed(partial(oscillators.dense, k), theta, None, motion)
    turned = oscillators.relaxed(partial(oscillators.dense, k), theta + 1, None, motion)
    torch.testing.assert_close(turned - 1, there, rtol=0, atol=2e-3)


def still(injection):
    """50 steps of identical oscillators."""
    return oscillators.Motion(
        torch.zeros(8, 1, 1), injection, torch.full((8, 1, 1), 0.1), 50, still=0.0
    )


def test_an_answer_is_the_same_from_a_turned_memory_of_the_phases():
    theta = 6 * DRAWS.uniform("theta", (4, 40))
    seen = torch.where(DRAWS.uniform("seen", (4, 40)) < 0.5, 1.0, -1.0)
    one, other = oscillators.turned(theta, seen), oscillators.turned(theta + 2.5, seen)
    torch.testing.assert_close(one.cos(), other.cos(), rtol=0, atol=1e-4)


def test_a_neighbourhood_of_the_whole_grid_is_all_to_all():
    space, items = Space((7, 7)), patterns((7, 7), 3)
    near, all_to_all = Kuramoto(space, reach=3), Kuramoto(space)
    cue = flipped(items, 0.2)
    answers = [response(m, learned(m, items), cue) for m in (near, all_to_all)]
    torch.testing.assert_close(answers[0], answers[1], rtol=0, atol=1e-3)


@pytest.mark.skipif(not native.available(), reason="the native library is not built")
@pytest.mark.parametrize(
    "changed",
    [{}, {"spread": 1.0}, {"second": 0.5}, {"reach": None}, {"reach": None, "decay": 0.1}],
)
def test_the_c_kernel_is_the_torch_reference(changed):
    items = patterns((7, 9), 3)
    compiled, plain = (
        Kuramoto(PLANE, **{"reach": 2, "duration": 10.0, "backend": b, **changed})
        for b in ("native", "torch")
    )
    memory, whole = learned(plain, items), flipped(items, 0.2)
    certain = whole.given & (DRAWS.uniform("certain", (3, 7, 9)) < 0.3)
    for cue in (whole, Cue(items * certain, certain, certain)):
        answers = [response(m, memory, cue) for m in (compiled, plain)]
        torch.testing.assert_close(answers[0], answers[1], rtol=0, atol=2e-4)


@pytest.mark.skipif(not native.available(), reason="the native library is not built")
def test_threads_change_no_bit_of_the_c_kernel():
    k = learned(Kuramoto(PLANE, reach=2), patterns((7, 9), 3))["coupling"]
    theta, motion = 60 * DRAWS.uniform("theta", (5, 63)), still(0.3)
    motion = replace(motion, omega=torch.zeros(8, 1, 63))
    one, three = (native.relaxed_phases(k, theta, None, motion, threads=t) for t in (1, 3))
    assert torch.equal(one, three)
    plain = oscillators.relaxed(partial(oscillators.local, k), theta, None, motion)
    torch.testing.assert_close(one, plain, rtol=0, atol=1e-3)


def test_local_fields_are_sums_over_the_square_around_each_oscillator():
    k = learned(Kuramoto(PLANE, reach=1), patterns((7, 9), 2))["coupling"]
    pair = DRAWS.uniform("pair", (2, 63))
    fields = oscillators.local(k, pair).reshape(8, 2, 7, 9)
    plane = pair.reshape(8, 2, 7, 9)
    where = oscillators.offsets(1)
    corner = sum(
        k[:, n, 6, 0, None] * plane[:, :, (6 + down) % 7, right]
        for n, (down, right) in enumerate(where)
    )
    assert len(where) == 8
    torch.testing.assert_close(fields[:, :, 6, 0], corner)


@pytest.mark.parametrize(
    ("injection", "load", "known"),
    [
        *[(0.0, 0.01, 1.00), (0.0, 0.03, 0.92), (0.0, 0.05, 0.71), (0.0, 0.07, 0.00)],
        *[(0.3, 0.05, 1.00), (0.3, 0.07, 1.00), (0.3, 0.10, 0.96), (0.3, 0.14, 0.54)],
    ],
)
def test_oscillators_hold_what_they_are_known_to_hold(injection, load, known):
    # items of one network fail together, so that the 40 networks are the sample
    draws, units = Draws(3, tuple(range(40))), 300
    items = patterns((units,), round(load * units), draws)
    medium = Kuramoto(Space((units,)), injection=injection)
    cue = flipped(items[:, :8], 0.1, draws)
    answers = response(medium, learned(medium, items, draws=draws), cue, draws=draws)
    success = (overlaps(answers, items[:, :8]) >= 0.95).float().mean(1)
    sampled = 3 * max(float(success.std()), 0.05) * math.sqrt(1 / 40 + 1 / 10)
    assert float(success.mean()) == pytest.approx(known, abs=sampled)


def test_without_injection_phases_are_never_free_of_errors():
    items = patterns((300,), 6)
    graded, binary = (
        (2 * response(m, learned(m, items), flipped(items, 0.1)) - 1) * (2 * items - 1)
        for m in (Kuramoto(Space((300,)), injection=0.0), Kuramoto(Space((300,))))
    )
    assert float(graded.mean()) == pytest.approx(0.84, abs=0.05)
    assert float(binary.mean()) > 0.99


@pytest.mark.parametrize("count", [3, 15])
def test_a_strong_second_harmonic_freezes_answers_where_their_cues_began(count):
    # which passes for recall at every load: 10 % of flips leave an overlap of 0.8
    space, items = Space((300,)), patterns((300,), count)
    frozen, cue = Kuramoto(space, injection=0.0, second=0.6), flipped(items, 0.1)
    trap = overlaps(response(frozen, learned(frozen, items), cue), items).mean()
    unlearned = overlaps(response(frozen, frozen.blank(DRAWS), cue), items).mean()
    assert float(unlearned) == pytest.approx(0.8, abs=1e-5)
    assert 0.8 - 1e-5 < float(trap) < 0.9


def test_a_weak_second_harmonic_makes_phases_binary_as_an_injection_does():
    space, items = Space((300,)), patterns((300,), 15)
    weak, without = Kuramoto(space, injection=0.0, second=0.3), Kuramoto(space, injection=0.0)
    cue = flipped(items, 0.1)
    held, lost = (overlaps(response(m, learned(m, items), cue), items) for m in (weak, without))
    assert float(held.mean()) > 0.99
    assert float(lost.mean()) < 0.95


def test_a_blank_memory_has_no_opinion_on_what_was_hidden():
    medium = Kuramoto(PLANE)
    given = DRAWS.uniform("given", (2, 7, 9)) < 0.5
    cue = Cue(patterns((7, 9), 2) * given, given, given)
    answers = response(medium, medium.blank(DRAWS), cue)
    torch.testing.assert_close(answers[~given], torch.full_like(answers[~given], 0.5))


def test_unequal_frequencies_are_of_the_body_and_blur_the_answer():
    items = patterns((7, 9), 1)
    calm, restless = Kuramoto(PLANE), Kuramoto(PLANE, spread=2.0)
    memory = learned(restless, items)
    assert float(memory["frequencies"].std()) == pytest.approx(2.0, abs=0.3)
    cue = flipped(items, 0.1)
    blurred, clear = response(restless, memory, cue), response(calm, learned(calm, items), cue)
    assert (overlaps(blurred, items) < overlaps(clear, items)).all()


@pytest.mark.parametrize(
    ("space", "changed", "says"),
    [
        (Space((6,), None), {}, r"kuramoto .*holds binary patterns, got 6, graded; take"),
        (
            Space((6,)),
            {"reach": 1},
            "kuramoto with a reach holds patterns on a plane, got 6, 2 symbols",
        ),
        (Space((6, 9)), {"reach": 3}, "reach must be at most 2 on 6×9"),
        (Space((6,)), {"dt": 0.8}, r"dt must be below 1 / \(1 \+ injection \+ 2 second\) = 0.769"),
    ],
)
def test_what_it_cannot_hold_or_follow_is_refused(space, changed, says):
    with pytest.raises(ValueError, match=says):
        Kuramoto(space, **changed)


def test_a_large_plane_needs_no_couplings_between_all():
    near = Kuramoto(Space((128, 128)), reach=3)
    assert near.footprint() == 4 * 128 * 128 * 49
    blank = near.blank(Draws(0, (0,)))
    assert int(blank.bytes()) == 4 * 128 * 128 * 48
