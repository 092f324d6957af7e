"""Stores as a user names them: away, of a wrong kind, with a password, taken up late."""

import os
import signal
import sqlite3
import stat
import threading
import time
from dataclasses import replace
from importlib import util
from pathlib import Path

import pytest

from memlab.record import address
from memlab.record.address import check, driven, shown
from memlab.record.curves import Curves
from memlab.record.entries import linked, loads, tags
from memlab.record.journal import JOURNAL, Ended, Point, Record, journal, note, noted
from memlab.record.mirror import brought
from memlab.record.outcome import Outcome, Status, found
from memlab.record.place import Place
from memlab.record.process import here
from memlab.record.store import connected, why
from memlab.record.tracking import Mlflow, Untracked
from memlab.runner import Progress
from memlab.substrate import Meter
from tests.end_to_end.commands import TINY
from tests.end_to_end.test_cli import memlab
from tests.faults.postgres import SECRET, free_port, postgres, usable

# MLflow's own use of SQLAlchemy is deprecated there; nothing of ours is.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def place(root, name="run"):
    folder = root / "outputs" / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    return Place(folder, root, root / "outputs", (), {}, None)


def sqlite(root):
    store = Mlflow(f"sqlite:///{root}/mlflow.db", str(root / "artifacts"), system_metrics=False)
    return replace(store, interval=0.05)


def held(store, root):
    """The client of a store and all its runs."""
    known = connected(store.target(root))
    return known.client, known.client.search_runs([known.experiment])


@pytest.mark.parametrize("kind", ["http://127.0.0.1", f"postgresql://me:{SECRET}@127.0.0.1"])
def test_a_store_that_is_away_is_refused_by_its_address_soon_and_before_physics(tmp_path, kind):
    port, began = free_port(), time.monotonic()
    result = memlab(tmp_path, *TINY, f"tracking.uri={kind}:{port}/runs")
    assert time.monotonic() - began < 30  # 5 s on a quiet machine
    assert result.returncode == 2
    assert f"127.0.0.1:{port}/runs does not answer (Connection refused)" in result.stderr
    assert SECRET not in result.stderr + result.stdout
    assert not list(tmp_path.glob("outputs/**/session.npz"))


def test_a_sweep_whose_store_is_away_is_refused_before_any_job(tmp_path):
    result = memlab(
        tmp_path, "-m", *TINY, f"tracking.uri=http://127.0.0.1:{free_port()}", "seed=1,2"
    )
    assert result.returncode == 2
    assert "does not answer (Connection refused)" in result.stderr
    assert not list(tmp_path.glob("outputs/**/outcome.json"))


def test_a_run_that_was_not_tracked_is_later_without_being_computed_again(tmp_path):
    assert memlab(tmp_path, *TINY, "tracking=none").returncode == 0
    (folder,) = tmp_path.glob("outputs/runs/*")
    before = found(folder)
    again = memlab(tmp_path, *TINY, f"tracking.uri=sqlite:///{tmp_path}/mlflow.db")
    assert again.returncode == 0, again.stderr
    assert "Computed before" in again.stdout
    assert found(folder) == before
    client, (run,) = held(sqlite(tmp_path), tmp_path)
    assert (run.info.status, run.data.tags["memlab.folder"]) == ("FINISHED", str(folder))
    points = [(point.name, point.step, point.value) for point, _ in noted(folder, 0).points]
    names = {name for name, *_ in points}
    told = [one for name in names for one in client.get_metric_history(run.info.run_id, name)]
    assert sorted((one.key, one.step, one.value) for one in told) == sorted(points) != []


@pytest.mark.slow
@pytest.mark.skipif(not usable(), reason="no Postgres here")
def test_a_run_in_postgres_is_whole_and_its_password_is_nowhere(tmp_path):
    with postgres() as uri:
        result = memlab(tmp_path, *TINY, f"tracking.uri={uri}")
        assert result.returncode == 0, result.stderr
        client, (run,) = held(Mlflow(uri, str(tmp_path / "outputs/artifacts")), tmp_path)
        assert run.info.status == "FINISHED"
        assert "tables" in {one.path for one in client.list_artifacts(run.info.run_id)}
    copies = [path for path in (tmp_path / "outputs/artifacts").rglob("*") if path.is_file()]
    assert "config.yaml" in {path.name for path in copies}
    assert not [path for path in copies if SECRET.encode() in path.read_bytes()]
    assert SECRET not in result.stdout + result.stderr + str(run.data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:pa/ss@host/db", "postgresql://me:***@host/db"),
        (
            "postgresql://host/db?user=me&password=pw&x=1",
            "postgresql://host/db?user=me&password=***&x=1",
        ),
        ('{"uri": "http://me:pw@host", "to": "a@b"}', '{"uri": "http://me:***@host", "to": "a@b"}'),
        ("http://localhost:5000 and me@home", "http://localhost:5000 and me@home"),
        ("sqlite:////data/a@b.db", "sqlite:////data/a@b.db"),
    ],
)
def test_passwords_in_addresses_are_left_out_and_nothing_else(text, expected):
    assert shown(text) == expected


@pytest.mark.parametrize("uri", ["postgres://me:pw@host/db", "postgresql://me:pw/x@host/db"])
def test_an_address_that_is_refused_does_not_show_its_password(uri):
    with pytest.raises(ValueError, match=r"me:\*\*\*@host") as caught:
        check(uri)
    assert "pw" not in str(caught.value)


def test_the_cause_of_a_failure_does_not_show_a_password():
    assert why(RuntimeError("no http://me:pw@host")) == "RuntimeError: no http://me:***@host"


def test_a_store_whose_package_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.setattr(address, "find_spec", lambda _: None)
    with pytest.raises(OSError, match=r'package psycopg: pip install "memlab\[postgres\]"'):
        driven("postgresql://me@host/db")
    driven("sqlite:////data/mlflow.db")


def test_postgres_as_it_is_typed_finds_its_package():
    from sqlalchemy import create_engine

    assert util.find_spec(create_engine("postgresql://me@host/db").driver) is not None


def test_only_the_user_may_read_what_holds_the_address_of_a_store(tmp_path):
    where = place(tmp_path)
    Untracked().begin(Record("a run", {}, {}), Progress(), where).finish(Ended(Status.FINISHED))
    assert stat.S_IMODE((where.folder / JOURNAL).stat().st_mode) == 0o600


def test_files_go_to_a_store_without_passwords_and_stay_as_they_are(tmp_path):
    folder, copies = tmp_path / "run", tmp_path / "copies"
    folder.mkdir()
    (folder / "config.yaml").write_text("uri: postgresql://me:pw@host/db")
    (folder / "note.md").write_text("nothing in it")
    linked(folder, copies, os.symlink)
    assert (copies / "config.yaml").read_text() == "uri: postgresql://me:***@host/db"
    assert (copies / "note.md").is_symlink()
    assert "pw" in (folder / "config.yaml").read_text()


def test_a_trace_goes_to_a_store_without_passwords():
    (tag,) = tags({"memlab.trace": "open('http://me:pw@host')"})
    assert tag.value == "open('http://me:***@host')"


def test_a_database_of_something_else_is_refused_and_kept(tmp_path):
    file = tmp_path / "mlflow.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE studies (id)")
    before = file.read_bytes()
    with pytest.raises(ValueError, match="database of something else, with the tables studies"):
        sqlite(tmp_path).ready(tmp_path, tmp_path / "outputs")
    assert file.read_bytes() == before


def test_a_curve_that_is_just_being_begun_is_no_reason_to_stop_following():
    progress, meter = Progress(total=1), Meter()
    progress.begin("idle · before", meter)
    meter.points["mass"] = []
    assert Curves(progress).fresh() == []


def test_a_line_that_a_power_cut_spoilt_costs_that_line_alone(tmp_path):
    note(tmp_path, [Point("mass", 0, 1.0)])
    with (tmp_path / "curves.jsonl").open("ab") as file:
        file.write(bytes(40) + b"\n")
    note(tmp_path, [Point("mass", 2, 3.0)])
    assert [point.step for point, _ in noted(tmp_path, 0).points] == [0, 2]


def test_a_machine_whose_load_cannot_be_measured_costs_no_curve():
    class Broken:
        def collect_metrics(self):
            raise RuntimeError("the driver is gone")

    assert loads(Broken(), 0) == []


def test_a_run_of_very_many_parameters_arrives_with_all_of_them(tmp_path):
    given = {f"key {number}": str(number) for number in range(250)}
    store = sqlite(tmp_path)
    run = store.begin(Record("a run", given, {}), Progress(), place(tmp_path))
    assert run.finish(Ended(Status.FINISHED)) == ""
    assert held(store, tmp_path)[1][0].data.params == given


def test_a_finished_run_stays_finished_if_somebody_stops_waiting_for_its_store(tmp_path):
    store = replace(sqlite(tmp_path), uri=f"http://127.0.0.1:{free_port()}")
    run = store.begin(Record("a run", {}, {}), Progress(), place(tmp_path))
    ctrl_c = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    ctrl_c.start()
    assert "was not waited for (interrupted)" in run.finish(Ended(Status.FINISHED))
    assert journal(place(tmp_path).folder).ended.status is Status.FINISHED
    run.thread.join(30)


def test_what_was_finished_but_not_closed_is_adopted_whole(tmp_path):
    """Its process was killed between the last result and the last word to the store."""
    where, store = place(tmp_path), sqlite(tmp_path)
    run = Untracked().begin(Record("a run", {}, {}), Progress(), where)
    Outcome(Status.FINISHED, str(where.folder), (), process=here(), scalars={"a/b": 1.0}).save()
    assert store.adopt(where.folder, where) == ""
    (kept,) = held(store, tmp_path)[1]
    assert (kept.info.status, kept.data.metrics) == ("FINISHED", {"a/b": 1.0})
    assert run.pen.folder == where.folder


def test_an_attempt_that_begins_while_another_is_brought_is_not_overwritten(tmp_path, monkeypatch):
    """What is to be brought is looked at again once nobody else is at it."""
    where = place(tmp_path)
    run = Untracked().begin(Record("a run", {}, {}), Progress(), where)
    seen = []

    def computing(folder: Path):
        seen.append(folder)
        return None if len(seen) == 1 else here()

    monkeypatch.setattr("memlab.record.mirror.computing", computing)
    before = (where.folder / JOURNAL).read_bytes()
    assert list(brought(where.outputs)) == []
    assert (where.folder / JOURNAL).read_bytes() == before
    assert run.finish(Ended(Status.FINISHED)) == ""
