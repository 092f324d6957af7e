"""Comparison 2A: its media, its measures, what comes out and what is said of it."""

from dataclasses import replace

import pytest
import torch

from memlab.draws import Draws
from memlab.statistics import Estimate
from memlab.studies.comparison_2a.arms import (
    CORRECT,
    CORRECTED,
    CUE,
    FIELD,
    NETWORK,
    NOTHING,
    PHASES,
    SIZE,
    STORED,
    found,
    rows_of,
)
from memlab.studies.comparison_2a.corrected import binary, stored_in
from memlab.studies.comparison_2a.figure import comparison_2a
from memlab.studies.comparison_2a.measures import correlation_length, cues, pearson, spearman_p
from memlab.studies.comparison_2a.media import ContinuousHopfield, Oscillators, ReactionDiffusion
from memlab.studies.comparison_2a.spectrograms import patterns
from memlab.studies.comparison_2a.study import three_media
from memlab.studies.comparison_2a.verdict import gained, verdict

DRAWS = Draws(3, tuple(range(6)))


@pytest.fixture(scope="module")
def rows():
    return [row for part in three_media(64).parts for row in part(Draws(1, DRAWS.replicates))]


def changed(rows, medium, measure, arm, value):
    """The rows as if one of them had come out as a constant."""
    same = Estimate((value,) * 6, value, value, value)
    old = found(rows, medium, measure, arm)
    return [replace(row, measured=same) if row is old else row for row in rows]


def test_the_spectrograms_resemble_each_other_as_the_published_ones_do():
    a, i, u = patterns(256)
    found = [float(pearson(x, y)) for x, y in ((a, i), (a, u), (i, u))]
    assert found == pytest.approx([0.771, 0.911, 0.816], abs=1e-3)
    assert [float(p.mean()) for p in (a, i, u)] == pytest.approx([0.286, 0.320, 0.254], abs=1e-3)


def test_pearson_is_that_of_torch_and_blind_to_scale():
    x, y = torch.rand(2, 8, 8, dtype=torch.float64)
    expected = torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1]
    assert pearson(x, y) == pytest.approx(float(expected))
    assert pearson(1e-9 * x, y) == pytest.approx(float(expected))
    assert pearson(torch.ones(8, 8), y) == 0


def test_pearson_of_a_part_ignores_the_rest():
    x, y = torch.rand(2, 8, 8, dtype=torch.float64)
    where = torch.arange(64).reshape(8, 8) < 40
    expected = torch.corrcoef(torch.stack([x[where], y[where]]))[0, 1]
    assert pearson(x, y, where) == pytest.approx(float(expected))


def test_three_ranks_never_have_a_p_below_a_third():
    assert spearman_p((0.596, 1.0, -0.393), (0.667, 1.0, 0.333)) == pytest.approx((1, 1 / 3))
    assert spearman_p((1, 2, 3, 4), (4, 3, 2, 1)) == pytest.approx((-1, 2 / 24))


def test_a_positive_field_correlates_over_half_the_grid_unless_it_is_centred():
    field = torch.rand(2, 32, 32) + 1
    assert correlation_length(field, centred=False).tolist() == [16, 16]
    assert (correlation_length(field, centred=True) < 1).all()


def test_a_wave_correlates_until_its_autocorrelation_falls_to_one_in_e():
    wave = torch.cos(2 * torch.pi * torch.arange(64) / 32).expand(1, 64, 64)
    assert 6 < float(correlation_length(wave, centred=True)) < 16  # along it 6.1, across it never


def test_the_hopfield_network_has_the_couplings_that_its_class_states():
    network = ContinuousHopfield(6, DRAWS)
    for p in torch.rand(2, 6, 6):
        network.store(p)
    w = network.p.T @ network.p / 36
    w.fill_diagonal_(0)
    network.inject(torch.rand(6, 6, 6))
    x = network.x.flatten(1)
    network.evolve(1)
    expected = x + 0.1 * (torch.tanh(x @ w / 0.5) - x)
    torch.testing.assert_close(network.x.flatten(1), expected)


def test_the_hopfield_loop_gain_lies_near_a_thousandth():
    network = ContinuousHopfield(64, DRAWS)
    for p in patterns(64):
        network.store(p)
    assert network.gain == pytest.approx(1.4e-3, abs=5e-5)


def test_the_field_is_scarred_everywhere_within_its_bounds():
    field, p = ReactionDiffusion(16, DRAWS), torch.linspace(0, 1, 256).reshape(16, 16)
    field.store(p)
    torch.testing.assert_close(field.feed[0], 0.037 + 0.01 * p)
    for _ in range(9):
        field.store(p)
    assert float(field.feed.max()) == pytest.approx(0.08)
    assert float(field.kill.min()) == pytest.approx(0.035)


def test_a_state_that_was_read_does_not_change_when_the_field_goes_on():
    field = ReactionDiffusion(16, DRAWS)
    field.inject(torch.rand(6, 16, 16))
    before, kept = field.state(), field.state().clone()
    field.evolve(1)
    assert torch.equal(before, kept)
    assert not torch.equal(field.state(), kept)


def test_all_rows_of_oscillators_feel_the_same_pull():
    oscillators = Oscillators(12, DRAWS)
    before = oscillators.theta
    oscillators.evolve(1)
    pull = (oscillators.theta - before) / oscillators.DT - oscillators.omega
    torch.testing.assert_close(pull, pull[:, :1].expand_as(pull))
    assert float(pull.abs().max()) > 0.001


def test_the_pull_on_the_first_row_is_that_of_its_neighbourhood():
    oscillators = Oscillators(12, DRAWS)
    theta, near = oscillators.theta[0], []
    for y in range(12):
        near += [theta[y, x] for x in range(12) if 0 < y**2 + (x - 5) ** 2 <= 9]
    expected = 0.1 * torch.stack([(t - theta[0, 5]).sin() for t in near]).mean()
    oscillators.evolve(1)
    pull = (oscillators.theta[0, 0, 5] - theta[0, 5]) / 0.01 - oscillators.omega[0, 0, 5]
    assert float(pull) == pytest.approx(float(expected))


def test_storing_draws_the_frequencies_anew():
    oscillators = Oscillators(12, DRAWS)
    before = oscillators.omega
    oscillators.store(torch.rand(12, 12))
    assert not torch.equal(oscillators.omega, before)
    assert float(oscillators.omega.min()) >= 0.8


def test_a_cue_keeps_its_share_and_is_zero_elsewhere():
    p = torch.rand(3, 64, 64) + 0.1
    for cue, kept in cues(p, DRAWS, "third", 0.3):
        assert float(kept.double().mean()) == pytest.approx(0.3, abs=0.01)
        assert torch.equal(cue != 0, kept)


def test_the_projection_rule_fills_in_what_the_cue_hid_only_after_storing():
    found = stored_in(CORRECT[CORRECTED], patterns(32), DRAWS)
    assert found[STORED]["hidden part"].tolist() == pytest.approx([1] * 6)
    assert found[NOTHING]["hidden part"].tolist() == [0] * 6
    assert torch.equal(found[NOTHING]["capacity"], found[CUE]["capacity"])
    assert binary(patterns(32)).mean((1, 2)).tolist() == pytest.approx([0.5] * 3, abs=0.01)


def test_other_sizes_are_not_held_to_what_is_expected_of_the_published_one(rows):
    assert {row.holds for row in rows} == {None}
    full = rows_of(CORRECTED, SIZE, DRAWS)
    assert [row for row in full if row.holds is False] == []
    assert any(row.holds for row in full)


def test_storing_changes_the_field_but_not_what_the_hopfield_network_scores(rows):
    assert gained(rows, FIELD, "capacity").mean > 0.1
    assert abs(gained(rows, NETWORK, "capacity").mean) < 0.01
    assert found(rows, PHASES, "overlap", STORED).high < 0


def test_the_verdict_says_only_what_the_rows_bear_out(rows):
    told = " ".join(verdict(rows))
    assert "only 0 attracts" in told
    assert "only 0 attracts" not in " ".join(
        verdict(changed(rows, NETWORK, "loop gain", STORED, 2.0))
    )
    assert "a uniform cue recalls" in told
    assert "a uniform cue recalls" not in " ".join(
        verdict(changed(rows, FIELD, "uniform cue", STORED, 0.1))
    )


def test_the_figure_shows_every_arm_and_the_published_marks(rows):
    figure = comparison_2a(rows)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert set(labels) == {STORED, NOTHING, CUE, "published"}
    assert len(figure.axes) == 4
