"""Many writers, cold stores and stores that go away: ``python -m tests.faults.store`` prints how
many runs arrived whole. Its parts are used by the tests.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import torch
from rich.console import Console
from rich.table import Table

from memlab.app.task import Place
from memlab.record.journal import Ended, Record
from memlab.record.outcome import Status
from memlab.record.store import connected
from memlab.record.tracking import Mlflow
from memlab.runner import Progress
from memlab.substrate import Meter
from tests.faults.postgres import free_port, postgres, usable

ROOT = Path(__file__).resolve().parents[2]
CURVES, STEPS, SCALARS, PARAMS = 5, 20, 60, 30
CHUNK = 65_536


# --- runs without physics ----------------------------------------------------------------------


def acts(count: int) -> Progress:
    """The progress of a run that has done so many acts."""
    progress = Progress(total=count)
    for act in range(count):
        meter = Meter()
        progress.begin(f"idle · acquire · {act}", meter)
        for step in range(STEPS):
            for curve in range(CURVES):
                meter.add(f"curve {curve}", step, torch.tensor([float(step + act), step + 1.0]))
        progress.end()
    return progress


def place(root: Path, name: str) -> Place:
    """Where a run with some files belongs."""
    folder = root / "outputs" / "runs" / name
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "tables" / "measures.csv").write_text("measure,mean\nrecall,0.5\n")
    (folder / "report.md").write_text("a report\n")
    (folder / "checkpoint.npz").write_text("not for the store")
    (folder / ".hidden").write_text("neither")
    return Place(folder, root, root / "outputs", (), {}, None)


def record(name: str) -> Record:
    """What identifies a run."""
    return Record(name, {f"param {n}": str(n) for n in range(PARAMS)}, {"memlab.folder": name})


def last() -> Ended:
    """How a run ends."""
    metrics = {f"after/measure {n}": n / 7 for n in range(SCALARS)}
    return Ended(Status.FINISHED, metrics, {"memlab.claim.one": "holds"})


def tracked(store: Mlflow, root: Path, name: str) -> str:
    """A whole run; why the store has not taken it, empty if it has."""
    return store.begin(record(name), acts(2), place(root, name)).finish(last())


def store(uri: str, root: Path, **settings: float) -> Mlflow:
    """A store that is looked at often."""
    return Mlflow(uri, str(root / "outputs" / "artifacts"), interval=0.05, **settings)


def arrived(tracking: Mlflow, root: Path) -> list[dict[str, object]]:
    """All that a store holds of every run, without what differs between equal runs."""
    found = connected(tracking.target(root))
    runs = found.client.search_runs([found.experiment], max_results=1000)
    return [content(found.client, run) for run in sorted(runs, key=lambda run: run.info.run_name)]


def content(client: object, run: object) -> dict[str, object]:
    """A run as the store holds it: status, parameters, tags, curves and files."""
    ident = run.info.run_id
    curves = {
        name: sorted((one.step, one.value) for one in client.get_metric_history(ident, name))
        for name in run.data.metrics
        if not name.startswith("system/")
    }
    ours = {name: value for name, value in run.data.tags.items() if name.startswith("memlab.claim")}
    names = [one.path for one in client.list_artifacts(ident)]
    return {
        "status": run.info.status,
        "params": dict(run.data.params),
        "tags": ours,
        "curves": curves,
        "files": sorted([*names, *(one.path for one in client.list_artifacts(ident, "tables"))]),
    }


# --- stores ------------------------------------------------------------------------------------


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of an MLflow server of its own, which takes the files too."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{root}/served.db"]
    command += ["--artifacts-destination", (root / "served").as_uri()]
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "64",
    }
    with (root / "server.log").open("wb") as words:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | quiet,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    try:
        answering(f"{address}/health", process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answering(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Return once a server answers."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError):
            urlopen(address, timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"no server at {address}")


class Gate:
    """A way to a server that can be shut: connections are cut and new ones refused."""

    def __init__(self, port: int) -> None:
        self.behind = port
        self.port = free_port()
        self.pairs: list[socket.socket] = []
        self.listener: socket.socket | None = None
        self.open()

    def open(self) -> None:
        """Let everything through."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._welcome, args=(self.listener,), daemon=True).start()

    def shut(self) -> None:
        """Cut everything off."""
        for one in [self.listener, *self.pairs]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.pairs = []

    def _welcome(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.behind))
                self.pairs += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=(one, other), daemon=True).start()


def carry(source: socket.socket, sink: socket.socket) -> None:
    """Pass on all bytes until one side ends."""
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


# --- many writers ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """How a number of writers fared."""

    what: str
    workers: int
    runs: int
    whole: int
    seconds: float


def raced(what: str, uri: str, root: Path, workers: int, runs: int) -> Row:
    """Runs by many processes at once in a store that does not exist yet."""
    began = time.monotonic()
    share = runs // workers
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.faults.store",
                "--worker",
                uri,
                str(root),
                str(number),
                str(share),
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        for number in range(workers)
    ]
    for process in processes:
        process.wait()
    seconds = time.monotonic() - began
    held = arrived(store(uri, root), root)
    points = {STEPS * 2}
    whole = [
        one
        for one in held
        if one["status"] == "FINISHED"
        and len(one["params"]) == PARAMS
        and len(one["curves"]) == SCALARS + CURVES
        and {len(row) for name, row in one["curves"].items() if "curve" in name} == points
        and "tables/measures.csv" in one["files"]
    ]
    return Row(what, workers, runs, len(whole), seconds)


def work(uri: str, root: Path, number: int, share: int) -> None:
    """Some runs, one after the other."""
    for index in range(share):
        reason = tracked(store(uri, root), root, f"{number:02}-{index}")
        if reason:
            sys.stderr.write(f"{reason}\n")


def bars(scratch: Path) -> list[Row]:
    """Every bar on every kind of store there is here."""
    rows = []
    for workers, runs in ((8, 8), (32, 64)):
        root = scratch / f"sqlite{workers}"
        root.mkdir()
        uri = f"sqlite:///{root}/outputs/mlflow.db"
        rows.append(raced("SQLite, cold", uri, root, workers, runs))
        if usable():
            root = scratch / f"postgres{workers}"
            root.mkdir()
            with postgres() as uri:
                rows.append(raced("Postgres, cold", uri, root, workers, runs))
        root = scratch / f"server{workers}"
        root.mkdir()
        with served(root) as uri:
            rows.append(raced("server", uri, root, workers, runs))
    return rows


def main() -> None:
    """Run the bars, or be one of the workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=4, metavar=("URI", "ROOT", "NUMBER", "RUNS"))
    asked = parser.parse_args()
    if asked.worker:
        uri, root, number, share = asked.worker
        work(uri, Path(root), int(number), int(share))
        return
    with tempfile.TemporaryDirectory(prefix="memlab_store_") as scratch:
        rows = bars(Path(scratch))
    table = Table("store", "workers", "runs", "arrived whole", "seconds")
    for row in rows:
        table.add_row(
            row.what, str(row.workers), str(row.runs), str(row.whole), f"{row.seconds:.0f}"
        )
    Console().print(table)
    sys.exit(any(row.whole < row.runs for row in rows))


if __name__ == "__main__":
    main()
