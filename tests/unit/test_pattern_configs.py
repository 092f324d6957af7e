"""Every YAML file of patterns: it lists all there is to set, states the defaults, and draws."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml
from hydra.utils import get_class, instantiate

from memlab.draws import Draws

OF_THE_USER = ("folder", "text", "lines")  # whose path has no default
CONFIGS = sorted((Path(__file__).parents[2] / "conf" / "patterns").glob("*.yaml"))


def test_the_published_set_has_the_published_order_and_level():
    source = instantiate(yaml.safe_load(_config("shapes_published").read_text()), _convert_="all")
    patterns = source.draw(5, Draws(0, (0,)))[0]
    assert (patterns > 0).sum((-2, -1)).tolist() == [2788, 1612, 6252, 3620, 4161]
    assert patterns.unique().tolist() == pytest.approx([0, 0.8])
    assert source.space.symbols is None


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_every_pattern_config_lists_its_fields_and_draws(config, tmp_path):
    settings = _settings(config)
    if config.stem in OF_THE_USER:
        np.savez(tmp_path / "own.npz", *np.random.default_rng(0).random((3, 8, 8)))
        (tmp_path / "lines.txt").write_text("one\ntwo\nthree\n")
        own = {"folder": tmp_path, "text": Path(__file__), "lines": tmp_path / "lines.txt"}
        settings["path"] = str(own[config.stem])
    source = instantiate(settings, _convert_="all")
    fields = {field.name for field in dataclasses.fields(source)}
    assert fields == settings.keys() - {"_target_"}
    source.space.check(source.draw(3, Draws(0, (0, 1))))
    assert len(set(source.names(3))) == 3


@pytest.mark.parametrize(
    "name",
    [c.stem for c in CONFIGS if c.stem not in OF_THE_USER and c.stem != "shapes_published"],
)
def test_a_pattern_config_states_the_defaults(name):
    settings = _settings(_config(name))
    assert instantiate(settings, _convert_="all") == get_class(settings["_target_"])()


def _settings(config: Path) -> dict[str, object]:
    """What a file sets of its source; the cue that a task brings with it is none of that."""
    settings = yaml.safe_load(config.read_text())
    settings.pop("defaults", None)
    return settings


def _config(name: str) -> Path:
    return next(config for config in CONFIGS if config.stem == name)
