"""The README's own substrate keeps the contract, its YAML fits it, and its model learns."""

import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from omegaconf import OmegaConf

from memlab.draws import Draws
from memlab.space import Space
from tests.contract import test_substrates as contract
from tests.contract.conftest import Bench

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language, number=0):
    """A code block of a language in the README."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)[number]


@pytest.fixture(scope="module")
def trace():
    """The class that the README shows."""
    module = ModuleType("memlab.substrates.trace")
    sys.modules[module.__name__] = module
    exec(block("python"), module.__dict__)
    yield module.Trace
    del sys.modules[module.__name__]


@pytest.mark.parametrize(
    "promise",
    [
        contract.test_reading_leaves_every_byte_of_the_engram,
        contract.test_a_copied_engram_is_independent,
        contract.test_the_same_seed_gives_the_same_bytes,
        contract.test_garbage_where_nothing_was_given_changes_nothing,
        contract.test_a_write_of_salience_0_is_one_presentation_of_rest,
        contract.test_writing_beats_the_blank_on_half_given_patterns,
        contract.test_scrambling_destroys_the_memory,
        contract.test_responses_are_probabilities,
    ],
    ids=lambda promise: promise.__name__,
)
def test_the_readmes_substrate_keeps_its_promises(trace, promise):
    promise(Bench("trace", trace(space=Space((16, 16))), Draws(seed=3, replicates=(0, 1, 2))))


def test_a_substrate_that_takes_nothing_in_breaks_its_promise(trace):
    deaf = Bench("trace", trace(space=Space((16, 16)), keep=1.0), Draws(seed=3, replicates=(0, 1)))
    with pytest.raises(AssertionError):
        contract.test_writing_beats_the_blank_on_half_given_patterns(deaf)


def test_the_readmes_yaml_names_the_readmes_fields(trace):
    config = OmegaConf.create(block("yaml"))
    assert config._target_ == "memlab.substrates.trace.Trace"
    named = {key for key in config if not key.startswith("_")}
    assert named == {f.name for f in fields(trace)} - {"space"}


def test_the_readmes_model_learns_and_goes_on_after_loading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {}
    exec(block("python", 1), told)
    assert told["r2"] > 0.95
    assert np.array_equal(told["again"].predict(told["x"]), told["model"].predict(told["x"]))
    assert told["then"].shape == (1,)
    assert told["held"] > 3
    assert "mean gate" in told["inside"]


def test_the_readmes_tree_learns_and_is_the_same_after_loading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {}
    exec(block("python", 2), told)
    assert "anton" not in told["tree"]
    assert told["tree"].count("joan") == 2.0
    assert "anna" in dict(told["likely"])
    assert len(told["nats"]) == len("susanna") + 1
    assert (len(told["spoken"]), sum(told["levels"])) == (5, len(told["tree"].to_networkx()))
    assert np.array_equal(told["again"].surprise("susanna"), told["nats"])
