"""A store that is away, dies or is told twice: every run arrives in it once, and whole."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from memlab.record.attempts import cleared
from memlab.record.journal import Journal, Mirror, journal, mirror, owed
from memlab.record.mirror import brought
from memlab.record.outcome import Outcome, Status, found
from memlab.record.process import here
from memlab.record.push import pushed
from memlab.record.tracking import Untracked
from memlab.record.unsettled import opened, unsettled
from tests.end_to_end.test_cli import ROOT, memlab
from tests.faults.postgres import postgres, usable
from tests.faults.store import (
    Gate,
    acts,
    arrived,
    last,
    place,
    raced,
    record,
    served,
    store,
    tracked,
)

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SMALL = ("substrate=notebook", "replicates=2", "patterns.size=16", "protocol=single", "figures={}")


def sqlite(root, **settings):
    return store(f"sqlite:///{root}/outputs/mlflow.db", root, **settings)


def gone():
    """A process of this machine that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return replace(here(), pid=child.pid)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a store holds of a run that nothing disturbed."""
    root = tmp_path_factory.mktemp("whole")
    assert tracked(sqlite(root), root, "run") == ""
    (one,) = arrived(sqlite(root), root)
    return one


def ended(tracking, root, name="run"):
    """A run that is over and of which no store knows."""
    where = place(root, name)
    run = Untracked().begin(record(name), acts(2), where)
    run.finish(last())
    journal_of(where).save(where.folder)
    replace(journal_of(where), targets=(tracking.target(root),)).save(where.folder)
    opened(where.outputs, where.folder)
    return where


def journal_of(where) -> Journal:
    run = journal(where.folder)
    assert run is not None
    return run


def told(root):
    return [(one.folder.name, one.why) for one in brought(root / "outputs")]


def sync(root):
    return subprocess.run(
        [sys.executable, "-m", "memlab.sync"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_arrives_with_all_it_noted_and_without_what_is_no_result(whole):
    assert whole["status"] == "FINISHED"
    assert len(whole["curves"]) == 65
    assert len(whole["params"]) == 30
    assert whole["files"] == ["report.md", "tables", "tables/measures.csv"]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("steps", range(1, 6))
def test_a_push_that_stops_anywhere_and_is_done_again_leaves_one_whole_run(
    tmp_path, whole, steps, kept
):
    tracking = sqlite(tmp_path)
    where = ended(tracking, tmp_path)
    target, states = tracking.target(tmp_path), [Mirror()]
    for state in pushed(where.folder, target):
        states.append(state)
        if len(states) > steps:
            break
    if not kept:  # it died between the answer of the store and its own note of it
        states[-2].save(where.folder, target)
    assert [why for _, why in told(tmp_path)] in ([""], [])  # nothing where it was whole already
    assert arrived(tracking, tmp_path) == [whole]
    assert list(unsettled(tmp_path / "outputs")) == []


def test_pushing_twice_changes_nothing(tmp_path, whole):
    tracking = sqlite(tmp_path)
    assert tracked(tracking, tmp_path, "run") == ""
    folder = tmp_path / "outputs" / "runs" / "run"
    target = tracking.target(tmp_path)
    assert list(pushed(folder, target)) == []
    replace(mirror(folder, target), whole=False, told=0, params=False).save(folder, target)
    assert list(pushed(folder, target))[-1].whole
    assert arrived(tracking, tmp_path) == [whole]


def test_a_store_that_goes_away_gets_the_run_when_it_is_back(tmp_path, whole):
    tracking = sqlite(tmp_path, patience=0.5)
    tracking.ready(tmp_path, tmp_path / "outputs")
    assert tracked(tracking, tmp_path, "other") == ""
    database, aside = tmp_path / "outputs" / "mlflow.db", tmp_path / "aside.db"
    run = tracking.begin(record("run"), acts(2), place(tmp_path, "run"))
    time.sleep(0.3)
    database.rename(aside)
    assert f"{database} did not answer within 0.5 s" in run.finish(last())
    assert not database.exists()
    assert [folder.name for folder in unsettled(tmp_path / "outputs")] == ["run"]
    aside.rename(database)
    run.thread.join(30)
    tracking.ready(tmp_path, tmp_path / "outputs")
    assert arrived(tracking, tmp_path)[1] == whole
    assert list(unsettled(tmp_path / "outputs")) == []


def test_a_run_that_is_under_way_is_left_alone(tmp_path):
    tracking = sqlite(tmp_path)
    run = tracking.begin(record("run"), acts(2), place(tmp_path, "run"))
    (one,) = brought(tmp_path / "outputs")
    assert one.alive == here()
    assert run.finish(last()) == ""


def test_a_run_a_launcher_found_dead_is_failed_with_its_message(tmp_path):
    tracking = sqlite(tmp_path)
    where = place(tmp_path, "run")
    tracking.begin(record("run"), acts(1), where).finish(last())
    target = tracking.target(tmp_path)
    open_again = replace(mirror(where.folder, target), whole=False)
    open_again.save(where.folder, target)
    replace(journal_of(where), process=gone(), ended=None).save(where.folder)
    Outcome(Status.FAILED, str(where.folder), (), message="killed for memory").save()
    opened(where.outputs, where.folder)
    assert told(tmp_path) == [("run", "")]
    (one,) = arrived(tracking, tmp_path)
    assert one["status"] == "FAILED"
    assert journal_of(where).ended.tags["memlab.message"] == "killed for memory"


def test_an_attempt_that_moved_aside_still_arrives(tmp_path, whole):
    tracking = sqlite(tmp_path)
    where = ended(tracking, tmp_path)
    Outcome(Status.FINISHED, str(where.folder), ()).save()
    cleared(where.folder, where.outputs)
    assert told(tmp_path) == [("1", "")]
    (one,) = arrived(tracking, tmp_path)
    assert one["curves"] == whole["curves"]


def test_a_run_without_a_store_is_adopted_by_one_once(tmp_path, whole):
    tracking, where = sqlite(tmp_path), place(tmp_path, "run")
    Untracked().begin(record("run"), acts(2), where).finish(last())
    assert list(unsettled(where.outputs)) == []
    for _ in range(2):
        assert tracking.adopt(where.folder, where) == ""
        assert arrived(tracking, tmp_path) == [whole]


def test_a_run_of_another_store_is_adopted_and_stays_in_both(tmp_path, whole):
    first = sqlite(tmp_path)
    second = store(f"sqlite:///{tmp_path}/second.db", tmp_path)
    assert tracked(first, tmp_path, "run") == ""
    where = place(tmp_path, "run")
    assert second.adopt(where.folder, where) == ""
    assert owed(where.folder, journal_of(where)) == []
    assert arrived(first, tmp_path) == arrived(second, tmp_path) == [whole]


def test_a_store_that_was_emptied_gets_the_run_from_its_beginning(tmp_path, whole):
    tracking = sqlite(tmp_path)
    where = ended(tracking, tmp_path)
    target = tracking.target(tmp_path)
    Mirror(asked=1, run="0" * 32, params=True, told=10).save(where.folder, target)
    assert told(tmp_path) == [("run", "")]
    assert arrived(tracking, tmp_path) == [whole]


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
    assert memlab(tmp_path, *SMALL).returncode == 0
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
    long = (*SMALL[1:], "substrate.write_steps=20000", "device=cpu")
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
