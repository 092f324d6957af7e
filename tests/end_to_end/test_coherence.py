"""`python -m memlab.coherence` as a user meets it."""

import os
import subprocess
import sys

import pandas as pd

from tests.end_to_end.test_cli import ROOT


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "memlab.coherence", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_small_study_prints_its_tables_and_keeps_rows_page_and_figure(tmp_path):
    result = command(tmp_path, "--trials", "10", "--replicates", "6")
    assert result.returncode == 0, result.stderr
    assert "Coupling with a lag of 4 ms, no confound" in result.stdout
    folder = tmp_path / "outputs" / "coherence" / "trials_10-seed_1-replicates_6"
    assert f"Results: {folder.relative_to(tmp_path)}" in result.stdout
    rows = pd.read_csv(folder / "rows.csv")
    assert len(rows) == len(pd.read_json(folder / "rows.json")) == 75
    assert (rows["low"] <= rows["mean"]).all()
    assert "## Verdict" in (folder / "coherence.md").read_text(encoding="utf-8")
    assert (folder / "coherence.png").stat().st_size > 10_000


def test_what_cannot_be_is_refused_in_one_line(tmp_path):
    for wrong, told in (
        (("--replicates", "3"), "replicates must be at least 6, got 3"),
        (("--trials", "1"), "trials must be in [2, 2000], got 1"),
    ):
        result = command(tmp_path, *wrong)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == f"memlab.coherence: {told}\n"
    assert not (tmp_path / "outputs").exists()


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path):
    (tmp_path / "file").touch()
    result = command(tmp_path, "--outputs", "file", "--replicates", "1000000")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("memlab.coherence: [Errno 20] Not a directory: 'file/coherence")
