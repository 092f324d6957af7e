"""The MLflow pages of a store, on this machine only, with links that open where the results are."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

HOST = "127.0.0.1"
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
        body = json.dumps({"max_results": 100, "order_by": ["last_update_time DESC"]}).encode()
        request = Request(
            f"{self.address}/api/2.0/mlflow/experiments/search",
            data=body,
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=30) as answer:
            found = json.load(answer)["experiments"]
        return {one["experiment_id"]: one["name"] for one in found if one["name"] != "Default"}

    def last_words(self) -> str:
        """The end of what the server said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


@contextmanager
def served(store: Path, port: int) -> Iterator[Server]:
    """An MLflow server over a store, stopped with all its processes at the end."""
    if not store.is_file():
        raise Unavailable(
            f"there is no store at {store} yet; run `make demo` first, or name one with --store"
        )
    port = free_port(port)
    log = store.with_name("ui.log")
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
    command += ["--host", HOST, "--port", str(port), "--backend-store-uri", f"sqlite:///{store}"]
    with log.open("wb") as words:
        process = subprocess.Popen(
            command,
            cwd=store.parent,
            env=os.environ | QUIET,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, so that all of it can be stopped
        )
    try:
        yield Server(process, f"http://{HOST}:{port}", log)
    finally:
        stop(process)


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


def links(address: str, experiment: str, metric: str) -> dict[str, str]:
    """The pages of an experiment: its runs, newest first, and their curves, best first."""
    runs = f"{address}/#/experiments/{experiment}/runs?workflowType=machine_learning"
    order = f"orderByKey={quote(f'metrics.`{metric}`', safe='')}&orderByAsc=false"
    return {"runs": runs, "compare": f"{runs}&compareRunsMode=CHART&{order}"}


def directory(server: Server, metric: str) -> str:
    """All links as text."""
    lines = []
    for experiment, name in server.experiments().items():
        lines.append(f"\n{name}")
        pages = links(server.address, experiment, metric)
        lines += [f"  {page:8} {link}" for page, link in pages.items()]
    return "\n".join(lines) or "\nNo experiment yet: run `make demo`, then reload."


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m memlab.ui", description=__doc__)
    parser.add_argument(
        "--store",
        type=Path,
        default=Path("outputs/mlflow.db"),
        help="the SQLite file of the runs (default: %(default)s)",
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
        with served(asked.store.resolve(), asked.port) as server:
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
