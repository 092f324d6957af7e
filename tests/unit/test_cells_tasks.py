import math

import pytest
import torch

from memlab.cells.tasks import adding, carry, forecast, mackey_glass, r2, recall, sine, single_item


def draws(seed=1):
    return torch.Generator().manual_seed(seed)


def linear_r2(x, target, lags):
    """R² of the best linear map from the last inputs of one long sequence, held out."""
    rows = torch.stack([x[lags - 1 - k : len(x) - k] for k in range(lags)], 1).flatten(1).double()
    rows, target = torch.cat([rows, torch.ones(len(rows), 1)], 1), target[lags - 1 :].double()
    half = len(rows) // 2
    weights = torch.linalg.lstsq(rows[:half], target[:half]).solution
    return r2(rows[half:] @ weights, target[half:])


def test_recall_asks_for_what_came_in_before():
    trials = recall(3).train(draws())
    assert torch.equal(trials.target[:, 3:], trials.x[:, :-3])
    assert trials.counts.sum(1).eq(trials.x.shape[1] - 3).all()


def test_a_single_item_is_the_marked_value_and_is_asked_for_once():
    trials = single_item(5).held(draws())
    assert trials.x.shape == (1000, 6, 2)
    marked = (trials.x[..., 0] * trials.x[..., 1]).sum(1)
    assert torch.equal(trials.target[trials.counts][:, 0], marked)


def test_adding_asks_for_half_the_sum_of_the_two_marked_values():
    trials = adding(10).train(draws())
    assert (trials.x[:, :5, 1].sum(1) == 1).all()
    assert (trials.x[:, 5:, 1].sum(1) == 1).all()
    total = (trials.x[..., 0] * trials.x[..., 1]).sum(1)
    torch.testing.assert_close(trials.target[trials.counts][:, 0], total / 2)


def test_without_memory_carrying_is_half_explained_and_with_twelve_lags_wholly():
    long = [carry().held(draws(seed)) for seed in range(20)]
    x = torch.cat([each.x.flatten(0, 1) for each in long])
    target = torch.cat([each.target.flatten(0, 1) for each in long])
    assert linear_r2(x, target, 1) == pytest.approx(0.51, abs=0.02)
    assert linear_r2(x, target, 12) > 0.98  # streams are joined: a few lags cross the seams


def test_a_sine_is_foretold_by_two_lags_and_not_by_its_last_value():
    x = sine(50, 2000)
    assert linear_r2(x[:-10, None], x[10:, None], 2) == pytest.approx(1)
    assert r2(x[:-10], x[10:]) == pytest.approx(2 * math.cos(2 * math.pi / 5) - 1, abs=0.01)


def test_mackey_glass_is_as_hard_as_it_was_measured_to_be():
    x = mackey_glass(4000)
    assert r2(x[:-1], x[1:]) == pytest.approx(0.978, abs=0.01)
    assert linear_r2(x[:-10, None], x[10:, None], 20) == pytest.approx(0.902, abs=0.03)


def test_a_forecast_is_judged_on_steps_it_was_not_trained_on():
    task = forecast(torch.arange(3000.0), ahead=10, warm=20)
    trained, held = task.train(draws()), task.held(draws())
    assert trained.target.max() < held.x.min()
    assert torch.equal(held.target, held.x + 10)
    assert not held.counts[:, :20].any()


def test_r2_is_1_for_the_target_and_0_for_its_mean():
    target = torch.tensor([1.0, 2, 6])
    assert r2(target, target) == 1
    assert r2(target.mean(), target) == 0
