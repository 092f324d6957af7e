"""A sweep: all jobs are heard of, seeds are put together, one failure is an error."""

import json

import pytest
from omegaconf import OmegaConf

from memlab.record.outcome import Outcome, Status, loaded
from memlab.sweep.conduct import Summary, failures
from memlab.sweep.summary import settings, summarised
from tests.end_to_end.test_cli import memlab

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def job(*overrides, value=0.0, status=Status.FINISHED):
    return Outcome(status, "/runs/0", overrides, {"substrate": "notebook"}, {"recall": value})


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Two jobs of which the second cannot be."""
    folder = tmp_path_factory.mktemp("sweep")
    small = ("substrate=notebook", "replicates=2", "figures=single", "protocol=single")
    result = memlab(folder, "-m", *small, "patterns.size=16,0")
    return folder, result


def test_a_failing_job_takes_no_other_down_but_the_sweep_fails(sweep):
    folder, result = sweep
    outcomes = [loaded(file) for file in sorted(folder.glob("outputs/sweeps/*/*/outcome.json"))]
    assert [outcome.status for outcome in outcomes] == [Status.FINISHED, Status.REFUSED]
    assert result.returncode == 2


def test_failures_are_listed_with_their_overrides_and_log(sweep):
    _, result = sweep
    assert "1 of 2 jobs finished." in result.stderr
    assert "patterns.size must be greater than 0, got 0" in result.stderr
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
    assert kept == {"summary.csv", "summary.json", "summary.md", "summary.png"}


def test_jobs_that_differ_in_their_seed_alone_are_put_together():
    jobs = [job("cue=mask", f"seed={s}", value=s) for s in range(3)] + [job("cue=half", "seed=0")]
    rows = summarised(jobs)
    assert [(row.setting, row.estimate.n) for row in rows] == [("mask", 3), ("half", 1)]
    assert rows[0].estimate.mean == 1


def test_a_setting_is_named_by_what_was_varied():
    jobs = [job(f"cue.keep={keep}", "protocol=single", f"seed={keep}") for keep in (0.1, 0.2)]
    assert settings(jobs) == ["cue.keep=0.1", "cue.keep=0.2"]


def test_a_sweep_over_seeds_alone_is_named_by_its_substrate():
    assert settings([job("seed=1"), job("seed=2")]) == ["notebook", "notebook"]


def test_an_outcome_survives_its_file(tmp_path):
    outcome = Outcome(Status.FAILED, str(tmp_path), ("seed=1",), message="no")
    outcome.save()
    assert loaded(tmp_path / "outcome.json") == outcome
    assert json.loads((tmp_path / "outcome.json").read_text())["status"] == "FAILED"


def test_every_job_that_did_not_finish_is_told():
    told = failures([job("seed=1"), job("seed=2", status=Status.KILLED)])
    assert "1 of 2 jobs finished." in told
    assert "KILLED: seed=2" in told


def test_a_summary_that_is_not_tracked_is_an_error(tmp_path, capsys):
    jobs = tmp_path / "sweep" / "0"
    jobs.mkdir(parents=True)
    Outcome(Status.FINISHED, str(jobs), ("seed=1",), scalars={"recall": 0.5}).save()
    store = {"_target_": "memlab.record.tracking.Mlflow", "uri": "nowhere", "artifacts": "here"}
    places = {"runtime": {"cwd": str(tmp_path)}, "sweep": {"dir": "sweep"}}
    with pytest.raises(SystemExit) as stopped:
        Summary().on_multirun_end(OmegaConf.create({"hydra": places, "tracking": store}))
    assert stopped.value.code == 1
    assert "FAILED: the summary is incomplete: tracking: uri must be" in capsys.readouterr().err
    assert (tmp_path / "sweep" / "summary" / "summary.csv").is_file()
