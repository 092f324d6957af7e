"""Tasks as patterns: their rules hold, and what is asked for cannot be read off what is shown."""

from functools import partial

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.past import Past
from memlab.patterns.series import Laser, MackeyGlass, Sine, mackey_glass
from memlab.patterns.streams import ArFilters, DelayedRecall, RepeatPrevious
from memlab.patterns.trials import Adding, AssociativeRecall, Copy, SingleItem

FOUR = Draws(seed=1, replicates=(0, 1, 2, 3))
STREAM = {"steps": 200, "tested": 60}
TRIALS = {"trials": 40, "tested": 10}
TASKS = [
    DelayedRecall(lags=(3, 7), **STREAM),
    RepeatPrevious(symbols=3, back=5, **STREAM),
    ArFilters(**STREAM),
    Sine(**STREAM),
    MackeyGlass(**STREAM),
    Laser(**STREAM),
    Past(lags=5, second=2, third=1, **STREAM),
    SingleItem(delay=6, **TRIALS),
    Adding(length=9, **TRIALS),
    Copy(symbols=5, length=3, pause=2, **TRIALS),
    AssociativeRecall(pairs=3, length=20, **TRIALS),
]
named = partial(pytest.mark.parametrize, "task", TASKS, ids=lambda task: type(task).__name__)


def drawn(task, count=2) -> tuple[Tensor, Tensor]:
    """Inputs and outputs of some items, ``(R, P, B, T, …)``."""
    patterns = task.draw(count, FOUR)
    return patterns[..., : task.space.inputs], patterns[..., task.space.inputs :]


@named()
def test_tasks_follow_from_the_seed_the_replicate_and_the_place_of_an_item(task):
    first = task.space.check(task.draw(3, FOUR))
    assert torch.equal(first, task.draw(3, FOUR))
    assert not torch.equal(first, task.draw(3, Draws(2, FOUR.replicates)))
    assert torch.equal(first[3:], task.draw(3, Draws(1, (3,))))
    assert torch.equal(first[:, :2], task.draw(2, FOUR))
    assert len(set(task.names(5))) == 5


@named()
def test_what_is_taught_is_never_asked_for_and_neither_is_an_input(task):
    patterns = task.draw(2, FOUR)
    split = task.split(patterns)
    assert split.taught.shape == split.asked.shape == patterns.shape
    assert not (split.taught & split.asked).any()
    assert not (split.taught | split.asked)[..., : task.space.inputs].any()
    for part in (split.taught, split.asked):
        assert part.flatten(2).any(-1).all()


@named()
def test_what_is_shown_is_the_same_whatever_is_asked_for(task):
    """Other outputs in the place of those asked for leave what is shown as it was."""
    patterns = task.draw(2, FOUR)
    split = task.split(patterns)
    other = torch.where(split.asked, 1 - patterns, patterns)
    assert not torch.equal(other, patterns)
    shown = split.shown(patterns, task.space)
    assert torch.equal(shown, split.shown(other, task.space))
    assert torch.equal(shown[split.taught], patterns[split.taught])
    inputs = task.space.inputs
    assert torch.equal(shown[..., :inputs], patterns[..., :inputs])


def test_delayed_recall_says_the_input_of_so_many_steps_ago():
    x, y = drawn(TASKS[0])
    for column, lag in enumerate((3, 7)):
        assert torch.equal(y[..., lag:, column], x[..., :-lag, 0])


def test_repeat_previous_says_the_symbol_of_so_many_steps_ago():
    x, y = drawn(TASKS[1])
    assert torch.equal(y[..., 5:, :], x[..., :-5, :])
    assert bool((x.sum(-1) == 1).all())


def test_a_filter_follows_its_own_leaky_sum():
    x, y = (8 * (part - 0.5) for part in drawn(ArFilters(decay=0.7, steps=400, tested=100)))
    drive = y[..., 1:, 0] - 0.7 * y[..., :-1, 0]  # decay taken off, linear in the inputs
    for replicate in range(4):
        for item in range(2):
            heard, wanted = x[replicate, item, 0, 1:], drive[replicate, item, 0, :, None]
            found = torch.linalg.lstsq(heard.double(), wanted.double())
            assert (heard.double() @ found.solution - wanted).abs().max() < 1e-5
            assert found.solution.norm() == pytest.approx((1 - 0.49) ** 0.5, rel=1e-4)


@pytest.mark.parametrize("task", [Sine(ahead=7, **STREAM), MackeyGlass(ahead=7, **STREAM)])
def test_a_series_is_told_ahead(task):
    x, y = drawn(task)
    assert torch.equal(y[..., :-7, 0], x[..., 7:, 0])


def test_items_of_a_sine_have_their_own_periods():
    x, _ = drawn(Sine(periods=(40.0, 25.0), **STREAM))
    for item, period in enumerate((40, 25)):
        assert (x[:, item, ..., period:, :] - x[:, item, ..., :-period, :]).abs().max() < 1e-5


def test_mackey_and_glass_obey_their_equation():
    """A central difference over two steps is itself 2 % off the slope of such a series."""
    x = torch.from_numpy(mackey_glass(torch.tensor([0.9]).double().numpy(), 400, 17))[0]
    slope, middle, then = (x[19:] - x[17:-2]) / 2, x[18:-1], x[1:-18]
    expected = 0.2 * then / (1 + then**10) - 0.1 * middle
    assert (slope - expected).abs().max() < 0.03 * slope.abs().max()
    assert x.std() > 0.2


def test_the_published_laser_is_whole():
    x, y = drawn(Laser(steps=10_000, tested=100), count=1)
    assert torch.equal(y[..., :-1, 0], x[..., 1:, 0])
    assert (255 * x).round().sub(255 * x).abs().max() < 1e-3  # 8 bits
    assert (255 * x).mean() == pytest.approx(59.9, abs=0.5)


def test_outputs_of_the_past_are_uncorrelated_and_of_the_variance_of_legendre_polynomials():
    task = Past(lags=3, second=1, third=1, steps=60_000, tested=100, scales=(1.0,))
    _, y = drawn(task, count=1)
    z = 2 * y[0, 0, 0, 5:].double() - 1
    correlation = torch.corrcoef(z.T)
    assert (correlation - torch.eye(len(correlation))).abs().max() < 0.03
    names = task.space.outputs
    for name, variance in {"2": 1 / 3, "1+1": 1 / 5, "0+1": 1 / 9, "0+0+0": 1 / 7}.items():
        assert z[:, names.index(name)].var() == pytest.approx(variance, rel=0.05)


def test_the_past_is_that_of_the_noise_whatever_its_scale():
    x, y = drawn(Past(lags=3, second=0, third=0, scales=(0.1, 1.0), **STREAM))
    for item, scale in enumerate((0.1, 1.0)):
        u = (2 * x[:, item, 0, :, 0] - 1) / scale
        told = 2 * y[:, item, 0, :, 2] - 1
        assert (told[:, 2:] - u[:, :-2]).abs().max() < 1e-5


def test_a_single_item_is_asked_for_at_the_last_step_only():
    task = SingleItem(delay=6, **TRIALS)
    patterns = task.draw(1, FOUR)
    asked = task.split(patterns).asked[..., 2]
    assert torch.equal(patterns[..., -1, 2], patterns[..., 0, 0])
    assert bool(asked[..., -10:, -1].all())
    assert int(asked.sum()) == 4 * 10


def test_adding_says_half_the_sum_of_two_marked_values():
    x, y = drawn(Adding(length=9, **TRIALS))
    values, marks = x.unbind(-1)
    assert bool((marks[..., :4].sum(-1) == 1).all())
    assert bool((marks[..., 4:].sum(-1) == 1).all())
    assert torch.allclose(y[..., -1, 0], (values * marks).sum(-1) / 2)


def test_copy_says_the_word_after_the_sign():
    x, y = drawn(Copy(symbols=5, length=3, pause=2, **TRIALS))
    assert torch.equal(y[..., 5:, :], x[..., :3, :5])
    assert torch.equal(x[..., 5].nonzero()[:, -1].unique(), torch.tensor([5]))


def test_associative_recall_asks_for_every_pair_once():
    task = AssociativeRecall(pairs=3, length=20, **TRIALS)
    x, y = drawn(task)
    keys, values = x[..., :8], x[..., 8:]
    assert bool((y.sum((-2, -1)) == 3).all())
    match = torch.einsum("...sk,...tk->...st", keys[..., 6:, :], keys[..., :6:2, :])
    said = torch.einsum("...st,...tv->...sv", match, values[..., 1:6:2, :])
    assert torch.equal(said, y[..., 6:, :])


def test_most_keys_are_asked_for_soon():
    _, y = drawn(AssociativeRecall(pairs=1, length=22, trials=500, tested=10))
    when = y.sum(-1).flatten(0, -2).sum(0)[2:]
    expected = 1 / torch.arange(1, 21) ** 0.99
    assert (when / when.sum() - expected / expected.sum()).abs().max() < 0.03


@pytest.mark.parametrize(
    ("kind", "wrong", "named"),
    [
        (DelayedRecall, {"lags": ()}, "lags"),
        (DelayedRecall, {"lags": (0,)}, r"lags must all be at least 1 step, .* got \[0\]"),
        (DelayedRecall, {"steps": 100, "tested": 80}, r"steps must be more than .* 80 \+ 20"),
        (SingleItem, {"trials": 10, "tested": 10}, "trials must be more than tested=10"),
        (Copy, {"trials": 10, "tested": 10}, "trials must be more than tested=10"),
        (AssociativeRecall, {"pairs": 9}, "pairs must be at most keys=8, got 9"),
        (AssociativeRecall, {"length": 11}, "length must be at least 3 pairs, 12"),
        (Sine, {"periods": (1.5,)}, "periods"),
        (Laser, {"steps": 10_093}, r"at most the 10093 of the series, got 10094"),
        (Past, {"scales": (2.0,)}, "scales"),
        (ArFilters, {"decay": 1.0}, "decay"),
        (MackeyGlass, {"delays": (0,)}, "delays"),
        (RepeatPrevious, {"symbols": 1}, "symbols"),
        (Adding, {"length": 1}, "length"),
    ],
)
def test_a_task_that_cannot_be_is_refused_by_name(kind, wrong, named):
    with pytest.raises(ValidationError, match=named):
        kind(**wrong)


def test_without_the_series_the_laser_says_what_brings_it(monkeypatch):
    monkeypatch.setattr("memlab.patterns.series.find_spec", lambda _: None)
    with pytest.raises(ValidationError, match=r'pip install "memlab\[laser\]"'):
        Laser()
