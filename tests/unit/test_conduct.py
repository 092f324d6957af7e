"""A sweep that is under way: whatever a launcher, a job or the store does, all of it is told."""

import json
import subprocess
import threading
import time

import pytest

from memlab.app.schema import Prune, Refused, Sweep
from memlab.record.outcome import Outcome, Status, found
from memlab.record.process import Process, boot, here, start
from memlab.record.tracking import Untracked
from memlab.record.unsettled import opened
from memlab.sweep import conduct
from memlab.sweep.conduct import alone, concluded, drawn, gathered, launch, unbegun
from memlab.sweep.design import Axis
from memlab.sweep.grid import Grid
from memlab.sweep.plan import Plan, keep
from memlab.sweep.tally import NOTHING, interrupted, told

NOWHERE = {"_target_": "memlab.record.tracking.Mlflow", "uri": "nowhere", "artifacts": "here"}
GONE = Process(here().host, boot(), 2**22 + 1, "0")
GIVEN = Sweep(
    question="why?",
    axes={},
    jobs=1,
    confirm=False,
    figures="auto",
    figures_up_to=24,
    search=None,
    metric=None,
    direction="maximize",
    trials=1,
    parallel="auto",
    sampler="tpe",
    seed=1,
    prune=Prune(metric=None, warmup=2),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(conduct, "CALM", 0)


@pytest.fixture
def plan(tmp_path):
    """A sweep of three jobs."""
    folder = tmp_path / "outputs" / "sweeps" / "seed_1234"
    folder.mkdir(parents=True)
    design = Grid(("replicates=2",), (Axis("seed", ("1", "2", "3")),))
    outputs = tmp_path / "outputs"
    return Plan(folder.name, folder, tmp_path, outputs, ("-m",), GIVEN, design, time.time())


def said(plan, number, status, **fields):
    """The folder of a job says this of it from now on."""
    folder = plan.folder / str(number)
    folder.mkdir(exist_ok=True)
    return Outcome(status, str(folder), (f"seed={number + 1}",), **fields).save()


class Launcher:
    """Runs two of three jobs, then does what it was told to do."""

    def __init__(self, plan, then):
        self.plan, self.then, self.asked = plan, then, []

    def launch(self, jobs, *, initial_job_idx):
        self.asked += jobs
        for number in range(initial_job_idx, initial_job_idx + 2):
            said(self.plan, number, Status.FINISHED, scalars={"recall": 0.5})
        raise self.then


def test_a_launcher_that_fails_is_told_and_loses_no_outcome(plan, capsys):
    jobs = {}
    launch(Launcher(plan, RuntimeError("job 2 crashed\nits trace")), plan, jobs)
    outcomes = gathered(plan, jobs, Untracked(), [])
    assert [outcome.status for outcome in outcomes] == ["FINISHED", "FINISHED", "FAILED"]
    assert outcomes[2].message == NOTHING
    assert "the launcher failed: RuntimeError: job 2 crashed\n" in capsys.readouterr().err
    assert "its trace" in (plan.folder / "memlab.log").read_text()


def test_jobs_that_outlive_their_launcher_are_waited_for(plan, monkeypatch):
    monkeypatch.setattr(conduct, "CALM", 1)
    sleeper = subprocess.Popen(["sleep", "30"])
    process = Process(here().host, boot(), sleeper.pid, start(sleeper.pid))
    said(plan, 0, Status.RUNNING, process=process)
    threading.Timer(1.5, lambda: (said(plan, 0, Status.FINISHED), sleeper.kill())).start()
    conduct.calmed(plan.folder, range(3))
    sleeper.wait()
    assert found(plan.folder / "0").status is Status.FINISHED


def test_a_launcher_that_refuses_ends_the_sweep(plan):
    with pytest.raises(Refused):
        launch(Launcher(plan, Refused("no such cluster")), plan, {})


def test_an_interrupt_tells_what_was_done_and_what_was_not_begun(plan):
    jobs = {}
    with pytest.raises(KeyboardInterrupt):
        launch(Launcher(plan, KeyboardInterrupt()), plan, jobs)
    said(plan, 1, Status.KILLED, message="interrupted")
    text = interrupted(gathered(plan, jobs, Untracked(), []))
    assert "1 of 2 jobs finished." in text
    assert "KILLED: seed=2\n  interrupted\n" in text
    assert "1 were not begun; the same command goes on" in text


def test_a_job_whose_process_died_is_marked_where_it_lies(plan):
    said(plan, 0, Status.RUNNING, process=GONE)
    opened(plan.outputs, plan.folder / "0")
    (outcome,) = gathered(plan, {0: ("seed=1",)}, Untracked(), [])
    assert outcome.status is Status.KILLED
    assert found(plan.folder / "0") == outcome
    assert "ended without a word" in told([outcome])


def test_a_summary_that_fails_still_lists_the_failures_and_is_an_error(plan, capsys):
    said(plan, 0, Status.FINISHED, scalars={"recall": 0.5})
    lost = said(plan, 1, Status.FAILED, message="ValueError: no")
    keep(plan)
    assert concluded(plan, [found(plan.folder / "0"), lost], NOWHERE) == 1
    text = capsys.readouterr().err
    assert "FAILED: the summary is incomplete: tracking: uri must be" in text
    assert "FAILED: seed=2\n  ValueError: no\n" in text


def test_what_a_sweep_is_can_be_read_from_its_folder(plan):
    keep(plan)
    kept = json.loads((plan.folder / "sweep.json").read_text())
    assert kept["settings"]["question"] == "why?"
    axes = [{"key": "seed", "values": ["1", "2", "3"]}]
    assert kept["grid"] == {"fixed": ["replicates=2"], "axes": axes}
    assert (kept["total"], kept["command"]) == (3, ["-m"])


def test_few_jobs_draw_their_figures_and_many_do_not(plan):
    assert drawn(plan)
    launcher = Launcher(plan, RuntimeError())
    launch(launcher, plan, {})
    assert launcher.asked[0] == ["replicates=2", "seed=1", "sweep.figures=always"]


def test_a_sweep_holds_its_folder_alone(plan):
    with alone(plan), pytest.raises(Refused, match="under way in another process"), alone(plan):
        pass


def test_an_interrupt_before_the_first_job_says_that_none_began(capsys):
    with pytest.raises(KeyboardInterrupt), unbegun():
        raise KeyboardInterrupt
    assert "interrupted before any job began" in capsys.readouterr().err
