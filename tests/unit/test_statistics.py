"""Intervals, tests and corrections against values known otherwise."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import norm, ttest_1samp

from memlab.statistics import (
    Estimate,
    band,
    bca,
    cohen_dz,
    estimate,
    holm,
    sign_flip_p,
    smallest_p,
)


def normal(size: int, seed: int = 0, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, size)


@pytest.mark.parametrize("n", range(1, 17))
def test_the_smallest_p_is_two_to_the_one_minus_n(n):
    assert sign_flip_p(1 + np.arange(n) / 10) == pytest.approx(2.0 ** (1 - n))
    assert smallest_p(n) == pytest.approx(2.0 ** (1 - n))


def test_the_sign_flip_test_counts_all_sign_patterns():
    d = normal(7, shift=0.4)
    flips = [abs(np.dot(signs, d)) for signs in product((-1, 1), repeat=7)]
    assert sign_flip_p(d) == np.mean(np.array(flips) >= abs(d.sum()) - 1e-12)


def test_the_sign_flip_test_looks_both_ways():
    d = normal(9, shift=0.5)
    assert sign_flip_p(d) == sign_flip_p(-d)


def test_zeros_weaken_the_sign_flip_test():
    assert sign_flip_p([1.0, 1, 1, 0, 0]) == pytest.approx(2.0 ** (1 - 3))
    assert sign_flip_p([0.0] * 10) == 1


@pytest.mark.parametrize("n", [8, 20])
def test_float_noise_is_no_difference(n):
    assert sign_flip_p(np.linspace(1e-7, 9e-7, n)) == 1
    assert cohen_dz(np.linspace(1e-7, 9e-7, n)) is None
    assert sign_flip_p([1.0, 1, 1, 1e-7, -2e-7]) == pytest.approx(2.0 ** (1 - 3))


def test_tied_differences_count_as_extreme_despite_rounding():
    assert sign_flip_p([0.1, 0.2, 0.3, 0.1 + 0.2]) == pytest.approx(2.0 ** (1 - 4))


def test_many_replicates_are_sampled_and_agree_with_the_t_test():
    d = normal(30, shift=0.35)
    assert sign_flip_p(d) == pytest.approx(ttest_1samp(d, 0).pvalue, abs=0.01)
    assert sign_flip_p(d) == sign_flip_p(d)


def test_bca_agrees_with_the_textbook_formula():
    x = np.random.default_rng(3).exponential(1, 12)
    picks = np.random.default_rng(1).integers(0, 12, (200_000, 12))
    means, left_out = x[picks].mean(1), (x.sum() - x) / 11
    z0 = norm.ppf(np.mean(means < x.mean()))
    apart = left_out.mean() - left_out
    a = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    z = z0 + norm.ppf([0.025, 0.975])
    expected = np.quantile(means, norm.cdf(z0 + z / (1 - a * z)))
    assert bca(x) == pytest.approx(tuple(expected), abs=0.04)
    percentile = np.quantile(means, [0.025, 0.975])
    assert bca(x)[1] > percentile[1] + 0.04  # the correction matters here


def test_bca_covers_the_true_mean_about_as_often_as_it_says():
    intervals = [bca(normal(15, seed)) for seed in range(150)]
    assert 0.86 < np.mean([low <= 0 <= high for low, high in intervals]) < 0.99


def test_identical_replicates_give_a_point_interval():
    found = estimate(torch.full((10,), 0.7))
    assert found.low == found.high == found.mean == pytest.approx(0.7)


def test_one_replicate_has_no_interval():
    found = estimate([0.5])
    assert (found.low, found.high, found.n) == (None, None, 1)
    assert "no interval" in str(found)


def test_an_estimate_repeats_to_the_last_digit():
    assert estimate(normal(8)) == estimate(normal(8))


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_an_estimate_refuses_what_is_no_number(values):
    with pytest.raises(ValueError, match="finite"):
        estimate(values)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.6, 0.9]) == (1, 1)
    assert holm([]) == ()


def test_cohen_dz_is_mean_over_deviation():
    assert cohen_dz([1.0, 2.0, 3.0]) == pytest.approx(2.0)
    assert cohen_dz([1.0, 1.0]) is None
    assert cohen_dz([1.0]) is None


def test_a_band_holds_the_mean_and_skips_what_stopped():
    curves = torch.rand(9, 5, generator=torch.Generator().manual_seed(0))
    curves[3, 2:] = torch.nan
    curves[:, 4] = torch.nan
    low, high = band(curves)
    mean = curves[:, :4].double().nanmean(0).numpy()
    assert ((low[:4] < mean) & (mean < high[:4])).all()
    assert np.isnan([low[4], high[4]]).all()


def test_an_estimate_is_printed_with_as_many_decimals_as_asked_for():
    found = Estimate((0.0,) * 6, 203.5239, 203.5, 203.52451)
    assert found.rounded(3) == "203.524 [203.500, 203.525]"
    assert Estimate((57.2,), 57.2, None, None).rounded(0) == "57 (n = 1, no interval)"


def test_numbers_are_printed_with_their_interval():
    assert str(Estimate((0.0,) * 6, 0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"
    assert str(Estimate((0.0,) * 6, 131072, 131072, 131072.5)) == "131,072 [131,072, 131,072.5]"
