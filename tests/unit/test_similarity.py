"""Likeness is centred where it says so, and a field that holds nothing is like nothing."""

import pytest
import torch

from memlab.similarity import cosine, pearson

TARGET = torch.tensor([[0.0, 0, 0, 1, 0, 1]])


def test_a_constant_has_no_correlation_but_a_cosine():
    flat = torch.full_like(TARGET, 0.3)
    assert pearson(flat, TARGET, (1,)) == 0
    assert cosine(flat, TARGET, (1,)).item() == pytest.approx((2 / 6) ** 0.5)


def test_both_are_blind_to_brightness():
    assert cosine(0.05 * TARGET, TARGET, (1,)).item() == pytest.approx(1)
    assert pearson(0.05 * TARGET, TARGET, (1,)).item() == pytest.approx(1)


def test_correlation_agrees_with_numpys():
    a, b = torch.rand(4, 30), torch.rand(4, 30)
    expected = [torch.corrcoef(torch.stack([x, y]))[0, 1].item() for x, y in zip(a, b, strict=True)]
    assert pearson(a, b, (1,)).tolist() == pytest.approx(expected, abs=1e-6)


def test_a_blank_is_like_nothing():
    blank = torch.zeros_like(TARGET)
    assert cosine(blank, TARGET, (1,)) == pearson(blank, TARGET, (1,)) == 0
