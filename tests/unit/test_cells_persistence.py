"""Saved models: they go on with the same bits, and a file that is not whole is refused."""

import json
import os
from hashlib import sha256

import numpy as np
import pytest
from safetensors import torch as safetensors

from memlab.cells import CELLS, create_model, load, load_into, save
from memlab.cells.freezing import freeze_fraction
from memlab.cells.persistence import UNSEALED

SETTINGS = {"hidden_size": 6, "epochs": 2, "random_state": 3, "window": 5}
FLIPS = 10_000  # of bytes, over all cells


def stream(steps=30):
    x = np.random.default_rng(0).uniform(-1, 1, (steps, 1))
    return x, np.roll(x, 1, 0)


def bits(model):
    learned = model.learned_
    parts = (learned.parameters, learned.masks, learned.moments, learned.memory)
    told = {key: one.numpy().tobytes() for part in parts for key, one in sorted(part.items())}
    return told, learned.generator.numpy().tobytes(), learned.losses, model.get_params()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(path):
    """A saved model's bytes."""
    save(create_model("pmrc", **SETTINGS).fit(*stream()), path)
    return path.read_bytes()


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("name", CELLS)
def test_training_goes_on_after_loading_with_the_same_bits(name, optimiser, path):
    model = create_model(name, optimiser=optimiser, **SETTINGS).fit(*stream())
    freeze_fraction(model, 0.3, seed=1)
    save(model, path)
    again = load(path)
    assert bits(again) == bits(model)
    assert bits(again.partial_fit(*stream())) == bits(model.partial_fit(*stream()))
    assert np.array_equal(again.predict(stream()[0]), model.predict(stream()[0]))


@pytest.mark.parametrize("name", CELLS)
def test_published_equations_are_kept_too(name, path):
    model = create_model(name, equations="published", **SETTINGS).build(1, 1)
    save(model, path)
    assert np.array_equal(load(path).predict(stream()[0]), model.predict(stream()[0]))


def test_a_model_whose_parameters_were_set_since_keeps_what_it_has_learned(path):
    model = create_model("amn", **SETTINGS).fit(*stream())
    model.set_params(hidden_size=9, learning_rate=np.float64(0.5))
    save(model, path)
    assert bits(load(path)) == bits(model)


def refused(path):
    """Whether a file is told to hold no model; other errors pass through."""
    try:
        load(path)
    except ValueError as error:
        return "must be a model that memlab saved" in str(error)
    return False


def smallest(name, path):
    """The bytes of a model as small as they come, in its file."""
    settings = SETTINGS | {"hidden_size": 1, "epochs": 1}
    save(create_model(name, **settings).fit(*stream()), path)
    return path.read_bytes()


def test_every_truncation_is_refused(path):
    for length in reversed(range(len(smallest("amrc", path)))):
        os.truncate(path, length)
        assert refused(path), f"{length} bytes are taken for a model"


@pytest.mark.parametrize("name", CELLS)
def test_flipped_bytes_are_refused(name, path):
    whole, draws = smallest(name, path), np.random.default_rng(0)
    with path.open("r+b", buffering=0) as file:
        for at in draws.integers(len(whole), size=FLIPS // len(CELLS) + 1).tolist():
            flipped = whole[at] ^ int(draws.integers(1, 256))
            os.pwrite(file.fileno(), bytes([flipped]), at)
            assert refused(path), f"byte {at} is {flipped} instead of {whole[at]}"
            os.pwrite(file.fileno(), whole[at : at + 1], at)
    assert not refused(path)


@pytest.mark.parametrize("data", [b"", b"weights\n" * 100, b"\x80\x04K\x01.", b"\xff" * 64])
def test_what_is_no_such_file_is_refused(data, path):
    path.write_bytes(data)
    with pytest.raises(ValueError, match="must be a model that memlab saved"):
        load(path)


def test_a_missing_file_is_missing(path):
    with pytest.raises(FileNotFoundError):
        load(path)


def resealed(saved, change):
    """A file that says something else of itself, with a seal that is right."""
    length = int.from_bytes(saved[:8], "little")
    told = json.loads(json.loads(saved[8 : 8 + length])["__metadata__"]["memlab"])
    change(told)
    data = safetensors.save(
        safetensors.load(saved), {"memlab": json.dumps(told), "sha256": UNSEALED}
    )
    return data.replace(UNSEALED.encode(), sha256(data).hexdigest().encode(), 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told["sizes"].update(hidden=7), "are torch.float32 of shape"),
        (lambda told: told["sizes"].update(hidden=-7), "must be at least 1"),
        (lambda told: told.update(cell="Amrc", sizes={**SIZES}), "its parameters are"),
        (lambda told: told.update(cell="Lstm"), "Lstm"),
        (lambda told: told.update(version=99), "it is of version 99"),
        (lambda told: told["parameters"].update(learning_rate=-1), "learning_rate must be above 0"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(saved, path, change, message):
    path.write_bytes(resealed(saved, change))
    with pytest.raises(ValueError, match=message):
        load(path)


SIZES = {"inputs": 1, "hidden": 6, "outputs": 1}


def test_only_a_model_of_the_same_cell_takes_what_was_learned(saved, path):
    twin = load_into(create_model("pmrc", hidden_size=6), path)
    assert np.array_equal(twin.predict(stream()[0]), load(path).predict(stream()[0]))
    for other in (create_model("pmrc", hidden_size=7), create_model("amrc", hidden_size=6)):
        with pytest.raises(ValueError, match=r"must hold .*got Pmrc\(inputs=1, hidden=6"):
            load_into(other, path)
        assert not hasattr(other, "learned_")
    wide = create_model("pmrc", hidden_size=6).build(2, 1)
    with pytest.raises(ValueError, match="must hold Pmrc\\(inputs=2"):
        load_into(wide, path)


def test_a_failed_save_leaves_the_old_file_and_no_other(saved, path, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        save(load(path), path)
    assert path.read_bytes() == saved
    assert [*path.parent.iterdir()] == [path]
