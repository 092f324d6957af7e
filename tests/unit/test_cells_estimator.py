"""Models with scikit-learn's habits: what they learn, and what stays."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from memlab import cells, native
from memlab.cells import AMN, AMRC, DTPN, NDM, PMRC, SGWAMN, HyperAMN, create_model, load, save
from tests.unit.cell_models import NAMES, bits, delayed, small


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.mark.parametrize("kind", [AMRC, PMRC, AMN, DTPN, HyperAMN, SGWAMN, NDM])
def test_a_clone_has_the_same_parameters_and_has_learned_nothing(kind):
    model = kind(hidden_size=5, learning_rate=0.5).build(2, 1)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "learned_")


@pytest.mark.parametrize("name", ["pmrc", "dtpn", "amn", "ndm"])
def test_a_lag_of_two_steps_is_learned(name):
    model = small(name, hidden_size=16, epochs=40, learning_rate=0.02, batch_size=16)
    model.fit(*delayed(64))
    assert model.score(*delayed(64, seed=1)) > 0.9


@pytest.mark.parametrize(
    ("name", "equations"),
    [(name, "repaired") for name in NAMES]
    + [(name, "published") for name in NAMES if name != "pmrc"],  # which has no gradient
)
def test_training_lowers_the_loss(name, equations):
    x, _ = delayed()
    model = small(name, epochs=15, equations=equations, learning_rate=0.01).fit(x, 0.5 * x)
    assert model.loss_curve_[-1] < 0.8 * model.loss_curve_[0]


def test_the_same_seed_gives_the_same_bits_and_no_global_seed_matters(name):
    np.random.seed(1)  # noqa: NPY002  what must not matter
    torch.manual_seed(1)
    first = bits(small(name).fit(*delayed()))
    np.random.seed(2)  # noqa: NPY002
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert bits(small(name).fit(*delayed())) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert bits(small(name, random_state=1).fit(*delayed())) != first


def test_two_unseeded_models_differ():
    models = [small("amrc", random_state=None).build(1, 1) for _ in range(2)]
    assert bits(models[0]) != bits(models[1])


@pytest.mark.parametrize("equations", ["repaired", "published"])
def test_a_prediction_changes_nothing_and_repeats_itself(name, equations):
    x, _ = delayed()
    model = small(name, equations=equations).build(1, 1)
    before = bits(model)
    first = model.predict(x)
    assert np.array_equal(model.predict(x), first)
    assert bits(model) == before


def test_partial_fits_of_a_stream_carry_its_state_on(name):
    x, y = (one.reshape(-1, 1) for one in delayed())
    whole = small(name, window=10).fit(x[:40], y[:40])
    model = small(name, window=10)
    model.partial_fit(x[:20], y[:20]).partial_fit(x[20:40], y[20:40])
    once = small(name, window=10, epochs=1).fit(x[:40], y[:40])
    assert bits(model) == bits(once)
    assert bits(model) != bits(whole)


def test_windows_of_a_sequence_carry_its_state_on():
    x, y = delayed(steps=20)
    losses = [
        small("pmrc", window=window, epochs=1, learning_rate=1e-30).fit(x, y).loss_curve_[0]
        for window in (1, 7, 20, None)
    ]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-5)


def test_threads_that_share_a_model_agree_with_one_alone(name):
    x, _ = delayed(64, 50)
    model = small(name).build(1, 1)
    expected = [model.predict(one) for one in x]
    with ThreadPoolExecutor(8) as pool:
        assert all(map(np.array_equal, pool.map(model.predict, x), expected))


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_a_copy_learns_on_its_own(name, copied):
    x, y = delayed()
    model = small(name).fit(x, y)
    before, twin = bits(model), copied(model)
    assert bits(twin) == before
    twin.partial_fit(x, y)
    assert bits(model) == before != bits(twin)
    assert bits(model.partial_fit(x, y)) == bits(twin)


def test_strided_and_double_arrays_are_taken_for_what_they_say(name):
    x, _ = delayed()
    model = small(name).build(1, 1)
    expected = model.predict(x.astype(np.float32)[::2])
    wide = np.asfortranarray(np.repeat(x, 2, axis=2))
    assert np.array_equal(model.predict(wide[::2, :, ::2]), expected)


def test_sizes_and_flags_of_numpy_are_those_of_python(tmp_path):
    given = {"hidden_size": np.int64(4), "gates": np.bool_(False), "warm_start": np.True_}
    model = PMRC(**given, epochs=1, random_state=np.int32(0)).fit(*delayed())
    again = load(save(model, tmp_path / "model.safetensors"))
    assert again.learned_.cell == model.learned_.cell
    assert np.array_equal(again.predict(delayed()[0]), model.predict(delayed()[0]))


def test_updates_and_the_last_loss_are_told_and_saved(tmp_path):
    x, y = delayed()  # 32 sequences, 8 in an update
    model = small("pmrc").build(1, 1)
    assert model.training_steps_ == 0
    assert np.isnan(model.last_loss_)
    model.fit(x, y)
    assert model.training_steps_ == 8
    assert model.last_loss_ == model.loss_curve_[-1]
    again = load(save(model, tmp_path / "model.safetensors")).partial_fit(x, y)
    assert again.training_steps_ == 12


def test_a_training_that_diverges_leaves_the_model_as_it_was():
    x, y = delayed()
    model = small("pmrc", optimiser="sgd", clip=None).fit(x, y)
    before = bits(model)
    model.set_params(learning_rate=1e30)
    with pytest.raises(ValueError, match=r"must stay finite.*smaller learning_rate"):
        model.partial_fit(x, y)
    assert bits(model) == before


def test_steps_that_are_not_numbers_are_padding_when_skipped(name):
    x, y = delayed()
    longer = [np.concatenate([one, np.full((32, 5, 1), np.nan)], 1) for one in (x, y)]
    slow = {"optimiser": "sgd", "learning_rate": 1e-3}  # round-off must not grow in training
    short = small(name, **slow).fit(x, y)
    padded = small(name, on_nan="skip", **slow).fit(*longer)
    np.testing.assert_allclose(padded.loss_curve_, short.loss_curve_, rtol=1e-4)
    told = padded.predict(longer[0])
    assert np.isnan(told[:, -5:]).all()
    assert np.isfinite(told[:, :-5]).all()
    assert padded.score(*longer) == pytest.approx(padded.score(x, y), abs=1e-5)


def test_the_validation_share_is_not_trained_on():
    x, y = delayed(20)
    model = small("pmrc", epochs=5, validation_split=0.25).fit(x, y)
    assert len(model.validation_curve_) == 5
    stream = small("pmrc", validation_split=0.5, window=5)
    spoiled = y[0].copy()
    spoiled[10:] = 7
    told = [stream.fit(x[0], target).learned_ for target in (y[0], spoiled)]
    assert all(
        torch.equal(told[0].parameters[k], told[1].parameters[k]) for k in told[0].parameters
    )
    assert told[0].validation != told[1].validation


def test_large_numbers_are_finite():
    model = small("pmrc").build(1, 1)
    assert np.isfinite(model.predict(np.full((2, 3, 1), 1e30, np.float32))).all()


def test_targets_come_back_in_the_shape_they_came_in():
    x, y = delayed()
    model = small("amrc")
    assert model.fit(x, y).predict(x).shape == (32, 20, 1)
    assert model.fit(x, y[..., 0]).predict(x).shape == (32, 20)
    assert model.fit(x[0], y[0, :, 0]).predict(x[0]).shape == (20,)
    assert model.predict(x).shape == (32, 20)


def test_scikit_learn_judges_and_searches_models():
    x, y = delayed()
    assert len(cross_val_score(small("pmrc"), x, y, cv=3)) == 3
    search = GridSearchCV(small("pmrc"), {"learning_rate": [1e-6, 0.05]}, cv=2).fit(x, y)
    assert search.best_params_ == {"learning_rate": 0.05}


@pytest.mark.skipif(not native.available(), reason="the native library is not built")
def test_both_backends_learn_the_same(name):
    slow = {"optimiser": "sgd", "learning_rate": 1e-3}
    told = [small(name, backend=one, **slow).fit(*delayed()) for one in ("native", "torch")]
    # a workspace enlarges round-off: its float32 gradients are right to 3e-4 in either
    np.testing.assert_allclose(told[0].loss_curve_, told[1].loss_curve_, rtol=1e-2)


def test_published_equations_have_no_native_backend():
    with pytest.raises(ValueError, match="a form in C, which PublishedAmrc has not"):
        small("amrc", equations="published", backend="native").fit(*delayed())


def test_published_pmrc_says_why_it_is_not_trained():
    with pytest.raises(ValueError, match="equations of PMRC must be 'repaired' to be trained"):
        small("pmrc", equations="published").fit(*delayed())


def test_an_optimiser_that_is_changed_begins_without_moments():
    told = [small("amrc", optimiser=one).fit(*delayed()) for one in ("adam", "sgd")]
    for model, other in zip(told, ("sgd", "adam"), strict=True):
        model.set_params(optimiser=other).partial_fit(*delayed())
        kept = {name.split(".")[1] for name in model.learned_.moments}
        assert kept == (
            {"momentum_buffer"} if other == "sgd" else {"step", "exp_avg", "exp_avg_sq"}
        )


def test_a_model_that_goes_on_keeps_its_sizes():
    model = small("pmrc").fit(*delayed())
    model.set_params(hidden_size=9)
    with pytest.raises(ValueError, match=r"must keep its sizes, those of Pmrc.*hidden=8"):
        model.partial_fit(*delayed())
    assert model.fit(*delayed()).learned_.cell.hidden == 9


def test_training_is_silent_unless_asked(capfd):
    small("amrc").fit(*delayed())
    assert capfd.readouterr() == ("", "")
    small("amrc", verbose=True).fit(*delayed())
    assert "AMRC" in capfd.readouterr().err


def test_a_model_by_a_wrong_name_or_parameter_is_told_the_right_ones():
    with pytest.raises(ValueError, match="name must be one of amrc, pmrc"):
        create_model("lstm")
    with pytest.raises(ValueError, match=r"name must be one of amrc, pmrc.*got '3'"):
        create_model(3)
    with pytest.raises(ValueError, match="AMRC has no 'slots'; it has hidden_size"):
        create_model("amrc", slots=4)


def test_models_are_found_where_they_are_imported_from():
    found = {}
    exec("from memlab.cells import *", found)
    assert found["PMRC"] is PMRC
    assert {"HyperAMN", "create_model", "save", "transferred"} <= {*found} & {*dir(cells)}


def test_the_equations_alone_import_no_scikit_learn():
    code = "import sys, memlab.cells; print('sklearn' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
