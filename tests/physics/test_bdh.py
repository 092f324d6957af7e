"""The Dragon Hatchling against what is known of it: sparse keys, words heard once."""

import pytest
import torch

from memlab.bdh.hatchling import Hatchling, blank
from memlab.bdh.keys import recalled, sparse_keys
from memlab.bdh.running import run
from memlab.bdh.tasks import Repetition, repetition
from memlab.bdh.training import Training, trained
from memlab.draws import Draws

MANY = Draws(seed=1, replicates=tuple(range(10)))


def kept(count, share, damping=1.0):
    """Whether each of so many values is found, newest first, ``(R, T)``."""
    values = MANY.normal("values", (count, 64))
    keys = sparse_keys(count, 1024, share, MANY)
    return recalled(keys, values, damping=damping).double().flip(1)


LOADS = (16, 64, 256, 1024, 4096)
HELD = {  # share of values found, N = 1024 and d = 64, as it was measured elsewhere
    0.5: (1.00, 0.48, 0.02, 0.01, 0.00),
    0.25: (1.00, 1.00, 0.40, 0.02, 0.00),
    0.05: (1.00, 1.00, 1.00, 0.91, 0.16),
    0.02: (1.00, 1.00, 1.00, 0.97, 0.39),
}
FEW = Draws(seed=1, replicates=(0, 1, 2))


@pytest.fixture(scope="module")
def drawn_once():
    """Strengths and places of neurons in 4,096 keys, and a value for each."""
    shape = (LOADS[-1], 1024)
    return (
        FEW.normal("strength", shape).abs(),
        FEW.uniform("active", shape),
        FEW.normal("value", (LOADS[-1], 64)),
    )


def shares_found(drawn_once, share, count):
    """The share found of each set of so many values, the same keys in sets of any size."""
    strength, place, values = drawn_once
    keys = (strength * (place < share)).reshape(-1, count, 1024)
    return recalled(keys, values.reshape(-1, count, 64)).double().mean(1)


@pytest.mark.parametrize("share", HELD)
def test_sparser_keys_hold_as_many_values_as_is_known_within_sampling_error(drawn_once, share):
    for count, known in zip(LOADS, HELD[share], strict=True):
        found = shares_found(drawn_once, share, count)
        sets = len(found)
        rounded, one_value = 0.005, (known * (1 - known) / count) ** 0.5
        sampled = max(float(found.std()), one_value)  # of a set; what is known is of one
        error = rounded + 2 * sampled * (1 + 1 / sets) ** 0.5
        assert float(found.mean()) == pytest.approx(known, abs=error), (count, sets)


@pytest.mark.parametrize(
    ("damping", "known"),
    [
        (1.0, (0.97, 0.95, 0.94)),
        (0.999, (1.00, 1.00, 0.77)),
        (0.99, (1.00, 0.58, 0.00)),
        (0.95, (0.77, 0.01, 0.00)),
    ],
)
def test_damping_keeps_the_new_at_the_expense_of_the_old(damping, known):
    found = kept(1024, 0.05, damping)
    ages = [found[:, :64], found[:, 64:256], found[:, 256:]]
    assert [float(age.mean()) for age in ages] == pytest.approx(known, abs=0.1)


@pytest.mark.parametrize("form", ["paper", "code"])
def test_a_word_heard_once_is_known(form):
    draws = Draws(seed=1, replicates=(0,))
    task = Repetition(letters=10, warm_up=1, word=5, copies=4)
    model = Hatchling(
        vocabulary=10, width=32, neurons=256, heads=4, layers=3, form=form, dropout=0.0
    )
    asked = repetition(task, 64, draws.at("asked"))
    course = trained(
        model,
        blank(model, draws),
        Training(steps=250, rate=1e-2, warm_up=30, every=250),
        lambda step: repetition(task, 32, draws.at("batch", step)),
        draws,
        validation=asked,
    )
    with torch.no_grad():
        said = run(model, course.weights, asked[..., :-1]).logits
    right = (said.argmax(-1) == asked[..., 1:]).double()
    share = [float(right[..., task.copy_of() == copy].mean()) for copy in range(4)]
    assert share[0] < 0.2  # 0.1 by chance
    assert share[1] > 0.9
    assert min(share[2:]) > 0.97
