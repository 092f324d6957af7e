"""A run computed again, and figures drawn later, as a user asks for them."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.end_to_end.commands import ROOT, fresh, warm
from tests.end_to_end.test_cli import memlab

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SMALL = ("substrate=notebook", "protocol=single", "replicates=2", "patterns.size=16")
FIGURE = "figures/controls.png"


def command(folder, module, *arguments):
    """Run one of our further commands in a folder."""
    return warm(folder, f"memlab.{module}", *arguments)


def edit(file, change):
    """Change what a JSON file holds."""
    tree = json.loads(file.read_text())
    change(tree)
    file.write_text(json.dumps(tree))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which one small run was done, tracked in MLflow."""
    folder = tmp_path_factory.mktemp("place")
    result = fresh(folder, "memlab", *SMALL)
    assert result.returncode == 0, result.stderr
    return folder


def the_run(place):
    (folder,) = place.glob("outputs/runs/*")
    return folder


@pytest.fixture
def run(place, tmp_path):
    """A copy of that run, to tamper with."""
    return shutil.copytree(the_run(place), tmp_path / "outputs" / "runs" / "2026-01-01")


def test_a_run_comes_out_equal_and_leaves_nothing_behind(place):
    result = command(place, "reproduce", the_run(place).name[:10])
    assert result.returncode == 0, result.stderr
    assert "equal, bit for bit: " in result.stdout
    assert "Unchanged since: commit" in result.stdout
    assert not (place / "outputs" / "reproductions").exists()


def test_a_run_that_is_kept_is_a_run_folder(run):
    result = command(run.parents[2], "reproduce", "2026", "--keep")
    assert result.returncode == 0, result.stderr
    (kept,) = run.parents[1].glob("reproductions/*")
    assert str(kept) in result.stdout
    assert {path.name for path in kept.iterdir()} >= {
        "config.yaml",
        "facts.json",
        "outcome.json",
        "session.npz",
    }


def test_a_value_that_was_changed_is_the_first_difference(run):
    edit(run / "outcome.json", lambda tree: tree["values"]["recall/cosine"].__setitem__(1, 0.125))
    result = command(run.parents[2], "reproduce", "2026")
    assert result.returncode == 1, result.stderr
    for word in ("different", "measure recall/cosine", "replicate 1", "0.125", "1 of 2 values"):
        assert word in result.stdout
    assert any(run.parents[1].glob("reproductions/*/session.npz"))


def test_other_code_and_versions_are_told(run):
    def older(tree):
        tree.update({"memlab.code_hash": "f" * 64, "memlab.numpy": "1.0"})

    edit(run / "facts.json", older)
    result = command(run.parents[2], "reproduce", "2026")
    assert result.returncode == 0, result.stderr
    assert "Changed since" in result.stdout
    assert "ffffffffffff" in result.stdout


def test_an_unknown_run_is_refused_with_those_there_are(place):
    result = command(place, "reproduce", "1999")
    assert result.returncode == 2
    assert "there is no run '1999'" in result.stderr
    assert the_run(place).name in result.stderr


def test_an_unfinished_run_is_refused(run):
    edit(run / "outcome.json", lambda tree: tree.update(status="KILLED", message="interrupted"))
    result = command(run.parents[2], "reproduce", "2026")
    assert result.returncode == 2
    assert "is KILLED: interrupted" in result.stderr


def test_a_configuration_that_the_code_no_longer_takes_is_refused(run):
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("replicates: 2", "replicates: -2"))
    result = command(run.parents[2], "reproduce", "2026")
    assert result.returncode == 2
    assert "replicates must be greater than 0, got -2" in result.stderr
    assert not (run.parents[1] / "reproductions").exists()


def test_own_patterns_are_looked_for_where_the_run_was_started(tmp_path):
    start, elsewhere = tmp_path / "start", tmp_path / "elsewhere"
    (start / "mine").mkdir(parents=True)
    elsewhere.mkdir()
    draw = "import numpy as np; np.save('mine/{0}.npy', np.eye(16) * {0} > 0)"
    draw += "; np.save('mine/x.npy', np.tri(16) > 0); np.save('mine/y.npy', np.tri(16).T > 0)"
    subprocess.run([sys.executable, "-c", draw.format(1)], cwd=start, check=True)
    own = ("patterns=folder", "patterns.path=mine", "tracking=none", "sweep.figures=never")
    result = memlab(start, *SMALL, *own)
    assert result.returncode == 0, result.stderr
    found = the_run(start)
    assert command(elsewhere, "reproduce", found).returncode == 0
    shutil.rmtree(start / "mine")
    result = command(elsewhere, "reproduce", found)
    assert result.returncode == 2
    assert f"path must be a folder that can be read, got '{start}/mine'" in result.stderr


def test_a_run_is_found_by_its_mlflow_id_also_when_its_folder_is_gone(place):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{place}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("memlab").experiment_id
    (found,) = client.search_runs([experiment])
    assert command(place, "reproduce", found.info.run_id).returncode == 0
    folder = the_run(place)
    away = folder.rename(place / "away")
    try:
        result = command(place, "reproduce", found.info.run_id)
    finally:
        away.rename(folder)
    assert result.returncode == 0, result.stderr
    assert "equal, bit for bit" in result.stdout


def test_an_mlflow_id_that_no_run_has_is_refused(place):
    result = command(place, "reproduce", "0" * 32)
    assert result.returncode == 2
    assert f"there is no run {'0' * 32}" in result.stderr


def test_a_store_that_is_not_there_is_refused(tmp_path):
    result = command(tmp_path, "reproduce", "0" * 32)
    assert result.returncode == 2
    assert f"{tmp_path}/outputs/mlflow.db" in result.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A sweep of two jobs that drew nothing."""
    folder = tmp_path_factory.mktemp("bare")
    result = memlab(folder, "-m", *SMALL, "tracking=none", "seed=1,2", "sweep.figures=never")
    assert result.returncode == 0, result.stderr
    return folder


def pictures(folder):
    return sorted(path.parents[1].name for path in folder.glob(f"outputs/sweeps/*/*/{FIGURE}"))


def test_figures_are_drawn_when_and_only_when_they_are_wanted(bare, tmp_path):
    folder = shutil.copytree(bare, tmp_path / "bare")
    assert pictures(folder) == []
    (sweep,) = folder.glob("outputs/sweeps/*")
    result = command(folder, "draw", f"{sweep.name}/1")
    assert (result.returncode, pictures(folder)) == (0, ["1"])
    assert f"1 of 1 runs have their figures: {sweep}/1/figures" in result.stdout
    drawn = (sweep / "1" / FIGURE).stat().st_mtime_ns
    result = command(folder, "draw", sweep.name[:4])
    assert (result.returncode, pictures(folder)) == (0, ["0", "1"])
    assert (sweep / "1" / FIGURE).stat().st_mtime_ns == drawn


def test_a_reused_job_draws_what_is_wanted_now_without_being_computed_again(tmp_path):
    quiet = ("-m", *SMALL, "tracking=none", "seed=1,2")
    assert memlab(tmp_path, *quiet, "sweep.figures=never").returncode == 0
    sessions = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("session.npz")}
    (page, *_) = tmp_path.rglob("report.md")
    page.unlink()
    result = memlab(tmp_path, *quiet, "sweep.figures=always")
    assert result.returncode == 0, result.stderr
    assert pictures(tmp_path) == ["0", "1"]
    assert page.is_file()
    now = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("session.npz")}
    assert now == sessions


def test_a_run_without_its_session_cannot_be_drawn_and_that_is_said(bare, tmp_path):
    folder = shutil.copytree(bare, tmp_path / "bare")
    (sweep,) = folder.glob("outputs/sweeps/*")
    (sweep / "0" / "session.npz").unlink()
    result = command(folder, "draw", sweep.name)
    assert result.returncode == 1
    assert f"not drawn: {sweep}/0" in result.stderr
    assert pictures(folder) == ["1"]


def test_what_a_run_had_recorded_before_it_diverged_is_drawn(tmp_path):
    medium = ("substrate.rate=0.5", "substrate.sequences=20", "substrate.on_divergence=fail")
    doses = ("protocol.acquired=[1,9]", "replicates=1", "tracking=none")
    result = memlab(tmp_path, "experiment=zypher_published", *medium, *doses)
    assert result.returncode == 1
    assert "beyond 1e+30" in result.stderr
    folder = the_run(tmp_path)
    result = command(tmp_path, "draw", folder.name)
    assert result.returncode == 0, result.stderr
    assert (folder / "figures" / "R1_emergence.png").is_file()
    assert "ended before B was met" in (folder / "figures" / "R4_overlap.txt").read_text()


@pytest.mark.parametrize("module", ["reproduce", "draw"])
def test_help_imports_nothing_heavy(module):
    words = [sys.executable, "-X", "importtime", "-m", f"memlab.{module}", "--help"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert not imported & {"torch", "mlflow", "pandas", "numpy", "hydra"}
