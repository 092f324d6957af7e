"""Runs in MLflow: complete, honest about how they ended, and without noise."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from hashlib import sha256
from importlib import import_module

import pytest
import torch
from pydantic import ValidationError
from torch import ones_like, zeros_like

from memlab.record import provenance
from memlab.record.address import located, shown
from memlab.record.curves import Curves, curve_name, kept
from memlab.record.journal import Ended, Record
from memlab.record.outcome import Status
from memlab.record.place import Place
from memlab.record.provenance import digest, fingerprints
from memlab.record.tracking import Mlflow
from memlab.runner import Progress
from memlab.substrate import Meter
from tests.end_to_end.commands import ROOT, fresh
from tests.end_to_end.test_cli import memlab
from tests.unit.sessions import asked_once, half_cue

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SMALL = ("substrate=notebook", "replicates=2", "patterns.size=16")


def runs(folder):
    """All tracked runs of a folder, newest first."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db")
    return client, client.search_runs([client.get_experiment_by_name("memlab").experiment_id])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    result = fresh(folder, "memlab", *SMALL, "seed=3")
    assert result.returncode == 0, result.stderr
    client, (run,) = runs(folder)
    return client, run, result


def test_a_finished_run_is_named_and_found_by_its_choices(finished):
    _, run, _ = finished
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "notebook · three_phase · shapes · seed 3"
    chosen = {
        "substrate": "notebook",
        "protocol": "three_phase",
        "seed": "3",
        "patterns.size": "16",
    }
    assert chosen.items() <= run.data.params.items()


def test_a_finished_run_has_scalars_with_bounds_and_curves(finished):
    client, run, _ = finished
    metrics = run.data.metrics
    assert metrics["interval/before/pearson_low"] <= metrics["before/pearson"]
    assert client.get_metric_history(run.info.run_id, "pearson/interfered/before")


def test_a_finished_run_has_everything_as_artifacts(finished):
    client, run, _ = finished
    kept_files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"config.yaml", "session.npz", "report.md", "tables", "figures"} <= kept_files


def test_a_finished_run_says_what_has_to_be_known_to_repeat_it(finished):
    _, run, _ = finished
    for tag in ("git.commit", "git.dirty", "config_hash", "device", "threads", "torch", "isa"):
        assert run.data.tags[f"memlab.{tag}"]
    assert run.data.tags["memlab.claim.targets_learned"]


def test_the_terminal_shows_the_tables_and_no_noise(finished):
    *_, result = finished
    assert "before/pearson" in result.stdout
    assert "Results: " in result.stdout
    assert len(result.stderr.splitlines()) == 1


def test_a_run_that_breaks_is_failed_and_keeps_what_it_had(tmp_path):
    target = "_target_: memlab.metrics.recall.likeness, _partial_: true"
    wrong = f"{{{target}, arm: idle, phase: after, group: targets, measure: sharpness}}"
    result = memlab(tmp_path, *SMALL, f"+metrics.scalars.wrong={wrong}")
    assert result.returncode == 1
    assert "no measure 'sharpness'" in result.stderr
    assert "Traceback" not in result.stderr
    client, (run,) = runs(tmp_path)
    assert run.info.status == "FAILED"
    assert "no measure 'sharpness'" in run.data.tags["memlab.message"]
    assert "Traceback" in run.data.tags["memlab.trace"]
    assert "session.npz" in {file.path for file in client.list_artifacts(run.info.run_id)}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_is_killed_and_keeps_what_it_had(tmp_path, number, code):
    endless = ["substrate.write_steps=100000", "replicates=2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "memlab", *endless],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stderr.readline()  # the line a run starts with
    time.sleep(1)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code
    client, (run,) = runs(tmp_path)
    assert run.info.status == "KILLED"
    assert "session.npz" in {file.path for file in client.list_artifacts(run.info.run_id)}


@pytest.mark.parametrize("uri", ["file:outputs/mlruns", "nowhere", "htp://host", "sqlite://"])
def test_what_is_no_address_of_a_store_is_refused(uri):
    with pytest.raises(ValueError, match="must be a database"):
        Mlflow(uri=uri, artifacts="outputs/artifacts")


def test_a_password_is_not_shown():
    assert shown("postgresql://me:secret@host:1/runs") == "postgresql://me:***@host:1/runs"


def test_a_relative_store_lies_in_the_folder_of_the_call(tmp_path):
    assert (
        located("sqlite:///outputs/mlflow.db", tmp_path)
        == f"sqlite:///{tmp_path}/outputs/mlflow.db"
    )
    assert located("sqlite:////data/mlflow.db", tmp_path) == "sqlite:////data/mlflow.db"
    assert located("http://localhost:5000", tmp_path) == "http://localhost:5000"


def followed(looks):
    """All points of two acts of one phase, with that many looks while each runs."""
    progress, points = Progress(total=1000), []
    curves = Curves(progress)
    for item in ("ring", "cross"):
        meter = Meter()
        progress.begin(f"idle+1 · acquire · {item}", meter)
        for step in range(100):
            meter.add("similarity", step, torch.tensor([step, step + 1.0, float("nan")]))
            if looks and step % (100 // looks) == 0:
                points += curves.fresh()
        progress.end()
    return points + curves.fresh()


def test_curves_do_not_depend_on_when_one_looks():
    assert followed(looks=0) == followed(looks=3) == followed(looks=50)


def test_the_acts_of_a_phase_follow_one_another_on_one_thinned_curve():
    points = followed(looks=0)
    assert {point.name for point in points} == {"similarity/idle/acquire"}
    assert [point.step for point in points] == sorted({point.step for point in points})
    assert points[-1].step == 199
    assert points[0].value == 0.5
    assert len(points) < 60


def test_a_curve_is_named_by_measure_arm_and_phase():
    assert curve_name("mass/interfered+2 · before") == "mass/interfered/before"


def test_the_first_points_are_kept_and_then_ever_fewer():
    assert all(kept(index, 10) for index in range(10))
    assert sum(kept(index, 10) for index in range(10_000)) < 120


@pytest.fixture
def silent():
    """The address of a server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def refused():
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def begun(uri, folder, **settings):
    """A run that is tracked there, from a folder with nothing in it."""
    import_module("mlflow")  # which takes its time, and is no fault of the store
    store = Mlflow(uri, "artifacts", system_metrics=False, interval=0.1, **settings)
    place = Place(folder, folder, folder / "outputs", (), {}, None)
    return store.begin(Record("a run", {}, {}), Progress(), place)


@pytest.mark.parametrize("status", [Status.FINISHED, Status.KILLED])
def test_a_run_does_not_wait_for_a_server_that_never_answers(tmp_path, silent, status):
    run = begun(silent, tmp_path, patience=0.3)
    began = time.monotonic()
    why = run.finish(Ended(status))
    assert time.monotonic() - began < 5
    assert f"{silent} did not answer within 0.3 s" in why
    run.thread.join(60)
    assert not run.thread.is_alive()


def test_a_store_that_cannot_be_reached_is_named_with_the_reason(tmp_path):
    uri = refused()
    why = begun(uri, tmp_path, patience=0.5).finish(Ended(Status.FINISHED))
    assert f"{uri} did not answer within 0.5 s" in why
    assert "Connection refused" in why


def test_the_second_run_of_a_process_does_not_wait_for_a_store_that_is_away(tmp_path):
    uri = refused()
    (tmp_path / "second").mkdir()
    begun(uri, tmp_path, patience=0.5).finish(Ended(Status.FINISHED))
    began = time.monotonic()
    assert begun(uri, tmp_path / "second", patience=60.0).finish(Ended(Status.FINISHED))
    assert time.monotonic() - began < 15


def test_a_store_that_is_away_is_refused_before_anything_is_computed(tmp_path):
    uri = refused()
    result = memlab(tmp_path, *SMALL, f"tracking.uri={uri}")
    assert result.returncode == 2
    assert f"the store {uri} does not answer (Connection refused)" in result.stderr
    assert "tracking=none" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("outputs/**/session.npz"))


def test_a_silent_store_is_refused_with_its_address(tmp_path, silent):
    store = Mlflow(silent, "artifacts")
    with pytest.raises(OSError, match=f"{silent} does not answer .*timed out"):
        store.ready(tmp_path, tmp_path / "outputs")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database at all, and long enough to be read as one" * 9)
    with pytest.raises(ValueError, match="must be an SQLite database"):
        Mlflow("sqlite:///mlflow.db", "artifacts").ready(tmp_path, tmp_path / "outputs")


def test_a_store_that_is_there_is_ready_without_mlflow(tmp_path):
    store = Mlflow("sqlite:///mlflow.db", "artifacts")
    store.ready(tmp_path, tmp_path / "outputs")
    code = f"""
import sys
from pathlib import Path
from memlab.record.tracking import Mlflow
here = Path({str(tmp_path)!r})
Mlflow("sqlite:///mlflow.db", "artifacts").ready(here, here / "outputs")
print([name for name in ("mlflow", "torch") if name in sys.modules])
"""
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("value", [0.0, float("inf"), float("nan"), True, 1e12])
@pytest.mark.parametrize("key", ["interval", "patience"])
def test_a_time_that_is_none_is_refused_by_name(key, value):
    with pytest.raises(ValidationError, match=key):
        Mlflow("sqlite:///mlflow.db", "artifacts", **{key: value})


def test_runs_taught_and_asked_the_same_have_equal_fingerprints():
    one, again = fingerprints(asked_once(zeros_like)), fingerprints(asked_once(ones_like))
    other = fingerprints(asked_once(zeros_like, cue=half_cue))
    assert one == again
    assert one["memlab.patterns_sha"] == other["memlab.patterns_sha"]
    assert one["memlab.cues_sha"] != other["memlab.cues_sha"]


def test_a_finished_run_has_the_fingerprints_of_its_patterns_and_cues(finished):
    _, run, _ = finished
    for what in ("patterns", "cues"):
        assert re.fullmatch("[0-9a-f]{16}", run.data.tags[f"memlab.{what}_sha"])


def test_a_digest_is_that_of_the_bytes_in_their_order():
    a, b = torch.arange(6.0).reshape(2, 3), torch.ones(2, dtype=torch.bool)
    assert digest([a, b]) == sha256(a.numpy().tobytes() + b"\1\1").hexdigest()[:16]
    assert digest([a, b]) != digest([b, a])
    assert digest([a.T]) == digest([a.T.contiguous()]) != digest([a])


def test_an_installed_package_says_nothing_of_the_repository_around_it(tmp_path, monkeypatch):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    provenance.git.cache_clear()
    assert provenance.git("rev-parse", "--git-dir")
    (tmp_path / "site-packages").mkdir()
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "site-packages")
    provenance.git.cache_clear()
    assert not provenance.git("rev-parse", "--git-dir")
    provenance.git.cache_clear()
