"""The script that counts the pairs an associative memory recalls."""

import importlib.util
import sys
from pathlib import Path

import pytest

from memlab.draws import Draws
from memlab.hebbian.associations import capacity

SCRIPT = Path(__file__).parents[2] / "scripts" / "pair_capacity.py"


@pytest.fixture
def script(monkeypatch):
    """The script with few rungs and replicates."""
    spec = importlib.util.spec_from_file_location("pair_capacity", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "pair_capacity", script)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "LOADS", (0.1, 1.0))
    monkeypatch.setattr(script, "DRAWS", Draws(seed=1, replicates=(0, 1)))
    return script


def test_a_thousand_pairs_are_recalled_and_the_curve_falls_at_the_line(script, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        script.main(["--figure", str(tmp_path / "pairs.png")])
    assert left.value.code == 0
    assert (tmp_path / "pairs.png").stat().st_size > 5_000
    assert "2,839 pairs" in capsys.readouterr().out
    few, bar, line = script.curve(512, 8)
    assert bar.pairs == 1000
    assert float(few.additive.mean()) > float(bar.additive.mean()) > float(line.additive.mean())
    assert float(line.clipped.mean()) < 0.9
    assert line.pairs == round(capacity(512, 8))


def test_a_bar_that_is_missed_is_told_by_the_exit(script, monkeypatch):
    monkeypatch.setattr(script, "BAR", 1.01)
    with pytest.raises(SystemExit) as left:
        script.main([])
    assert left.value.code == 1


def test_more_winners_than_units_are_refused(script):
    with pytest.raises(SystemExit, match=r"winners must be in \[1, units=8\], got 9"):
        script.main(["--units", "8", "--winners", "9"])
