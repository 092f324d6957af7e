"""The pages of `python -m memlab.ui` in a real browser."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from memlab import ui
from tests.end_to_end import browser

pytestmark = pytest.mark.xdist_group("ui")  # one worker: they share what is slow to make

RUNS = ("gray_scott seed 1", "hopfield seed 1")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of two small runs, logged in a process of its own as `python -m memlab` does."""
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
    wanted = (*RUNS, "Duration", "Columns", "matching runs")
    text = seen(link, wanted, tmp_path / "runs.png")
    assert [one for one in wanted if one not in text] == []


@pytest.mark.browser
@needs_chromium
def test_the_compare_link_opens_on_the_curves_of_all_runs(server, tmp_path):
    link = ui.links(server.address, "1", "after/pearson")["compare"]
    wanted = (*RUNS, "after/pearson", "energy/write", "Sort: after/pearson")
    text = seen(link, wanted, tmp_path / "compare.png", drawn=".js-plotly-plot .scatterlayer path")
    assert [one for one in wanted if one not in text] == []


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
