"""What a model keeps for its next prediction is never what it no longer is."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from memlab import native
from memlab.cells import load_into, save
from memlab.cells.freezing import freeze_group
from memlab.cells.values import Values
from tests.unit.cell_models import NAMES, bits, delayed, small

pytestmark = pytest.mark.skipif(not native.available(), reason="the native library is not built")

X, Y = delayed(sequences=4)


def fitted(name):
    return small(name, epochs=1).fit(X, Y)


def fit_again(model, tmp_path):
    model.set_params(random_state=7).fit(X, Y)


def partial_fit(model, tmp_path):
    model.partial_fit(X, Y)


def partial_fit_frozen(model, tmp_path):
    freeze_group(model, "readout")
    model.predict(X)
    model.partial_fit(X, Y)


def load_another(model, tmp_path):
    other = clone(model).set_params(random_state=9)
    load_into(model, save(other.fit(X, Y), tmp_path / "other.cell"))


def build_again(model, tmp_path):
    model.set_params(random_state=7).build(1, 1)


def replaced_learned(model, tmp_path):
    moved = {name: one + 0.25 for name, one in model.learned_.parameters.items()}
    model.learned_ = replace(model.learned_, parameters=Values(moved))


WAYS = [
    fit_again,
    partial_fit,
    partial_fit_frozen,
    load_another,
    build_again,
    replaced_learned,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_is_that_of_the_parameters_there_are(name, way, tmp_path):
    model = fitted(name)
    before = model.predict(X)
    way(model, tmp_path)
    now = model.predict(X)
    assert not np.array_equal(now, before)
    # A copy has only what is learned, and nothing that was made of it.
    assert np.array_equal(now, copy.deepcopy(model).predict(X))
    assert np.array_equal(now, model.stream(batch=len(X)).predict(X))
    torch_says = copy.deepcopy(model).set_params(backend="torch").predict(X)
    np.testing.assert_allclose(now, torch_says, rtol=1e-4, atol=1e-5)


def test_ndm_follows_the_flag_it_was_last_trained_with():
    model = small("ndm", learning_rate=1e-6).fit(X, Y)
    moving = model.predict(X)
    model.set_params(frozen=True).partial_fit(X, Y)
    assert np.abs(model.predict(X) - moving).max() > 1e-4  # the parameters hardly moved
    assert np.array_equal(model.predict(X), copy.deepcopy(model).predict(X))


def test_what_is_made_is_kept_while_nothing_changes():
    model = fitted("pmrc")
    network = model.network()
    core = network.core
    before = bits(model)
    for _ in range(3):
        model.predict(X)
    assert bits(model) == before
    assert model.network() is network
    assert network.core is core
    model.set_params(on_nan="skip")
    assert model.network().on_nan == "skip"
    model.learned_ = replace(model.learned_)
    assert model.network() is not network


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_are_models_of_their_own(copied):
    model = fitted("amn")
    expected = model.predict(X)
    other = copied(model)
    assert np.array_equal(other.predict(X), expected)
    other.partial_fit(X, Y)
    assert np.array_equal(model.predict(X), expected)
    assert not np.array_equal(other.predict(X), expected)


def test_what_is_handed_out_is_a_copy():
    model = fitted("pmrc")
    expected = model.predict(X)
    for one in model.learned_.parameters.values():
        one.add_(0.25)
        one.numpy()[...] = 0
        one.data = torch.zeros(3)
    assert np.array_equal(model.predict(X), expected)
    assert np.array_equal(copy.deepcopy(model).predict(X), expected)
    with pytest.raises(TypeError, match="does not support item assignment"):
        model.learned_.parameters["U"] = torch.zeros(8, 8)


def test_parameters_of_other_shapes_are_refused():
    model = fitted("pmrc")
    shorter = {name: one[:3] for name, one in model.learned_.parameters.items()}
    model.learned_ = replace(model.learned_, parameters=Values(shorter))
    with pytest.raises(ValueError, match=r"parameters must have the shapes \{'W': \(8, 1\)"):
        model.predict(X)


def test_threads_that_predict_while_parameters_are_replaced_see_one_model_or_the_other():
    model = fitted("dtpn")
    first = model.learned_
    second = replace(first, parameters=Values({k: v + 0.25 for k, v in first.parameters.items()}))
    known = []
    for model.learned_ in (first, second):
        known.append(model.predict(X).tobytes())
    with ThreadPoolExecutor(4) as pool:
        asked = []
        for i in range(200):
            model.learned_ = replace(first if i % 2 else second)  # without what was made
            asked += [pool.submit(model.predict, X) for _ in range(3)]
        told = {one.result().tobytes() for one in asked}
    assert known[0] != known[1]
    assert told <= set(known)
