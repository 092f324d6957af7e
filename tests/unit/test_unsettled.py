"""Runs that are under way or not yet in their store, and attempts that were moved aside."""

from contextlib import suppress
from pathlib import Path

import pytest

from memlab.record.attempts import cleared
from memlab.record.outcome import Status, found
from memlab.record.process import Process, here
from memlab.record.unsettled import buried, opened, settled, unsettled
from tests.unit.outcomes import ended, outcome


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


@pytest.mark.parametrize("moved", range(5))
def test_an_attempt_is_moved_aside_whole_although_it_was_killed_meanwhile(
    tmp_path, monkeypatch, moved
):
    folder, rename = tmp_path / "0", Path.rename
    outcome(folder, Status.FINISHED, message="first")
    for name in ("session.npz", "report.md", "tracking.json"):
        (folder / name).write_text(name)
    opened(tmp_path, folder)
    done = []

    def killed(self, target):
        if len(done) == moved:
            raise KeyboardInterrupt
        done.append(rename(self, target))

    monkeypatch.setattr(Path, "rename", killed)
    with suppress(KeyboardInterrupt):
        cleared(folder, tmp_path)
    assert done == [] or not (folder / "session.npz").exists()  # nobody takes it for whole
    monkeypatch.undo()
    cleared(folder, tmp_path)
    names = {path.name for path in (folder / "earlier" / "1").iterdir()}
    assert names == {"outcome.json", "session.npz", "report.md", "tracking.json"}
    assert [path.name for path in folder.iterdir()] == ["earlier"]
    assert found(folder / "earlier" / "1").message == "first"
    assert list(unsettled(tmp_path)) == [folder / "earlier" / "1"]


def test_entries_move_with_the_results(tmp_path):
    outcome(tmp_path / "old" / "runs" / "a")
    opened(tmp_path / "old", tmp_path / "old" / "runs" / "a")
    (tmp_path / "old").rename(tmp_path / "new")
    assert list(unsettled(tmp_path / "new")) == [tmp_path / "new" / "runs" / "a"]
