"""Measures of codes against closed forms, and their nulls against simulation."""

import math

import pytest
import torch
from scipy.stats import mannwhitneyu, spearmanr

from memlab.codes.dimension import participation_ratio, unbiased_participation_ratio
from memlab.codes.geometry import dissimilarity, rsa, rsa_p
from memlab.codes.overlap import jaccard, jaccard_by_chance, overlap_by_chance, overlap_z
from memlab.codes.selectivity import auc, held_out, searched_p
from memlab.codes.sparseness import (
    code_entropy,
    distinct_codes,
    lifetime_sparseness,
    population_sparseness,
    sparsity,
)
from memlab.draws import Draws
from memlab.hebbian.streams import sparse_codes

DRAWS = Draws(seed=1, replicates=(0, 1, 2, 3))


def test_winners_fix_the_sparsity_whatever_was_learned():
    codes = sparse_codes(30, 128, 5, DRAWS)
    assert sparsity(codes).tolist() == [1 - 5 / 128] * 4


def test_treves_rolls_of_equal_winners_is_its_closed_form():
    codes = sparse_codes(30, 128, 5, DRAWS)
    known = (1 - 5 / 128) / (1 - 1 / 128)
    torch.testing.assert_close(
        population_sparseness(codes), torch.full((4, 30), known, dtype=torch.double)
    )


def test_treves_rolls_runs_from_one_active_to_all_alike():
    rates = torch.tensor([[[0.0, 0, 3, 0], [2, 2, 2, 2], [0, 0, 0, 0]]])
    first, second, third = population_sparseness(rates)[0]
    assert first == 1
    assert second == pytest.approx(0, abs=1e-12)
    assert math.isnan(third)
    assert lifetime_sparseness(torch.eye(4)[None]).tolist() == [[1.0] * 4]


@pytest.mark.parametrize("mean", [1.0, 3.0])
def test_treves_rolls_of_exponential_rates_is_one_half(mean):
    rates = -mean * torch.log(1 - DRAWS.uniform("rates", (20, 5000)).double())
    assert population_sparseness(rates).mean() == pytest.approx(0.5, abs=0.01)


def test_distinct_codes_and_their_entropy_count_what_is_different():
    codes = torch.tensor([[0, 1], [0, 1], [1, 0], [1, 1]])
    assert distinct_codes(codes) == 3
    assert code_entropy(codes) == pytest.approx(1.5)
    alike, apart = torch.ones(2, 50, 8), torch.eye(64).expand(2, 64, 64)
    assert code_entropy(alike).tolist() == [0, 0]
    assert distinct_codes(alike).tolist() == [1, 1]
    assert code_entropy(apart).tolist() == [6, 6]


def test_a_nan_is_no_activity():
    broken = torch.ones(1, 4, 3)
    broken[0, 2, 1] = torch.nan
    for measure in (sparsity, distinct_codes, participation_ratio, population_sparseness):
        with pytest.raises(ValueError, match="must be finite, got 1 of 12"):
            measure(broken)


def test_rates_below_zero_have_no_treves_rolls():
    with pytest.raises(ValueError, match="rectify"):
        population_sparseness(-torch.ones(2, 2))


def test_the_participation_ratio_counts_equal_directions():
    corners = torch.cat([torch.eye(6), -torch.eye(6)]).double()
    assert participation_ratio(corners) == pytest.approx(6)
    assert participation_ratio(corners[:, :1] * torch.arange(4.0)) == pytest.approx(1)
    assert math.isnan(participation_ratio(torch.ones(5, 3)))


@pytest.mark.parametrize("samples", [12, 20, 60])
def test_few_samples_bias_the_participation_ratio_and_not_the_corrected_one(samples):
    draws = Draws(seed=2, replicates=tuple(range(400)))
    scale = 0.8 ** torch.arange(30.0)
    true = float(scale.square().sum() ** 2 / (scale**4).sum())
    x = draws.normal("x", (samples, 30)) * scale
    plain, corrected = participation_ratio(x), unbiased_participation_ratio(x)
    known = 1 / (1 / samples + 1 / true)
    assert plain.mean() == pytest.approx(known, rel=0.1)
    assert abs(corrected.nanmedian() - true) < abs(plain.median() - true) / 2


def test_the_corrected_participation_ratio_is_a_mean_over_four_different_samples():
    x = DRAWS.normal("x", (5, 3))[0].double()
    top = bottom = 0.0
    for i in range(5):
        for j in range(5):
            for k in range(5):
                for n in range(5):
                    if len({i, j, k, n}) == 4:
                        a, b = x[i] - x[j], x[k] - x[n]
                        top += float(a @ a * (b @ b)) / 4
                        bottom += float(a @ b) ** 2 / 4
    assert unbiased_participation_ratio(x) == pytest.approx(top / bottom)


def test_jaccard_of_known_sets():
    a = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]).bool()
    b = torch.tensor([[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]).bool()
    first, second, third = jaccard(a, b)
    assert (first, second) == (pytest.approx(1 / 3), 1)
    assert math.isnan(third)


def test_chance_overlap_is_what_random_sets_share():
    draws = Draws(seed=3, replicates=(0,))
    a, b = (sparse_codes(20_000, 64, k, draws.at(k))[0] for k in (8, 13))
    assert jaccard(a, b).mean() == pytest.approx(jaccard_by_chance(64, 8, 13), abs=0.002)
    shared = (a & b).sum(-1).double().mean()
    assert shared == pytest.approx(overlap_by_chance(64, 8, 13), abs=0.03)
    z = overlap_z(a, b)
    assert z.mean() == pytest.approx(0, abs=0.03)
    assert z.std() == pytest.approx(1, abs=0.03)
    assert overlap_by_chance(128, 5, 5) == pytest.approx(25 / 128)


def test_the_same_set_is_far_above_chance_and_a_full_one_tells_nothing():
    a = torch.arange(128) < 5
    expected = (5 - 25 / 128) / math.sqrt(25 * 123**2 / (128**2 * 127))
    assert overlap_z(a, a) == pytest.approx(expected)
    full = torch.ones(8, dtype=torch.bool)
    assert math.isnan(overlap_z(full, full))


def test_sets_must_be_bool():
    with pytest.raises(ValueError, match="codes > 0"):
        jaccard(torch.ones(3), torch.ones(3))


def test_the_auc_is_the_mann_whitney_statistic_ties_included():
    rates = DRAWS.integers("rates", 4, (20, 3)).double()
    labels = DRAWS.uniform("labels", (20,)) < 0.4
    found = auc(rates, labels)
    for r in range(4):
        with_it, without = rates[r, labels[r]], rates[r, ~labels[r]]
        u = mannwhitneyu(with_it.numpy(), without.numpy(), axis=0).statistic
        expected = torch.from_numpy(u) / (len(with_it) * len(without))
        torch.testing.assert_close(found[r], expected)


def test_the_best_of_many_units_is_no_discovery_where_nothing_is_selective():
    draws = Draws(seed=5, replicates=tuple(range(40)))
    rates = draws.normal("rates", (30, 50))
    labels = (torch.arange(30) < 10).expand(40, 30)
    p = searched_p(rates, labels, draws, permutations=99).amin(1)
    assert float((p <= 0.1).double().mean()) <= 0.25  # 0.1 in expectation; uncorrected 0.99
    held = held_out(rates, labels, draws)
    assert held.searched.mean() > 0.8
    assert held.tested.mean() == pytest.approx(0.5, abs=0.08)
    assert ((held.low <= 0.5) & (held.high >= 0.5)).double().mean() > 0.85


def test_a_selective_unit_is_found_and_holds_up():
    labels = (torch.arange(40) % 3 == 0).expand(4, 40)
    rates = DRAWS.normal("rates", (40, 50))
    rates[:, :, 17] += 4 * labels
    assert searched_p(rates, labels, DRAWS, permutations=199)[:, 17].tolist() == [1 / 200] * 4
    held = held_out(rates, labels, DRAWS)
    assert held.unit.tolist() == [17] * 4
    assert bool((held.low > 0.75).all())


def test_a_concept_that_is_never_or_always_there_selects_nothing():
    with pytest.raises(ValueError, match="samples with the concept and samples without"):
        auc(torch.rand(1, 4, 2), torch.ones(1, 4, dtype=torch.bool))


def test_rsa_is_spearman_of_both_triangles():
    a, b = DRAWS.normal("a", (8, 20)), DRAWS.normal("b", (8, 5))
    upper = torch.triu_indices(8, 8, 1)
    first, second = (dissimilarity(x)[:, upper[0], upper[1]] for x in (a, b))
    for r in range(4):
        expected = spearmanr(first[r].numpy(), second[r].numpy()).statistic
        assert rsa(a, b)[r] == pytest.approx(expected)


def test_rsa_sees_through_rotations_and_its_p_through_chance():
    a = DRAWS.normal("a", (12, 20))
    a = a - a.mean(-1, keepdim=True)
    assert rsa(a, 3 * a + 1).tolist() == pytest.approx([1.0] * 4)
    assert rsa_p(a, 3 * a + 1, DRAWS, permutations=99).tolist() == pytest.approx([0.01] * 4)
    many = Draws(seed=7, replicates=tuple(range(60)))
    p = rsa_p(many.normal("a", (8, 6)), many.normal("b", (8, 6)), many, permutations=99)
    assert p.mean() == pytest.approx(0.5, abs=0.12)


def test_rsa_needs_the_same_samples():
    with pytest.raises(ValueError, match="same samples"):
        rsa(torch.rand(1, 6, 4), torch.rand(1, 5, 4))
