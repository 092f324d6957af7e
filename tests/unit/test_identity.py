"""The key of a computation: what changes it, and what does not."""

import pytest

from memlab.record import identity

CONFIG = {
    "seed": 1,
    "substrate": {"_target_": "memlab.x.X", "rate": 0.1},
    "patterns": {"_target_": "memlab.p.P"},
    "tracking": {"uri": "a"},
    "name": None,
    "outputs": "outputs",
    "resume": True,
    "checkpoint": {"every": 60},
    "sweep": {"question": ""},
}


@pytest.mark.parametrize("silent", identity.SILENT)
def test_what_changes_nothing_that_is_computed_is_not_in_the_key(tmp_path, silent):
    assert identity.key(CONFIG, tmp_path) == identity.key(CONFIG | {silent: "other"}, tmp_path)


@pytest.mark.parametrize("key", [key for key in CONFIG if key not in identity.SILENT])
def test_everything_else_is(tmp_path, key):
    assert identity.key(CONFIG, tmp_path) != identity.key(CONFIG | {key: {"a": 2}}, tmp_path)


def test_the_order_of_a_configuration_is_not_in_the_key(tmp_path):
    other = dict(reversed(CONFIG.items()))
    assert identity.key(CONFIG, tmp_path) == identity.key(other, tmp_path)


def test_the_code_is_in_the_key(tmp_path, monkeypatch):
    before = identity.key(CONFIG, tmp_path)
    monkeypatch.setattr(identity, "code_hash", lambda: "other code")
    assert identity.key(CONFIG, tmp_path) != before


def test_the_bytes_of_the_users_own_patterns_are_in_the_key(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.png").write_bytes(b"one")
    config = CONFIG | {"patterns": {"_target_": "memlab.p.P", "path": "mine"}}
    before = identity.key(config, tmp_path)
    assert before == identity.key(config, tmp_path)
    (tmp_path / "mine" / "a.png").write_bytes(b"two")
    assert identity.key(config, tmp_path) != before


def test_the_bytes_of_the_users_own_text_are_in_the_key(tmp_path):
    (tmp_path / "words.txt").write_text("one")
    config = CONFIG | {"patterns": {"_target_": "memlab.p.P", "path": "words.txt"}}
    before = identity.key(config, tmp_path)
    (tmp_path / "words.txt").write_text("two")
    assert identity.key(config, tmp_path) != before


def test_a_file_hash_tells_names_and_contents_apart(tmp_path):
    (tmp_path / "a").write_text("bc")
    one = identity.hash_of([tmp_path / "a"], tmp_path)
    (tmp_path / "ab").write_text("c")
    assert identity.hash_of([tmp_path / "ab"], tmp_path) != one


@pytest.mark.parametrize("library", identity.LIBRARIES)
def test_the_versions_of_the_libraries_are_in_the_key(tmp_path, monkeypatch, library):
    before = identity.key(CONFIG, tmp_path)
    real = identity.version
    monkeypatch.setattr(identity, "version", lambda name: "9" if name == library else real(name))
    assert identity.key(CONFIG, tmp_path) != before


def test_a_gpu_that_may_be_used_is_in_the_key(tmp_path, monkeypatch):
    auto, cpu = CONFIG | {"device": "auto"}, CONFIG | {"device": "cpu"}
    monkeypatch.setattr(identity, "GPUS", tmp_path / "nothing")
    without = identity.key(auto, tmp_path), identity.key(cpu, tmp_path)
    monkeypatch.setattr(identity, "GPUS", tmp_path)
    assert identity.key(auto, tmp_path) != without[0]
    assert identity.key(cpu, tmp_path) == without[1]
