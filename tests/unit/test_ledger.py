"""What was computed before is found by its key, by one process at a time."""

import multiprocessing

import pytest

from memlab.record.files import Busy, locked
from memlab.record.ledger import NEEDED, claimed
from memlab.record.outcome import Status
from tests.unit.outcomes import outcome


def never():
    raise AssertionError("nobody else is at it")


def test_a_claim_finds_what_was_finished_under_its_key(tmp_path):
    folder = tmp_path / "run"
    with claimed(tmp_path, "abcd", never) as claim:
        assert claim.before is None
        claim.note(folder)
    done = outcome(folder, Status.FINISHED, key="abcd")
    for name in NEEDED:
        (folder / name).write_text("")
    with claimed(tmp_path, "abcd", never) as claim:
        assert claim.before == folder
        assert claim.finished(tmp_path / "here") == done


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.FINISHED])
def test_a_claim_takes_nothing_that_is_not_finished(tmp_path, status):
    outcome(tmp_path / "run", status, key="abcd")
    with claimed(tmp_path, "abcd", never) as claim:
        claim.note(tmp_path / "run")
    with claimed(tmp_path, "abcd", never) as claim:
        assert claim.finished(tmp_path / "here") is None


def test_a_claim_takes_nothing_computed_under_another_key(tmp_path):
    outcome(tmp_path / "run", Status.FINISHED, key="other")
    with claimed(tmp_path, "abcd", never) as claim:
        claim.note(tmp_path / "run")
    with claimed(tmp_path, "abcd", never) as claim:
        assert claim.finished(tmp_path / "here") is None


def test_a_folder_that_was_thrown_away_is_not_reused(tmp_path):
    with claimed(tmp_path, "abcd", never) as claim:
        claim.note(tmp_path / "gone")
    with claimed(tmp_path, "abcd", never) as claim:
        assert claim.finished(tmp_path / "here") is None


def test_a_lost_ledger_costs_nothing_where_the_job_itself_was_done(tmp_path):
    done = outcome(tmp_path / "run", Status.FINISHED, key="abcd")
    for name in NEEDED:
        (tmp_path / "run" / name).write_text("")
    with claimed(tmp_path, "abcd", never) as claim:
        assert claim.finished(tmp_path / "run") == done


@pytest.mark.parametrize("missing", NEEDED)
def test_a_run_that_has_lost_a_part_is_not_reused(tmp_path, missing):
    outcome(tmp_path / "run", Status.FINISHED, key="abcd")
    for name in set(NEEDED) - {missing}:
        (tmp_path / "run" / name).write_text("")
    with claimed(tmp_path, "abcd", never) as claim:
        assert claim.finished(tmp_path / "run") is None


def test_results_that_were_moved_are_found(tmp_path):
    with claimed(tmp_path / "old", "abcd", never) as claim:
        claim.note(tmp_path / "old" / "runs" / "a")
    outcome(tmp_path / "old" / "runs" / "a", Status.FINISHED, key="abcd")
    for name in NEEDED:
        (tmp_path / "old" / "runs" / "a" / name).write_text("")
    (tmp_path / "old").rename(tmp_path / "new")
    with claimed(tmp_path / "new", "abcd", never) as claim:
        assert claim.finished(tmp_path).folder == str(tmp_path / "new" / "runs" / "a")


def hold(path, held, release):
    with locked(path):
        held.set()
        release.wait(30)


def test_a_lock_is_held_by_one_process_and_falls_with_it(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "lock", held, release))
    other.start()
    assert held.wait(60)
    with pytest.raises(Busy), locked(tmp_path / "lock"):
        pass
    told = []

    def waiting():
        told.append("waiting")
        other.kill()

    with locked(tmp_path / "lock", waiting):
        assert told == ["waiting"]
    other.join()
