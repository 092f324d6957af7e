"""A store that is away or told twice: every run arrives in it once, and whole."""

import time
from dataclasses import replace

import pytest

from memlab.record.attempts import cleared
from memlab.record.journal import Mirror, mirror, owed
from memlab.record.mirror import brought
from memlab.record.outcome import Outcome, Status
from memlab.record.process import here
from memlab.record.push import pushed
from memlab.record.tracking import Untracked
from memlab.record.unsettled import opened, unsettled
from tests.end_to_end.unbrought import ended, gone, journal_of, sqlite, told
from tests.faults.store import acts, arrived, last, place, record, store, tracked

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a store holds of a run that nothing disturbed."""
    root = tmp_path_factory.mktemp("whole")
    assert tracked(sqlite(root), root, "run") == ""
    (one,) = arrived(sqlite(root), root)
    return one


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
    patient, tracking = sqlite(tmp_path), sqlite(tmp_path, patience=0.5)
    patient.ready(tmp_path, tmp_path / "outputs")
    assert tracked(patient, tmp_path, "other") == ""
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
