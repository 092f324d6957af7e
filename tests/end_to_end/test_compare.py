"""`python -m memlab.compare` and the page of a sweep, on small real runs."""

import re
import subprocess
import sys

import pytest

from memlab.compare import record
from memlab.compare.record import SweepRecord
from memlab.compare.report import report
from tests.end_to_end.commands import warm
from tests.end_to_end.test_cli import memlab

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SMALL = ("substrate=notebook,no_memory", "replicates=6", "protocol=single", "seed=1,2")
FAINT = ("patterns=random", "patterns.size=16", "patterns.density=0.5,0.000001")
QUESTION = "Is a <notebook> better than nothing?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sweep of which half cannot be."""
    place = tmp_path_factory.mktemp("compare")
    asked = f"sweep.question='{QUESTION}'"
    memlab(place, "-m", *SMALL, *FAINT, asked, "sweep.figures=never")
    return place


@pytest.fixture(scope="module")
def sweep(folder):
    (found,) = (folder / "outputs" / "sweeps").iterdir()
    return found


def compare(folder, *arguments):
    return warm(folder, "memlab.compare", *arguments)


def run_ids(folder):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("memlab").experiment_id
    runs = client.search_runs([experiment], "params.seed = '1'")
    return {run.data.params["substrate"]: run.info.run_id for run in runs}


def test_a_sweep_is_compared_by_the_start_of_its_name(folder, sweep):
    result = compare(folder, sweep.name[:12])
    assert result.returncode == 0, result.stderr
    assert "-1.000 [-1.000, -1.000]" in result.stdout
    assert "paired by seed" in result.stdout
    assert f"Left out of {sweep.name}, for only what is FINISHED is compared: 4 REFUSED." in (
        result.stdout.replace("\n", " ").replace("  ", " ")
    )


def test_no_line_is_wider_than_a_page(folder, sweep):
    lines = compare(folder, sweep, "--all").stdout.splitlines()
    assert max(map(len, lines)) <= 120


def test_two_runs_are_paired_by_replicate(folder, sweep):
    result = compare(folder, sweep / "0", sweep / "4", "--measures", "recall/pearson")
    assert "the replicates of one run, seed 1" in result.stdout
    assert re.search(r"no_memory │ .* │ 6 │ -0\.\d+ .* │ 6 +│ \.031 │", result.stdout)


def test_runs_of_the_store_are_named_by_their_ids(folder):
    ids = run_ids(folder)
    result = compare(folder, ids["no_memory"], ids["notebook"], "--measures", "recall/iou")
    assert "Differences are to no_memory, paired by replicate" in result.stdout


@pytest.mark.parametrize("how", ["memlab.sweep={}", "tags.`memlab.sweep` = '{}'"])
def test_a_tag_and_a_filter_find_the_runs_of_the_store(folder, sweep, how):
    result = compare(folder, how.format(sweep.name), "--baseline", "no_memory")
    assert result.returncode == 0, result.stderr
    assert "Differences are to no_memory, paired by seed" in result.stdout


def test_runs_whose_folder_is_gone_come_from_their_artifacts(folder, sweep):
    away = sweep.rename(sweep.with_name("away"))
    try:
        result = compare(folder, f"memlab.sweep={sweep.name}")
    finally:
        away.rename(sweep)
    assert "paired by seed" in result.stdout, result.stderr


def test_a_comparison_is_kept_as_tables_page_and_figure(folder, sweep, tmp_path):
    compare(folder, sweep, "--save", tmp_path / "kept")
    kept = {path.name for path in (tmp_path / "kept").iterdir()}
    assert kept == {f"comparison.{kind}" for kind in ("md", "csv", "json", "html", "png")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there is no run 'nothing'"),
        (["memlab.sweep=none"], "the sweeps there are:\n  substrate"),
        (["memlab.sweep=none", "--store", "no.db"], "there is no store at"),
        (["substrate", "--baseline", "notebok"], "did you mean notebook?"),
        (["substrate", "--measures", "recal/iou"], "did you mean recall/iou?"),
        (["params.seed is 3"], "MLflow does not take the filter"),
        ([], "name what to compare"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_can(folder, arguments, said):
    result = compare(folder, *arguments)
    assert result.returncode == 2
    assert said in result.stderr


def test_help_needs_nothing_heavy(tmp_path):
    code = (
        "import sys, memlab.compare.__main__ as c; c.parser().format_help(); "
        "print(len(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert int(loaded.stdout) < 200


def test_comparing_folders_imports_neither_torch_nor_mlflow(folder, sweep):
    code = (
        "import sys, memlab.compare.__main__ as c; c.main(sys.argv[1:]); "
        "print({'torch', 'mlflow', 'matplotlib'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(sweep)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_the_page_of_a_sweep_holds_all_of_it_and_needs_nothing_else(sweep):
    text = (sweep / "report.html").read_text()
    wanted = (
        "Is a &lt;notebook&gt; better than nothing?",
        "4 of 8 jobs finished",
        '<td>patterns.density</td><td class="long">0.5, 1e-06</td>',
        "a pattern must have contrast",
        "/1/memlab.log",
        "not shown 2 of 2",
        "data:image/png;base64,",
        "python -m memlab -m substrate=notebook,no_memory replicates=6",
        f"python -m memlab.reproduce {sweep}/0",
        "instruction set",
    )
    assert [one for one in wanted if one not in text] == []
    assert re.findall(r"https?://|<link|src=\"(?!data:)|@import|url\(", text) == []


def test_the_summary_run_holds_the_same_page(sweep):
    assert (sweep / "summary" / "report.html").read_text() == (sweep / "report.html").read_text()


def test_the_command_of_a_page_can_be_pasted_into_a_shell():
    words = ("-m", "sweep.question='one; two'", "patterns.shapes=[ring,line]")
    assert SweepRecord("s", words=words).command == (
        "python -m memlab -m 'sweep.question='\"'\"'one; two'\"'\"'' 'patterns.shapes=[ring,line]'"
    )


def test_a_sweep_without_a_single_result_has_a_page_all_the_same(tmp_path):
    (tmp_path / "3").mkdir()
    text = report(record.read(tmp_path), tmp_path, record.outcomes(tmp_path), None, {})
    assert "0 of 1 jobs finished" in text
    assert "it left no outcome" in text
