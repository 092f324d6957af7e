"""A body that one task has trained goes on under the read-out of another."""

import numpy as np
import pytest
import torch

from memlab.cells import load, save, transferred
from memlab.cells.freezing import freeze_group, frozen_count
from tests.unit.cell_models import NAMES, bits, delayed, small

X, Y = delayed()
BOTH = np.concatenate([Y, -Y], 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_body_stays_and_the_read_out_is_new(name):
    model = small(name).fit(X, Y)
    before = bits(model)
    twin = transferred(model, 2)
    old, new = model.learned_.parameters, twin.learned_.parameters
    axes = {key: it.axes for key, it in model.learned_.cell.parameters().items()}
    body = [key for key in axes if not axes[key].startswith("o")]
    assert len(body) < len(axes)
    assert all(torch.equal(old[key], new[key]) for key in body)
    assert twin.fit(X, BOTH).predict(X).shape == (32, 20, 2)
    assert bits(model) == before


def test_a_frozen_body_learns_another_task_with_its_new_read_out(tmp_path):
    model = small("pmrc", hidden_size=16, epochs=40, learning_rate=0.02).fit(X, Y)
    freeze_group(model, "hidden")
    twin = transferred(load(save(model, tmp_path / "one.safetensors")), 2)
    assert frozen_count(twin)["U"] == (256, 256)
    assert frozen_count(twin)["V"] == (0, 32)
    twin.fit(X, BOTH)
    assert torch.equal(twin.learned_.parameters["U"], model.learned_.parameters["U"])
    assert twin.score(X, BOTH) > 0.9
    fresh = small("pmrc", hidden_size=16, warm_start=True, learning_rate=0.02, epochs=40)
    freeze_group(fresh.build(1, 2), "hidden")
    assert fresh.fit(X, BOTH).score(X, BOTH) < twin.score(X, BOTH)


def test_what_cannot_be_transferred_is_told():
    model = small("amrc").fit(X, Y)
    with pytest.raises(ValueError, match=r"n_outputs must be a whole number .*got 0"):
        transferred(model, 0)
    with pytest.raises(ValueError, match=r"must have the sizes it was trained with.*hidden=8"):
        transferred(model.set_params(hidden_size=9), 2)
