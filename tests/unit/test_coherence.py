"""Phase locking: known results of the measures, of the generator, and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest

from memlab.draws import Draws
from memlab.statistics import Estimate
from memlab.studies.coherence.figure import coherence
from memlab.studies.coherence.measures import (
    mispaired,
    pairwise_phase_consistency,
    phase_locking_value,
    plv_by_chance,
    separated_phase_consistency,
    weighted_phase_lag_index,
    wpli_by_chance,
)
from memlab.studies.coherence.series import OVER_TRIALS, SERIES, Row, measured, rows_of
from memlab.studies.coherence.signals import (
    LAG,
    RATE,
    Recording,
    analytic,
    channels,
    filtered,
    pink,
)
from memlab.studies.coherence.study import phase_locking
from memlab.studies.coherence.verdict import EMOTIONAL, NEUTRAL, reached, verdict

DRAWS = Draws(3, tuple(range(6)))


@pytest.fixture(scope="module")
def rows():
    return [row for part in phase_locking(60).parts for row in part(Draws(1, DRAWS.replicates))]


def pairs(n, count=4000, shared=0.0):
    """Cross-spectra of Gaussian pairs, (count, n), with a share of both that is the same."""
    rng = np.random.default_rng(0)
    x, y, s = (rng.normal(size=(3, count, n, 2)) @ (1, 1j)).reshape(3, count, n)
    return (x + shared * s) * (y + shared * s).conj()


def means(measure, **amplitudes):
    return np.mean(measured(Recording(**amplitudes), OVER_TRIALS, DRAWS)[0][measure])


def changed(rows, series, measure, value):
    """The rows as if one measure of a series had come out as a constant."""
    same = Estimate((value,) * 6, value, value, value)
    hit = [(row.table, row.measure) == (series, measure) for row in rows]
    return [replace(row, measured=same) if one else row for row, one in zip(rows, hit, strict=True)]


def test_a_signal_keeps_its_own_phase_entirely():
    x = pairs(30, count=5)
    locked = x * x.conj()
    assert phase_locking_value(locked, 1) == pytest.approx(1)
    assert pairwise_phase_consistency(locked, 1) == pytest.approx(1)
    assert separated_phase_consistency(locked, 3) == pytest.approx(1)
    assert (weighted_phase_lag_index(locked, 1) == 0).all()


@pytest.mark.parametrize("n", [10, 40, 160])
def test_the_plv_of_random_phases_falls_with_the_root_of_their_number(n):
    assert phase_locking_value(pairs(n), 1).mean() == pytest.approx(plv_by_chance(n), rel=0.03)
    assert plv_by_chance(n) == pytest.approx(0.886 / n**0.5, rel=1e-3)


@pytest.mark.parametrize("n", [2, 5, 40])
def test_the_ppc_of_random_phases_is_zero_however_few_they_are(n):
    found = pairwise_phase_consistency(pairs(n), 1)
    assert abs(found.mean()) < 4 * found.std() / len(found) ** 0.5


def test_the_ppc_is_the_mean_cosine_over_all_pairs():
    cross = pairs(6, count=1, shared=1.0)
    phases = np.angle(cross[0])
    every = [np.cos(phases[i] - phases[j]) for i in range(6) for j in range(i)]
    far = [np.cos(phases[i] - phases[j]) for i in range(6) for j in range(i - 2)]
    assert pairwise_phase_consistency(cross, 1) == pytest.approx(np.mean(every))
    assert separated_phase_consistency(cross, 1) == pytest.approx(np.mean(every))
    assert separated_phase_consistency(cross, 3) == pytest.approx(np.mean(far))


@pytest.mark.parametrize("shared", [0.0, 2.0])
def test_the_wpli_sees_nothing_in_what_arrives_at_once(shared):
    found = weighted_phase_lag_index(pairs(100, shared=shared), 1).mean()
    assert found < 1.1 * wpli_by_chance(100)
    assert shared or found == pytest.approx(wpli_by_chance(100), rel=0.03)


def test_the_wpli_is_whole_where_one_signal_always_leads():
    assert weighted_phase_lag_index(np.exp(1j * np.linspace(0.1, 3, 50)), 0) == pytest.approx(1)


def test_samples_farther_apart_than_there_are_samples_are_refused():
    with pytest.raises(ValueError, match=r"gap must be in \[1, 5\] for 6 samples, got 6"):
        separated_phase_consistency(pairs(6, count=1), 6)


def test_mispaired_trials_are_all_there_and_none_at_its_place():
    trials = np.arange(7) * np.ones((6, 1)) + 0j
    moved = mispaired(trials[..., None], DRAWS)[..., 0]
    assert (moved != trials).all()
    assert (np.sort(moved.real) == trials.real).all()


def test_pink_noise_has_equal_power_per_octave_and_the_rms_it_says_in_the_band():
    noise = pink("noise", (40, 4000), DRAWS)
    power = (np.abs(np.fft.rfft(noise)) ** 2).mean((0, 1))
    octaves = [power[low * 8 : low * 16].sum() for low in (2, 8, 32, 100)]
    assert np.array(octaves) / octaves[0] == pytest.approx(np.ones(4), rel=0.1)
    assert filtered(noise).std() == pytest.approx(0.66, rel=0.02)


def test_the_second_channel_follows_the_source_after_the_lag():
    coupled, alone = (channels(Recording(coupling=c), DRAWS) for c in (2.0, 0.0))
    first, second = (a - b for a, b in zip(coupled, alone, strict=True))
    assert np.roll(first, round(LAG * RATE), axis=-1) == pytest.approx(second, abs=1e-9)


def test_what_is_shared_is_the_same_in_both_channels():
    mixed, alone = (channels(Recording(shared=s, line=s), DRAWS) for s in (1.0, 0.0))
    first, second = (a - b for a, b in zip(mixed, alone, strict=True))
    assert first == pytest.approx(second, abs=1e-9)
    assert first.std() > 1


def test_a_replicate_is_the_same_whatever_others_take_part():
    alone = analytic(Recording(coupling=1), Draws(3, (4,)))
    among = analytic(Recording(coupling=1), DRAWS)
    for one, all_of_them in zip(alone, among, strict=True):
        np.testing.assert_array_equal(one[0], all_of_them[4])


def test_coupling_with_a_lag_is_seen_by_all_and_mixing_by_all_but_the_wpli():
    assert means("wPLI", coupling=1) > 0.9
    assert means("PLV", coupling=1) > 0.6
    for confound in ({"line": 1.0}, {"shared": 1.0}):
        assert means("PLV", **confound) > 0.65
        assert means("PPC", **confound) > 0.45
        assert means("wPLI", **confound) < 0.05


def test_few_trials_raise_the_plv_and_not_the_ppc(rows):
    found = {(r.measure, r.level): r.measured for r in rows if r.table == "unequal"}
    assert found["PLV", 15].mean - found["PLV", 60].mean > 0.02
    ends = found["PPC", 15].low, found["PPC", 15].high
    assert ends[0] <= found["PPC", 60].mean <= ends[1]


def test_keyed_draws_give_the_same_rows_again(rows):
    again, other = (phase_locking(60).parts[0](Draws(seed, DRAWS.replicates)) for seed in (1, 2))
    assert again == rows[: len(again)]
    assert other != again


def test_the_specified_coupling_and_confounds_come_out(rows):
    asked = [row for row in rows if row.table in {"coupling", "line", "shared", "unequal"}]
    assert [row for row in asked if row.holds is False] == []
    assert sum(row.holds is True for row in asked) == 40


def test_other_numbers_of_trials_are_not_held_to_values_that_depend_on_them():
    held = {name: rows_of(name, 0, 20, DRAWS)[0] for name in ("coupling", "window")}
    assert held["coupling"].holds is None
    assert held["coupling"].expected is None
    assert held["window"].expected is not None


def test_the_verdict_says_what_the_rows_say(rows):
    said = " ".join(verdict(rows))
    for part in ("can be coupling", "a 50 Hz line", "both electrodes", "wPLI tells them apart"):
        assert part in said
    assert "not enough alone" in said
    assert "it does not say that their coupling does" in said


def test_the_verdict_names_what_was_expected_wrongly(rows):
    said = " ".join(verdict(rows))
    assert "Over time the PPC is not free of bias" in said
    assert "Over 5 trials the PLV by chance is 0.40" in said
    assert "Over 5 trials" not in " ".join(verdict(changed(rows, "trials", "PLV", 0.7)))


def test_the_verdict_is_silent_on_confounds_that_do_not_reach_the_values(rows):
    weak = changed(changed(rows, "line", "PLV", 0.3), "shared", "PLV", 0.3)
    said = " ".join(verdict(weak))
    for part in ("Without any coupling", "unmask", "Neither does the PPC", "does not say"):
        assert part not in said


def test_the_verdict_does_not_praise_a_wpli_that_the_confounds_raise(rows):
    assert "tells them apart" not in " ".join(verdict(changed(rows, "line", "wPLI", 0.99)))


def test_the_verdict_says_so_if_no_coupling_reaches_the_values(rows):
    said = verdict(changed(rows, "coupling", "PLV", 0.3))
    assert said[0].startswith(f"No coupling that was tried reaches a PLV of {NEUTRAL}")


def test_trials_that_add_the_whole_difference_are_called_enough(rows):
    flat = [row for row in rows if not (row.table == "unequal" and row.level == 15)]
    few = Row("unequal", 15, "PLV", *(Estimate((0.9,) * 6, 0.9, 0.9, 0.9),) * 2, None, None)
    assert any("enough for the published" in line for line in verdict([few, *flat]))


def test_a_level_is_read_between_two_measured_ones():
    ends = [
        Row("line", level, "PLV", *(Estimate((y,), y, None, None),) * 2, None, None)
        for level, y in ((1.0, 0.5), (2.0, 0.9))
    ]
    assert reached(ends, 0.6) == pytest.approx(1.25)
    assert reached(ends, 0.95) is None


def test_the_figure_shows_both_published_values_in_every_panel_with_coupling_or_confounds(rows):
    panels = coherence(rows).axes
    shown = [{text.get_text().split()[-1] for text in axes.texts} for axes in panels[1:]]
    assert shown == [{str(EMOTIONAL), str(NEUTRAL)}] * 3


def test_every_series_names_an_expected_value_for_each_of_its_levels():
    for series in SERIES.values():
        assert set(series.expected) <= set(series.measures) & set(series.tolerance)
        assert {len(values) for values in series.expected.values()} == {len(series.levels)}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"trials": 1}, "at least 2 trials, got 1"),
        ({"window": 0.0}, r"window must be in \[0.033, 60\] s, got 0"),
        ({"coupling": -1.0}, "coupling must be an amplitude of at least 0, got -1"),
        ({"line": float("nan")}, "line must be an amplitude of at least 0, got nan"),
        ({"shared": float("inf")}, "shared must be an amplitude of at least 0, got inf"),
    ],
)
def test_a_recording_that_cannot_be_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        Recording(**wrong)
