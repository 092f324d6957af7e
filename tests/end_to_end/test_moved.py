"""Results that were moved, stores that were made anew, and what came later."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from memlab.record.journal import journal, mirror, owed
from memlab.record.mirror import amended, brought
from memlab.record.place import Place
from memlab.record.unsettled import unsettled
from tests.end_to_end.test_cli import memlab
from tests.end_to_end.unbrought import ended, journal_of, sqlite, told
from tests.faults.store import arrived, tracked

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def reused(root):
    """The place of a job that names a finished run of these results."""
    outputs = root / "outputs"
    return Place(outputs / "runs" / "again", root, outputs, (), {}, None)


def test_a_run_that_its_store_lacks_is_found_after_all_results_were_moved(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    where = ended(sqlite(old), old)
    run = journal_of(where)
    tags = run.record.tags | {"memlab.folder": str(where.folder)}
    replace(run, record=replace(run.record, tags=tags)).save(where.folder)
    shutil.move(old, new)
    tracking = sqlite(new)
    tracking.ready(new, new / "outputs")
    assert [one["status"] for one in arrived(tracking, new)] == ["FINISHED"]
    assert list(unsettled(new / "outputs")) == []
    assert not old.exists()


def test_a_store_made_anew_is_given_the_runs_that_are_reused(tmp_path):
    small = ("substrate=notebook", "protocol=single", "replicates=2", "sweep.figures=never")
    for _ in range(2):
        assert memlab(tmp_path, *small).returncode == 0
        with closing(sqlite3.connect(tmp_path / "outputs" / "mlflow.db")) as database:
            rows = database.execute("SELECT status FROM runs").fetchall()
        assert rows == [("FINISHED",)]
        for file in (tmp_path / "outputs").glob("mlflow.db*"):
            file.unlink()
    assert len(list((tmp_path / "outputs" / "runs").glob("*/session.npz"))) == 1


def test_a_run_whose_store_moved_along_is_in_it_once(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    assert tracked(sqlite(old), old, "run") == ""
    shutil.move(old, new)
    tracking, folder = sqlite(new), new / "outputs" / "runs" / "run"
    assert tracking.adopt(folder, reused(new)) == ""
    assert len(arrived(tracking, new)) == 1


def test_what_was_added_later_is_brought_as_well(tmp_path):
    tracking = sqlite(tmp_path)
    assert tracked(tracking, tmp_path, "run") == ""
    folder = tmp_path / "outputs" / "runs" / "run"
    (folder / "tables" / "late.csv").write_text("a,b")
    amended(tmp_path / "outputs", folder)
    assert owed(folder, journal(folder)) == [tracking.target(tmp_path)]
    assert told(tmp_path) == [("run", "")]
    (one,) = arrived(tracking, tmp_path)
    assert "tables/late.csv" in one["files"]
    assert mirror(folder, tracking.target(tmp_path)).whole


def test_nothing_is_brought_that_no_store_was_to_have(tmp_path):
    (tmp_path / "outputs" / "runs" / "a").mkdir(parents=True)
    amended(tmp_path / "outputs", tmp_path / "outputs" / "runs" / "a")
    assert list(brought(tmp_path / "outputs")) == []
