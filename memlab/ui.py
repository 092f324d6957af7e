"""The MLflow pages of a store, on this machine only, with links that open where the results are."""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from memlab.app.options import add_outputs
from memlab.record.address import SQLITE, shown
from memlab.record.store import reach, why

HOST = "127.0.0.1"
SWEEPS = 5  # the last ones have a link
LOOK_BACK = 50  # summaries among which they are looked for: a sweep that is continued leaves more
JOBS = "tags.`memlab.kind` IS NULL"
SUMMARY = "tags.`memlab.kind` = 'summary'"
LIKE = re.compile("(?!claim|control|interval|system)[^/]+/[^/]+")  # scalars of an arm
PATIENCE = 120.0  # s until the server must answer; 5 s on a quiet machine, 45 s on a busy one
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONWARNINGS": "ignore",
}


class Unavailable(Exception):
    """The pages cannot be shown, and what to do about it."""


@final
@dataclass(frozen=True)
class Server:
    """An MLflow server that has been started."""

    process: "subprocess.Popen[bytes]"
    address: str
    log: Path

    def wait_until_up(self) -> None:
        """Return once the server answers; raises Unavailable if it never does."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise Unavailable(f"the MLflow server did not start:\n{self.last_words()}")
            try:
                urlopen(f"{self.address}/health", timeout=5).close()
            except (URLError, OSError):
                time.sleep(0.2)
            else:
                return
        raise Unavailable(f"the MLflow server gave no answer in {PATIENCE:.0f} s; see {self.log}")

    def experiments(self) -> dict[str, str]:
        """The experiments of the store, id → name, the last changed first."""
        body = {"max_results": 100, "order_by": ["last_update_time DESC"]}
        found = self.asked("experiments", body)
        return {one["experiment_id"]: one["name"] for one in found if one["name"] != "Default"}

    def sweeps(self) -> dict[str, str]:
        """The sweeps that came to their end last, name → id of the experiment, the newest first."""
        order = ["attributes.start_time DESC"]
        body = {
            "experiment_ids": list(self.experiments()),
            "filter": SUMMARY,
            "order_by": order,
            "max_results": LOOK_BACK,
        }
        found: dict[str, str] = {}
        for run in self.asked("runs", body):
            tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
            found.setdefault(tags["memlab.sweep"], run["info"]["experiment_id"])
        return dict(list(found.items())[:SWEEPS])

    def measure(self, experiment: str, sweep: str, wanted: str) -> str:
        """The metric to sort a sweep by: the one that is wanted, or one like it that was logged."""
        body = {"experiment_ids": [experiment], "filter": jobs_of(sweep), "max_results": 1}
        runs = self.asked("runs", body)
        logged = [one["key"] for run in runs for one in run["data"].get("metrics", [])]
        kind = wanted.rpartition("/")[2]
        like = [name for name in sorted(logged) if LIKE.fullmatch(name) and name.endswith(kind)]
        return wanted if wanted in logged or not like else like[0]

    def asked(self, what: str, body: Mapping[str, object]) -> list[dict[str, Any]]:
        """What the server finds in answer to a search for experiments or runs."""
        request = Request(
            f"{self.address}/api/2.0/mlflow/{what}/search",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=30) as answer:
            return list(json.load(answer).get(what, []))

    def last_words(self) -> str:
        """The end of what the server said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


@contextmanager
def served(store: str | Path, port: int) -> Iterator[Server]:
    """An MLflow server over a store, stopped with all its processes at the end."""
    uri, port = located(str(store)), free_port(port)
    log = log_of(uri)
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
    command += ["--host", HOST, "--port", str(port)]
    with log.open("wb") as words:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env=os.environ | QUIET | {"MLFLOW_BACKEND_STORE_URI": uri},  # may hold a password
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, so that all of it can be stopped
        )
    try:
        yield Server(process, f"http://{HOST}:{port}", log)
    finally:
        stop(process)


def located(store: str) -> str:
    """The address of a store given as a path or as an address; Unavailable if there is none."""
    if store.startswith(("http://", "https://")):
        raise Unavailable(f"{store} is a server with pages of its own; open it in a browser")
    if "://" in store and not store.startswith(SQLITE):
        try:
            reach(store)
        except OSError as error:
            raise Unavailable(f"the store {shown(store)} does not answer: {why(error)}") from error
        return store
    path = Path(store.removeprefix(SQLITE)).resolve()
    if not path.is_file():
        raise Unavailable(
            f"there is no store at {path} yet; run `make demo` first, or name one with --store"
        )
    return f"{SQLITE}{path}"


def log_of(uri: str) -> Path:
    """Where a server writes what it says: beside a file, else among the temporary files."""
    if uri.startswith(SQLITE):
        return Path(uri.removeprefix(SQLITE)).with_name("ui.log")
    return Path(tempfile.gettempdir(), f"memlab-ui-{os.getpid()}.log")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process and those it started: asked first, forced after ten seconds."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
    except ProcessLookupError:
        return
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port(wanted: int) -> int:
    """The port itself if nobody listens there, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unavailable(f"no port is free on {HOST}")


def links(address: str, experiment: str, metric: str, only: str = JOBS) -> dict[str, str]:
    """The pages of an experiment: its runs, newest first, and their curves, best first.

    Compared are ``only`` those that fit a filter; the summaries of sweeps have no curves.
    """
    runs = f"{address}/#/experiments/{experiment}/runs?workflowType=machine_learning"
    some = f"searchFilter={quote(only, safe='')}"
    order = f"orderByKey={quote(f'metrics.`{metric}`', safe='')}&orderByAsc=false"
    return {"runs": runs, "compare": f"{runs}&compareRunsMode=CHART&{order}&{some}"}


def jobs_of(sweep: str) -> str:
    """A filter that the jobs of a sweep fit."""
    return f"tags.`memlab.sweep` = '{sweep}' AND {JOBS}"


def directory(server: Server, metric: str) -> str:
    """All links as text."""
    lines = []
    for experiment, name in server.experiments().items():
        lines.append(f"\n{name}")
        pages = links(server.address, experiment, metric)
        lines += [f"  {page:8} {link}" for page, link in pages.items()]
    for sweep, experiment in server.sweeps().items():
        best = server.measure(experiment, sweep, metric)
        pages = links(server.address, experiment, best, jobs_of(sweep))
        lines += [f"\nsweep {sweep}", f"  compare  {pages['compare']}"]
    return "\n".join(lines) or "\nNo experiment yet: run `make demo`, then reload."


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m memlab.ui", description=__doc__)
    add_outputs(parser)
    parser.add_argument(
        "--store",
        metavar="PATH or URI",
        help="a SQLite file, or an address such as postgresql://user@host/name "
        "(default: mlflow.db in the folder of all results)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=5000,
        help="preferred port; a free one if it is taken (default: %(default)s)",
    )
    parser.add_argument(
        "--sort",
        default="after/pearson",
        metavar="METRIC",
        help="the metric the compared runs are sorted by (default: %(default)s)",
    )
    return parser.parse_args()


def main() -> None:
    """Serve until Ctrl-C."""
    asked = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with served(asked.store or asked.outputs / "mlflow.db", asked.port) as server:
            print(f"Starting MLflow at {server.address} …", flush=True)
            server.wait_until_up()
            print(directory(server, asked.sort))
            print(
                "\nThe assistant panel opens once per browser: close it. Ctrl-C ends.", flush=True
            )
            server.process.wait()
            raise Unavailable(f"the MLflow server ended by itself:\n{server.last_words()}")
    except KeyboardInterrupt:
        print("\nStopped.")
    except Unavailable as problem:
        sys.exit(f"memlab.ui: {problem}")


if __name__ == "__main__":
    main()
