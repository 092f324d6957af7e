"""The pages of `python -m memlab.ui` in a real browser."""

import asyncio
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from memlab import ui
from tests.end_to_end import browser

RUNS = ("gray_scott seed 1", "hopfield seed 1")
JOBS = ("swept seed 1", "swept seed 2")
SUMMARY = "summary of seeds"
SWEEP = "seeds_0123abcd"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of two runs and a sweep of two, logged in a process as `python -m memlab` does."""
    path = tmp_path_factory.mktemp("outputs") / "mlflow.db"
    log = f"""
import mlflow
mlflow.set_tracking_uri("sqlite:///{path}")
experiment = mlflow.create_experiment("memlab")
for name in {RUNS}:
    with mlflow.start_run(experiment_id=experiment, run_name=name):
        mlflow.log_param("substrate", name.split()[0])
        for step in range(5):
            mlflow.log_metrics({{"after/pearson": step / 5, "energy/write": -step}}, step=step)
swept = {{"memlab.sweep": "{SWEEP}"}}
for seed, name in enumerate({JOBS}):
    with mlflow.start_run(experiment_id=experiment, run_name=name, tags=swept):
        mlflow.log_metrics({{"recall/pearson": seed / 5, "interval/a/pearson": 0}})
for again in range(2):
    tags = swept | {{"memlab.kind": "summary"}}
    mlflow.start_run(experiment_id=experiment, run_name="{SUMMARY}", tags=tags)
    mlflow.end_run()
"""
    subprocess.run([sys.executable, "-c", log], check=True, cwd=path.parent)
    return path


@pytest.fixture(scope="module")
def server(store):
    with ui.served(store, port=0) as server:
        server.wait_until_up()
        yield server


def seen(link, wanted, picture, *, drawn="body"):
    """The text of a page once it shows what is wanted."""

    async def look():
        async with browser.browser(picture.parent / "profile") as page:
            await page.open(link)
            text = await page.text(wanted, drawn=drawn)
            await page.screenshot(picture)
            return text

    return asyncio.run(look())


needs_chromium = pytest.mark.skipif(browser.chromium() is None, reason="no Chromium on the PATH")


@pytest.mark.browser
@needs_chromium
def test_the_runs_link_opens_on_the_table_of_runs(server, tmp_path):
    link = ui.links(server.address, "1", "after/pearson")["runs"]
    wanted = (*RUNS, SUMMARY, "Duration", "Columns", "matching runs")
    text = seen(link, wanted, tmp_path / "runs.png")
    assert [one for one in wanted if one not in text] == []


@pytest.mark.browser
@needs_chromium
def test_the_compare_link_opens_on_the_curves_of_all_runs(server, tmp_path):
    link = ui.links(server.address, "1", "after/pearson")["compare"]
    wanted = (*RUNS, "after/pearson", "energy/write", "Sort: after/pearson")
    text = seen(link, wanted, tmp_path / "compare.png", drawn=".js-plotly-plot .scatterlayer path")
    assert [one for one in wanted if one not in text] == []


@pytest.mark.browser
@needs_chromium
def test_the_curves_of_an_experiment_leave_summaries_out(server, tmp_path):
    link = ui.links(server.address, "1", "after/pearson")["compare"]
    text = seen(link, (*RUNS, *JOBS), tmp_path / "all.png")
    assert all(one in text for one in JOBS)
    assert SUMMARY not in text


@pytest.mark.browser
@needs_chromium
def test_the_link_of_a_sweep_opens_on_the_curves_of_its_jobs_alone(server, tmp_path):
    link = ui.links(server.address, "1", "recall/pearson", ui.jobs_of(SWEEP))["compare"]
    assert link in ui.directory(server, "after/pearson")
    wanted = (*JOBS, "recall/pearson", "Sort: recall/pearson")
    text = seen(link, wanted, tmp_path / "sweep.png", drawn=".js-plotly-plot .barlayer path")
    assert [one for one in wanted if one not in text] == []
    assert [one for one in (*RUNS, SUMMARY) if one in text] == []


def test_a_sweep_that_was_continued_is_named_once(server):
    assert server.sweeps() == {SWEEP: "1"}
    assert ui.directory(server, "after/pearson").count(f"sweep {SWEEP}") == 1


def test_a_sweep_is_sorted_by_what_its_jobs_logged(server):
    assert server.measure("1", SWEEP, "after/pearson") == "recall/pearson"
    assert server.measure("1", SWEEP, "interval/a/pearson") == "interval/a/pearson"


def test_a_store_is_given_as_a_path_or_as_an_address(store):
    address = f"sqlite:///{store}"
    assert ui.located(str(store)) == ui.located(address) == address


def test_a_database_that_does_not_answer_is_refused_without_its_password():
    with pytest.raises(ui.Unavailable, match=r"me:\*\*\*@127.0.0.1:1/runs does not answer: Conn"):
        ui.located("postgresql://me:secret@127.0.0.1:1/runs")


def test_a_database_that_answers_is_served_as_it_is_named():
    with socket.create_server((ui.HOST, 0)) as database:
        address = f"postgresql://me@{ui.HOST}:{database.getsockname()[1]}/runs"
        assert ui.located(address) == address


def test_a_server_is_no_store_to_serve():
    with pytest.raises(ui.Unavailable, match="open it in a browser"):
        ui.located("http://localhost:5000")


def test_the_links_name_every_experiment_with_runs(server):
    assert server.experiments() == {"1": "memlab"}
    assert f"{server.address}/#/experiments/1/runs" in ui.directory(server, "after/pearson")


def test_the_server_listens_on_this_machine_only(server):
    assert server.address.startswith("http://127.0.0.1:")


def test_a_taken_port_is_replaced_by_a_free_one(server):
    taken = int(server.address.rsplit(":", 1)[1])
    assert ui.free_port(taken) != taken


def test_a_missing_store_is_refused_with_what_to_do(tmp_path):
    with (
        pytest.raises(ui.Unavailable, match="run `make demo` first"),
        ui.served(tmp_path / "no.db", 0),
    ):
        pass


def test_a_file_that_is_no_store_is_refused_with_what_the_server_said(tmp_path):
    store = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(store)) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('from the future')")
        database.commit()
    with ui.served(store, port=0) as server, pytest.raises(ui.Unavailable, match="did not start"):
        server.wait_until_up()
