"""`python -m memlab.studies` as a user meets it."""

import subprocess
import sys

import pandas as pd
import pytest

from memlab.studies.__main__ import STUDIES, main
from memlab.studies.cells.floors import FLOORS
from memlab.studies.cells.outline import OUTLINE as CELLS
from tests.end_to_end.commands import ROOT, warm


def command(folder, *arguments):
    return warm(folder, "memlab.studies", *arguments)


@pytest.mark.parametrize(
    ("name", "sizes", "told", "further"),
    [
        ("coherence", {"trials": 10}, "Coupling with a lag of 4 ms, no confound", ()),
        ("comparison_2a", {"size": 32}, "two sines each", ()),
        (
            "plastic_tree",
            {"strings": 100, "grown": 3000, "read": 100},
            "Structure: levels of the radix form",
            ("tree.png", "growth.gif"),
        ),
    ],
)
def test_a_small_study_prints_its_tables_and_keeps_rows_page_and_pictures(
    tmp_path, name, sizes, told, further
):
    options = [word for size, number in sizes.items() for word in (f"--{size}", number)]
    result = command(tmp_path, name, *options, "--replicates", "6")
    assert result.returncode == 0, result.stderr
    given = "-".join(f"{size}_{number}" for size, number in sizes.items())
    place = f"outputs/{name}/{given}-seed_1-replicates_6"
    assert told in result.stdout
    assert f"Results: {place}\n" in result.stdout
    folder = tmp_path / place
    rows = pd.read_csv(folder / "rows.csv")
    pd.testing.assert_frame_equal(rows, pd.read_json(folder / "rows.json"), check_dtype=False)
    assert (rows["low"] <= rows["mean"] + 1e-12).all()
    assert (folder / f"{name}.md").read_text(encoding="utf-8").startswith("## Verdict")
    for picture in (f"{name}.png", *further):
        assert (folder / picture).stat().st_size > 10_000


CELLS_OF_TWO_STEPS = ("cells", "--cells", "pmrc", "--tasks", "recall_10", "--steps", "2")


def test_cells_are_measured_once_and_alike_by_any_number_of_processes(tmp_path):
    results, tables = [], []
    for folder, jobs in (("one", "1"), ("two", "2"), ("two", "1")):
        result = command(tmp_path, *CELLS_OF_TWO_STEPS, "--jobs", jobs, "--outputs", folder)
        assert result.returncode == 0, result.stderr
        kept = sorted((tmp_path / folder / "cells/measured").iterdir())
        results.append((result.stdout, [(file, file.stat().st_mtime_ns) for file in kept]))
        place = f"{folder}/cells/pmrc-recall_10-steps_2-stream_5000-seed_1-replicates_6"
        assert f"Results: {place}\n" in result.stdout
        tables.append((tmp_path / place / "rows.csv").read_text(encoding="utf-8"))
    assert tables[0] == tables[1] == tables[2]
    assert results[1] == results[2]  # what was kept was not measured again
    assert len(results[0][1]) == 6 * len(("pmrc", *FLOORS))
    rows = pd.read_csv(tmp_path / place / "rows.csv").set_index("learner")
    assert rows.loc["pmrc", "worst"] <= rows.loc["pmrc", "mean"] < 0.99
    assert rows.loc["linear, 10 lags", "holds"]


@pytest.mark.parametrize("option", ["cells", "tasks"])
def test_an_unknown_cell_or_task_is_refused_with_the_names_there_are(tmp_path, capsys, option):
    with pytest.raises(SystemExit) as left:
        main(["cells", f"--{option}", "pmrk", "--outputs", str(tmp_path)])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert "'pmrk'" in told
    assert all(name in told for it in CELLS.choices if it.name == option for name in it.names)
    assert not list(tmp_path.iterdir())


def test_without_a_name_every_study_is_listed_with_what_it_does(capsys):
    assert main([]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, outline in STUDIES.items():
        assert f"{name} {outline.sentence}" in told


@pytest.mark.parametrize("name", STUDIES)
def test_the_help_of_a_study_tells_its_options_and_results(capsys, name):
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert STUDIES[name].told in told
    own = [*(n for n, _, _ in STUDIES[name].numbers), *(it.name for it in STUDIES[name].choices)]
    for option in ("replicates", "seed", "outputs", *own):
        assert f"--{option}" in told
    assert f"rows.csv, rows.json, {name}.md and {name}.png" in told


def test_an_unknown_study_is_refused_with_the_names_there_are(capsys):
    with pytest.raises(SystemExit) as left:
        main(["coherense"])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert all(name in told for name in ("coherense", *STUDIES))


def test_the_command_tells_what_there_is_without_importing_what_computes():
    code = "import sys, memlab.studies.__main__ as m; m.main([]); print({*sys.modules})"
    told = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert "argparse" in told
    for heavy in ("numpy", "torch", "scipy", "matplotlib", "rich"):
        assert f"'{heavy}'" not in told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("coherence", "--replicates", "3"), "replicates must be at least 6, got 3"),
        (("coherence", "--trials", "1"), "trials must be in [2, 2000], got 1"),
        (("coherence", "--trials", "2001"), "trials must be in [2, 2000], got 2001"),
        (("comparison_2a", "--size", "196"), "size must be a multiple of 4 in [32, 192], got 196"),
        (("cells", "--steps", "0"), "steps must be at least 1, got 0"),
        (("cells", "--jobs", "0"), "jobs must be at least 1, got 0"),
        (("cells", "--stream", "150"), "stream must be a multiple of 100, over which losses are"),
        (("plastic_tree", "--strings", "99"), "strings must be in [100, 29,910], got 99"),
        (("plastic_tree", "--grown", "97311"), "grown must be in [3,000, 97,310], got 97,311"),
        (("comparison_2a", "--size", "30"), "size must be a multiple of 4 in [32, 192], got 30"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path, capsys, wrong, told):
    assert main([*wrong, "--outputs", str(tmp_path)]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith(f"memlab.studies: {told}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", STUDIES)
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path, name):
    (tmp_path / "file").touch()
    result = command(tmp_path, name, "--outputs", "file", "--replicates", "1000000")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"memlab.studies: [Errno 20] Not a directory: 'file/{name}")
