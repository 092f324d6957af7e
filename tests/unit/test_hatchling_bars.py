"""The script that trains Hatchlings, in a few steps."""

import importlib.util
import math
from pathlib import Path

import pytest
import torch

from memlab.bdh.hatchling import Hatchling

SCRIPT = Path(__file__).parents[2] / "scripts" / "hatchling_bars.py"


@pytest.fixture
def bars(monkeypatch):
    """The script with models so small that a step takes no time."""
    spec = importlib.util.spec_from_file_location("hatchling_bars", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    small = {"width": 16, "neurons": 64, "layers": 2, "dropout": 0.0}
    monkeypatch.setattr(script, "MODEL", Hatchling(vocabulary=26, **small))
    monkeypatch.setattr(script, "READER", Hatchling(vocabulary=256, **small))
    monkeypatch.setattr(script, "PAIRS", 5)
    return script


def test_a_text_is_learned_and_judged_beside_chance_and_pairs(bars, tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes(b"to and fro, \xff " * 200)  # 255 is no UTF-8
    table = bars.read(file, 12)
    names, costs = (list(column.cells) for column in table.columns)
    assert names == ["chance", "pairs of bytes", "Hatchling, 12 steps"]
    chance, pairs, learned = (float(cost) for cost in costs)
    assert chance == pytest.approx(math.log(256), abs=1e-3)
    assert pairs < learned < chance


def test_pairs_of_bytes_cost_what_their_counts_say(bars):
    text = torch.tensor([1, 2, 1, 2, 1])
    expected = -math.log(3 / 258)  # two of two, and one added to each of 256
    assert bars.bigram(text, torch.tensor([[1, 2], [2, 1]])) == pytest.approx(expected)


def test_words_are_learned_in_fewer_steps_than_the_rate_takes_to_rise(bars):
    with pytest.raises(SystemExit) as left:
        bars.main(["--steps", "2"])
    assert left.value.code == 1  # nothing is known after two steps


@pytest.mark.parametrize("steps", ["abc", "0"])
def test_steps_that_are_none_are_refused_with_the_usage(bars, steps, capsys):
    with pytest.raises(SystemExit) as left:
        bars.main(["--steps", steps])
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_text_that_is_too_short_is_refused(bars, tmp_path):
    file = tmp_path / "short"
    file.write_bytes(b"short")
    with pytest.raises(SystemExit, match="129 bytes to learn from and 2 to be judged by, got 4"):
        bars.main(["--text", str(file)])
