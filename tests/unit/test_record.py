"""What lies on disk of a run: its status, its process, its key, and where it is found again."""

import json
import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from memlab.record import identity, process
from memlab.record.attempts import cleared
from memlab.record.files import Busy, locked, replaced
from memlab.record.ledger import NEEDED, claimed
from memlab.record.outcome import CODES, Outcome, Status, found, loaded
from memlab.record.process import Process, here
from memlab.record.unsettled import buried, opened, settled, unsettled

CONFIG = {
    "seed": 1,
    "substrate": {"_target_": "memlab.x.X", "rate": 0.1},
    "patterns": {"_target_": "memlab.p.P"},
    "tracking": {"uri": "a"},
    "name": None,
    "outputs": "outputs",
    "resume": True,
    "checkpoint": {"every": 60},
    "sweep": {"question": ""},
}


def ended():
    """A process of this machine that is certainly gone."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return replace(here(), pid=child.pid)


def outcome(folder, status=Status.RUNNING, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    return replace(Outcome(status, str(folder), ("seed=1",), process=here()), **changes).save()


# --- processes ---------------------------------------------------------------------------------


def test_this_process_is_there():
    assert not here().gone


def test_a_process_that_has_ended_is_gone():
    assert ended().gone


def test_a_process_that_nobody_has_waited_for_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    begun = process.start(child.pid)
    who = replace(here(), pid=child.pid, started=begun)
    assert not who.gone
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    assert who.gone
    child.communicate()


def test_a_pid_that_another_process_has_now_is_gone():
    assert replace(here(), started="1").gone


def test_every_process_of_an_earlier_boot_is_gone():
    assert replace(here(), boot="before the power cut").gone


def test_nothing_is_said_of_a_process_on_another_machine():
    assert not replace(here(), host="elsewhere", boot="x", pid=1).gone


# --- outcomes ----------------------------------------------------------------------------------


def test_an_outcome_survives_its_file(tmp_path):
    kept = outcome(
        tmp_path,
        Status.FAILED,
        scalars={"recall": 0.5},
        values={"recall": (0.25, 0.75)},
        verdicts={"recalled": "holds"},
        message="no",
    )
    assert loaded(tmp_path / "outcome.json") == kept
    assert json.loads((tmp_path / "outcome.json").read_text())["status"] == "FAILED"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "FINISHED"}', "null"])
def test_a_file_that_is_no_outcome_is_refused_by_name(tmp_path, text):
    file = tmp_path / "outcome.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="must be an outcome"):
        loaded(file)
    assert found(tmp_path) is None


def test_every_status_has_an_exit_code():
    assert set(CODES) == set(Status)
    assert [status for status in Status if CODES[status] == 0] == [Status.FINISHED, Status.PRUNED]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    file = tmp_path / "a.json"
    replaced(file, "old")
    with pytest.raises(UnicodeEncodeError):
        replaced(file, "new \udc80")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


# --- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", identity.SILENT)
def test_what_changes_nothing_that_is_computed_is_not_in_the_key(tmp_path, silent):
    assert identity.key(CONFIG, tmp_path) == identity.key(CONFIG | {silent: "other"}, tmp_path)


@pytest.mark.parametrize("key", [key for key in CONFIG if key not in identity.SILENT])
def test_everything_else_is(tmp_path, key):
    assert identity.key(CONFIG, tmp_path) != identity.key(CONFIG | {key: {"a": 2}}, tmp_path)


def test_the_order_of_a_configuration_is_not_in_the_key(tmp_path):
    other = dict(reversed(CONFIG.items()))
    assert identity.key(CONFIG, tmp_path) == identity.key(other, tmp_path)


def test_the_code_is_in_the_key(tmp_path, monkeypatch):
    before = identity.key(CONFIG, tmp_path)
    monkeypatch.setattr(identity, "code_hash", lambda: "other code")
    assert identity.key(CONFIG, tmp_path) != before


def test_the_bytes_of_the_users_own_patterns_are_in_the_key(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.png").write_bytes(b"one")
    config = CONFIG | {"patterns": {"_target_": "memlab.p.P", "path": "mine"}}
    before = identity.key(config, tmp_path)
    assert before == identity.key(config, tmp_path)
    (tmp_path / "mine" / "a.png").write_bytes(b"two")
    assert identity.key(config, tmp_path) != before


def test_a_file_hash_tells_names_and_contents_apart(tmp_path):
    (tmp_path / "a").write_text("bc")
    one = identity.hash_of([tmp_path / "a"], tmp_path)
    (tmp_path / "ab").write_text("c")
    assert identity.hash_of([tmp_path / "ab"], tmp_path) != one


# --- the ledger --------------------------------------------------------------------------------


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


@pytest.mark.parametrize("library", identity.LIBRARIES)
def test_the_versions_of_the_libraries_are_in_the_key(tmp_path, monkeypatch, library):
    before = identity.key(CONFIG, tmp_path)
    real = identity.version
    monkeypatch.setattr(identity, "version", lambda name: "9" if name == library else real(name))
    assert identity.key(CONFIG, tmp_path) != before


def test_a_gpu_that_may_be_used_is_in_the_key(tmp_path, monkeypatch):
    auto, cpu = CONFIG | {"device": "auto"}, CONFIG | {"device": "cpu"}
    monkeypatch.setattr(identity, "GPUS", tmp_path / "nothing")
    without = identity.key(auto, tmp_path), identity.key(cpu, tmp_path)
    monkeypatch.setattr(identity, "GPUS", tmp_path)
    assert identity.key(auto, tmp_path) != without[0]
    assert identity.key(cpu, tmp_path) == without[1]


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


# --- unsettled runs and earlier attempts -------------------------------------------------------


def test_a_run_is_unsettled_until_it_is_struck_out(tmp_path):
    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True)
    opened(tmp_path, folder)
    assert list(unsettled(tmp_path)) == [folder]
    settled(tmp_path, folder)
    assert list(unsettled(tmp_path)) == []


def test_a_run_whose_folder_was_thrown_away_is_forgotten(tmp_path):
    opened(tmp_path, tmp_path / "gone")
    assert list(unsettled(tmp_path)) == []
    assert list((tmp_path / "open").iterdir()) == []


def test_only_a_running_run_of_a_dead_process_is_buried(tmp_path):
    ghost = ended()
    for name, status, who in (
        ("mine", Status.RUNNING, here()),
        ("dead", Status.RUNNING, ghost),
        ("done", Status.FINISHED, ghost),
        ("away", Status.RUNNING, Process("elsewhere", "x", 1, "1")),
    ):
        outcome(tmp_path / name, status, process=who)
        opened(tmp_path, tmp_path / name)
    (stale,) = buried(tmp_path)
    assert stale.folder == str(tmp_path / "dead")
    assert found(tmp_path / "dead").status is Status.KILLED
    assert "ended without a word" in found(tmp_path / "dead").message
    assert found(tmp_path / "mine").status is Status.RUNNING
    assert found(tmp_path / "done").status is Status.FINISHED
    assert found(tmp_path / "away").status is Status.RUNNING


def test_an_earlier_attempt_is_moved_aside_whole(tmp_path):
    folder = tmp_path / "0"
    for attempt in ("first", "second"):
        outcome(folder, Status.KILLED, message=attempt)
        (folder / "report.md").write_text(attempt)
        (folder / "checkpoint.npz").write_text("goes on")
        opened(tmp_path, folder)
        cleared(folder, tmp_path)
    assert {path.name for path in folder.iterdir()} == {"earlier", "checkpoint.npz"}
    for number, attempt in (("1", "first"), ("2", "second")):
        kept = folder / "earlier" / number
        assert (kept / "report.md").read_text() == attempt
        assert found(kept).message == attempt
        assert found(kept).folder == str(kept)
    assert set(unsettled(tmp_path)) == {folder / "earlier" / "1", folder / "earlier" / "2"}


def test_a_folder_without_an_attempt_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    cleared(tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
