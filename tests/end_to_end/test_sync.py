"""What a crash or an absent store left behind is brought by the next start or by sync."""

import os
import signal
import subprocess
import sys
import time

import pytest

from memlab.record.outcome import Status, found
from tests.end_to_end.commands import ROOT, TINY, warm
from tests.end_to_end.test_cli import memlab
from tests.end_to_end.unbrought import ended, sqlite
from tests.faults.postgres import postgres, usable
from tests.faults.store import Gate, arrived, raced, served, store

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def sync(root):
    return warm(root, "memlab.sync")


def test_after_kill_9_the_next_start_marks_the_run_on_disk_and_in_the_store(tmp_path):
    command = [sys.executable, "-m", "memlab", "substrate.write_steps=1000000", "replicates=2"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 120
    while time.monotonic() < until and not list(tmp_path.glob("outputs/runs/*/.mirror_*")):
        time.sleep(0.2)
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (folder,) = tmp_path.glob("outputs/runs/*")
    assert found(folder).status is Status.RUNNING
    assert memlab(tmp_path, *TINY).returncode == 0
    assert found(folder).status is Status.KILLED
    tracking = sqlite(tmp_path)
    assert sorted(one["status"] for one in arrived(tracking, tmp_path)) == ["FINISHED", "KILLED"]


def test_sync_tells_what_it_brought_and_what_it_could_not(tmp_path):
    tracking = sqlite(tmp_path)
    ended(tracking, tmp_path)
    ended(store("http://127.0.0.1:9", tmp_path), tmp_path, "far")
    result = sync(tmp_path)
    assert result.returncode == 1
    assert "1 run uploaded" in result.stdout
    assert "1 not: http://127.0.0.1:9: Connection refused" in result.stdout
    again = sync(tmp_path)
    assert "0 runs uploaded, 1 not" in again.stdout


def test_sync_needs_a_folder_of_results(tmp_path):
    result = sync(tmp_path)
    assert result.returncode == 1
    assert "must be a folder of results, got outputs" in result.stderr


def test_sync_starts_without_anything_heavy(tmp_path):
    (tmp_path / "outputs").mkdir()
    code = (
        "import sys; sys.argv[1:] = []; from memlab import sync\n"
        "try: sync.main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print([name for name in ('mlflow', 'torch', 'hydra', 'pandas') if name in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    said = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_four_processes_on_a_store_that_did_not_exist_lose_nothing(tmp_path):
    row = raced("cold", f"sqlite:///{tmp_path}/outputs/mlflow.db", tmp_path, workers=4, runs=8)
    assert row.whole == 8


@pytest.mark.slow
@pytest.mark.skipif(not usable(), reason="no Postgres here")
def test_four_processes_on_an_empty_postgres_server_lose_nothing(tmp_path):
    with postgres() as uri:
        store(uri, tmp_path).ready(tmp_path, tmp_path / "outputs")
        row = raced("cold", uri, tmp_path, workers=4, runs=8)
    assert row.whole == 8


@pytest.mark.slow
def test_a_server_that_goes_away_mid_run_gets_all_of_it_from_sync(tmp_path):
    def held(uri, root):
        (one,) = arrived(store(uri, root), root)
        files = set(one["files"]) - {"memlab.log"}  # it tells of the failures
        return {"status": one["status"], "curves": one["curves"], "files": files}

    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    long = (*TINY[1:], "substrate.write_steps=20000", "device=cpu")
    assert memlab(undisturbed, *long).returncode == 0
    with served(tmp_path) as address:
        gate = Gate(int(address.rpartition(":")[2]))
        uri = f"http://127.0.0.1:{gate.port}"
        settings = (*long, f"tracking.uri={uri}", "tracking.patience=2.0")
        process = subprocess.Popen(
            [sys.executable, "-m", "memlab", *settings],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 120
        while time.monotonic() < until and not any(
            '"run": "' in file.read_text() and '"run": ""' not in file.read_text()
            for file in tmp_path.glob("outputs/runs/*/.mirror_*")
        ):
            time.sleep(0.05)
        assert process.poll() is None
        gate.shut()
        words = process.communicate(timeout=200)[1]
        assert process.returncode == 0, words
        assert "Not tracked yet" in words
        (folder,) = tmp_path.glob("outputs/runs/*")
        assert found(folder).status is Status.FINISHED
        assert sync(tmp_path).returncode == 1
        gate.open()
        result = sync(tmp_path)
        assert result.returncode == 0, result.stdout
        disturbed = held(uri, tmp_path)
        gate.shut()
    assert disturbed == held(f"sqlite:///{undisturbed}/outputs/mlflow.db", undisturbed)
