"""A sweep: all jobs are heard of, seeds are put together, one failure is an error."""

import json

import pytest

from memlab.record.outcome import Outcome, Status, loaded
from memlab.sweep.tally import told
from tests.end_to_end.commands import fresh

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def job(*overrides, value=0.0, status=Status.FINISHED):
    return Outcome(status, "/runs/0", overrides, {"substrate": "notebook"}, {"recall": value})


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Two jobs of which the second cannot be."""
    folder = tmp_path_factory.mktemp("sweep")
    small = ("substrate=notebook", "replicates=2", "figures=single", "protocol=single")
    faint = ("patterns=random", "patterns.size=16", "patterns.density=0.5,0.000001")
    result = fresh(folder, "memlab", "-m", *small, *faint)
    return folder, result


def test_a_failing_job_takes_no_other_down_but_the_sweep_fails(sweep):
    folder, result = sweep
    outcomes = [loaded(file) for file in sorted(folder.glob("outputs/sweeps/*/*/outcome.json"))]
    assert [outcome.status for outcome in outcomes] == [Status.FINISHED, Status.REFUSED]
    assert result.returncode == 2


def test_failures_are_listed_with_their_overrides_and_log(sweep):
    _, result = sweep
    assert "1 of 2 jobs finished." in result.stderr
    assert "a pattern must have contrast" in result.stderr
    assert "/1/memlab.log" in result.stderr


def test_the_summary_is_kept_and_tracked_beside_the_runs(sweep):
    from mlflow import MlflowClient

    folder, _ = sweep
    client = MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("memlab").experiment_id
    runs = client.search_runs([experiment])
    assert len({run.data.tags["memlab.sweep"] for run in runs}) == 1
    summary = next(run for run in runs if run.data.tags.get("memlab.kind") == "summary")
    kept = {file.path for file in client.list_artifacts(summary.info.run_id)}
    tables = {f"summary.{kind}" for kind in ("csv", "html", "json", "md", "png")}
    assert kept >= tables | {"report.html"}


def test_an_outcome_survives_its_file(tmp_path):
    outcome = Outcome(Status.FAILED, str(tmp_path), ("seed=1",), message="no")
    outcome.save()
    assert loaded(tmp_path / "outcome.json") == outcome
    assert json.loads((tmp_path / "outcome.json").read_text())["status"] == "FAILED"


def test_every_job_that_did_not_finish_is_told():
    text = told([job("seed=1"), job("seed=2", "sweep.figures=never", status=Status.KILLED)])
    assert "1 of 2 jobs finished." in text
    assert "KILLED: seed=2\n" in text
