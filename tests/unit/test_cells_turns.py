"""Changes of one model take turns: none that was answered for is lost, and copies are free."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier

import joblib
import pytest
from sklearn.base import clone

from memlab.cells.freezing import freeze_group
from memlab.cells.turns import turn
from tests.unit.cell_models import bits, delayed, small

X, Y = delayed()
THREADS = 8


def through_joblib(model):
    file = BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def test_trainings_at_the_same_time_are_refused_or_kept_and_never_lost():
    model, start = small("pmrc").build(1, 1), Barrier(THREADS)

    def one(_):
        start.wait()
        try:
            model.partial_fit(X, Y)
        except RuntimeError as told:
            return str(told)
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [*pool.map(one, range(THREADS))]
    refused = [told for told in answers if told is not None]
    assert len(refused) + len(model.loss_curve_) == THREADS
    assert model.loss_curve_
    assert all("this PMRC is being trained by another" in told for told in refused)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.fit(X, Y),
        lambda model: model.partial_fit(X, Y),
        lambda model: model.build(1, 1),
        lambda model: model.reset_memory(),
        lambda model: model.set_memory_state(model.get_memory_state()),
        lambda model: freeze_group(model, "readout"),
    ],
)
def test_whatever_a_training_would_undo_is_refused_meanwhile_and_taken_afterwards(change):
    model = small("amrc").fit(X, Y)
    before = bits(model)
    with turn(model), pytest.raises(RuntimeError, match="one call at a time may change a model"):
        change(model)
    assert bits(model) == before
    change(model)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, clone, through_joblib, lambda one: pickle.loads(pickle.dumps(one))],
)
def test_a_copy_made_during_a_training_is_free(copied):
    model = small("amrc").fit(X, Y)
    with turn(model):
        twin = copied(model)
        assert twin.partial_fit(X, Y).loss_curve_
        assert model.predict(X).shape == Y.shape


def test_a_training_that_fails_leaves_the_model_free():
    model = small("amrc").fit(X, Y)
    with pytest.raises(ValueError, match="must have the 1 inputs"):
        model.partial_fit(X.repeat(2, 2), Y)
    assert len(model.partial_fit(X, Y).loss_curve_) == 3
