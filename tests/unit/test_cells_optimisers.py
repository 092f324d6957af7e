"""Optimisers in C: the steps of the plain equations, and of torch's own."""

import math
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn

from memlab import native
from memlab.cells.adam import Moments
from memlab.cells.optimisers import Rule, optimiser
from memlab.cells.steps import Pace, Where, adam, adam_step, sgd_step
from tests.unit.cell_models import bits, delayed, small

pytestmark = pytest.mark.skipif(not native.available(), reason="the native library is not built")

ROWS, EACH, STEPS = 3, 77, 12
SHARE = torch.tensor([1.0, 0.25, 0.0])
MASK = torch.arange(EACH) % 3 != 0


def drawn(*shape, dtype=torch.float64, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def blank(dtype):
    zero = torch.zeros((ROWS, EACH), dtype=dtype)
    return Moments(zero, zero.clone(), torch.zeros(ROWS, dtype=dtype))


def walked(dtype, *, core):
    """Weights and moments after some steps, each replicate with its share of them."""
    weights, kept = drawn(ROWS, EACH, dtype=dtype), blank(dtype)
    for g in 3 * drawn(STEPS, ROWS, EACH, dtype=dtype, seed=1):
        weights, kept = adam(weights, g, kept, SHARE.to(dtype), Pace(0.1, 2.0), core=core)
    return [weights, *vars(kept).values()]


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 2e-4), (torch.float64, 1e-12)])
def test_adam_in_c_is_the_plain_adam(dtype, error):
    for found, known in zip(walked(dtype, core=True), walked(dtype, core=False), strict=True):
        torch.testing.assert_close(found, known, rtol=error, atol=error)
    assert torch.equal(walked(dtype, core=True)[0][2], drawn(ROWS, EACH, dtype=dtype)[2])


def parted(row):
    """A row as two parameters."""
    return {"a": row[:35].reshape(5, 7).clone(), "b": row[35:].clone()}


@pytest.mark.parametrize("masks", [{}, parted(MASK)], ids=["whole", "masked"])
@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize(("kind", "momentum"), [("adam", 0.8), ("sgd", 0.9), ("sgd", 0.0)])
def test_an_optimiser_in_c_is_that_of_torch(kind, momentum, clip, masks):
    told = []
    for core in (True, False):
        rule = Rule(kind, 0.05, momentum, clip)
        moved = {k: v.requires_grad_() for k, v in parted(drawn(EACH, dtype=torch.float32)).items()}
        by = optimiser(rule, moved, masks, {}, core=core)
        for g in drawn(STEPS, EACH, dtype=torch.float32, seed=1):
            by.move(parted(g))
        told.append({k: v.detach() for k, v in moved.items()} | by.moments())
    assert told[0].keys() == told[1].keys()
    for name, known in told[1].items():
        torch.testing.assert_close(told[0][name], known, rtol=1e-5, atol=2e-6)


def stepped(kind, gradient, where):
    """Weights, moments and the count of steps after one."""
    weights, kept = drawn(ROWS, EACH), blank(torch.float64)
    with suppress(FloatingPointError):
        if kind == "adam":
            adam_step(Pace(0.1), gradient, weights, kept, where)
        else:
            sgd_step(Pace(0.1), gradient, weights, kept.mean, where)
    return weights, kept


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_what_is_frozen_keeps_its_bits_and_is_not_in_the_norm(kind):
    gradient = drawn(ROWS, EACH, seed=1)
    spoiled = torch.where(MASK, gradient, torch.nan)
    told = [stepped(kind, one, Where(trained=MASK))[0] for one in (gradient, spoiled)]
    assert torch.equal(*told)
    assert torch.equal(told[0] != drawn(ROWS, EACH), MASK.expand(ROWS, -1))


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_a_gradient_that_is_not_finite_is_told_and_nothing_moves(kind):
    gradient = drawn(ROWS, EACH, seed=1)
    gradient[1, 4] = math.inf
    weights, kept = stepped(kind, gradient, Where())
    assert torch.equal(weights, drawn(ROWS, EACH))
    assert not any(one.any() for one in vars(kept).values())
    for core in (True, False):
        with pytest.raises(FloatingPointError, match=r"norm of \[inf\] in replicate\(s\) \[1\]"):
            adam(weights, gradient, kept, torch.ones(3).double(), Pace(0.1), core=core)


def test_a_replicate_without_a_share_may_have_any_gradient():
    gradient = drawn(ROWS, EACH, seed=1)
    gradient[2] = math.nan
    given = (drawn(ROWS, EACH), gradient, blank(torch.float64), SHARE.double(), Pace(0.1))
    for core in (True, False):
        moved, _ = adam(*given, core=core)
        assert moved.isfinite().all()


def test_threads_change_no_bit_of_a_step():
    before, told = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            told.append(walked(torch.float32, core=True))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for one, other in zip(*told, strict=True))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda a: a | {"gradient": a["gradient"].float()}, "gradient must be contiguous"),
        (lambda a: a | {"weights": a["weights"][0]}, r"weights must be \(R, P\)"),
        (lambda a: a | {"gradient": a["gradient"][:, ::2]}, "gradient must be contiguous"),
        (lambda a: a | {"where": Where(torch.ones(2).double())}, r"share must be .*shape \(3,\)"),
        (lambda a: a | {"where": Where(trained=MASK[:5])}, r"trained must be .*shape \(77,\)"),
    ],
)
def test_arrays_that_would_be_misread_are_refused(spoil, told):
    given = {"gradient": drawn(ROWS, EACH), "weights": drawn(ROWS, EACH), "where": Where()}
    with pytest.raises(ValueError, match=told):
        adam_step(Pace(0.1), moments=blank(torch.float64), **spoil(given))


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_both_kinds_of_optimiser_go_on_from_each_others_moments(kind):
    told = []
    for first, then in (("native", "torch"), ("torch", "native"), ("torch", "torch")):
        model = small("amrc", optimiser=kind, learning_rate=1e-3, backend=first).fit(*delayed())
        told.append(model.set_params(backend=then).partial_fit(*delayed()).loss_curve_)
    np.testing.assert_allclose(told[0], told[2], rtol=1e-3)
    np.testing.assert_allclose(told[1], told[2], rtol=1e-3)


def test_a_training_that_goes_on_has_the_bits_of_one_that_was_not_cut():
    whole, parts = (small("pmrc", clip=0.1).partial_fit(*delayed()) for _ in range(2))
    for _ in range(2):
        whole.partial_fit(*delayed())
    assert bits(whole) == bits(parts.partial_fit(*delayed()).partial_fit(*delayed()))


def test_adam_in_c_is_torchs_with_its_norm_clipped():
    start, pace, zero = drawn(EACH), Pace(0.1, 1.0), torch.zeros((1, EACH)).double()
    kept = Moments(zero, zero.clone(), zero[:, 0].clone())
    theirs, ours = nn.Parameter(start.clone()), start.clone()[None]
    known = torch.optim.Adam([theirs], lr=0.1)
    for g in drawn(STEPS, EACH, seed=1):
        theirs.grad = g.clone()
        nn.utils.clip_grad_norm_([theirs], 1.0)
        known.step()
        adam_step(pace, g[None], ours, kept, Where())
    torch.testing.assert_close(ours[0], theirs.detach(), rtol=1e-5, atol=1e-6)  # torch adds 1e-6
