"""Kills a sweep with -9 again and again: whatever was finished is kept, and all of it gets done.

    python tests/faults/kill.py [--jobs 200] [--kills 10] [--seed 1]

The same command is started, killed at a random moment and started again; then every job must be
FINISHED, none computed again after it was, all measures those of a sweep nobody disturbed, and
nothing said to be running that is not. Exits with 1 where one of these does not hold.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
SWEEP = (
    "substrate=notebook",
    "protocol=single",
    "patterns.size=16",
    "replicates=2",
    "sweep.figures=never",
)


@final
@dataclass
class Watched:
    """What finished jobs said the first time they were seen finished."""

    folder: Path
    finished: dict[str, dict[str, Any]] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)  # jobs that were computed once more

    def look(self) -> None:
        """Read all outcomes."""
        for number, outcome in outcomes(self.folder).items():
            before = self.finished.get(number)
            if before is None:
                if outcome["status"] == "FINISHED":
                    self.finished[number] = outcome
            elif any(before[key] != outcome[key] for key in ("process", "seconds", "scalars")):
                self.again.append(number)


def outcomes(folder: Path) -> dict[str, dict[str, Any]]:
    """Every job's outcome, by its number."""
    files = folder.glob("outputs/sweeps/*/*/outcome.json")
    return {file.parent.name: json.loads(file.read_text()) for file in files}


def started(folder: Path, asked: argparse.Namespace) -> subprocess.Popen[bytes]:
    """The sweep, begun or continued."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [*SWEEP, f"seed=range({asked.jobs})", *asked.overrides]
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "memlab", "-m", *words],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )


def killed(folder: Path, asked: argparse.Namespace, share: float, draws: random.Random) -> float:
    """Start the sweep and kill it within its share of the jobs; the moment, in s."""
    began, before = time.monotonic(), done(folder)
    process = started(folder, asked)
    goal = min(before + draws.random() * 2 * share, asked.jobs - 1)
    while process.poll() is None and done(folder) < goal:
        time.sleep(0.05)
    time.sleep(draws.random() * 0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return time.monotonic() - began


def done(folder: Path) -> int:
    """How many jobs are finished."""
    return sum(outcome["status"] == "FINISHED" for outcome in outcomes(folder).values())


def measures(folder: Path) -> dict[str, str]:
    """What was measured in every job, as text that is equal for equal bits."""
    return {number: json.dumps(one["scalars"]) for number, one in outcomes(folder).items()}


def running(folder: Path) -> list[str]:
    """Whatever is said to be running, on disk and in the store."""
    from mlflow import MlflowClient

    files = folder.glob("outputs/**/outcome.json")
    here = [str(file) for file in files if json.loads(file.read_text())["status"] == "RUNNING"]
    client = MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db")
    experiments = [one.experiment_id for one in client.search_experiments()]
    runs = client.search_runs(experiments, "attributes.status = 'RUNNING'", max_results=1000)
    return here + [f"run {run.info.run_id}" for run in runs]


def tracked(folder: Path) -> int:
    """How many finished runs of jobs the store has."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db")
    experiments = [one.experiment_id for one in client.search_experiments()]
    runs = client.search_runs(experiments, "attributes.status = 'FINISHED'", max_results=10_000)
    return sum("memlab.kind" not in run.data.tags for run in runs)


def disturbed(folder: Path, asked: argparse.Namespace, screen: Console) -> Watched:
    """Kill the sweep as often as asked, then let it end."""
    draws, watched = random.Random(asked.seed), Watched(folder)
    for kill in range(asked.kills):
        seconds = killed(folder, asked, asked.jobs / asked.kills, draws)
        time.sleep(0.5)  # its worker ends
        watched.look()
        screen.print(f"kill {kill + 1} after {seconds:.1f} s, {done(folder)} jobs finished")
    started(folder, asked).wait()
    watched.look()
    return watched


def wrongly_kept(folder: Path) -> list[str]:
    """Attempts below ``earlier`` that were finished: those should have been reused."""
    files = folder.glob("outputs/sweeps/*/*/earlier/*/outcome.json")
    return [str(file) for file in files if json.loads(file.read_text())["status"] == "FINISHED"]


def main() -> None:
    """Run both sweeps and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("overrides", nargs="*", help="further words of the sweep's command line")
    asked, screen = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory(prefix="memlab-kill-") as scratch:
        folder, calm = Path(scratch, "killed"), Path(scratch, "calm")
        watched = disturbed(folder, asked, screen)
        started(calm, asked).wait()
        finished, missed = done(folder), running(folder)
        rows = [
            ("jobs finished", f"{finished} of {asked.jobs}", finished == asked.jobs),
            ("finished runs in the store", str(tracked(folder)), tracked(folder) == asked.jobs),
            ("computed again", str(len(watched.again)), not watched.again),
            ("finished, and set aside", str(len(wrongly_kept(folder))), not wrongly_kept(folder)),
            ("said to be running", str(len(missed)), not missed),
            ("same measures as undisturbed", "", measures(folder) == measures(calm)),
        ]
        if not all(row[-1] for row in rows):
            screen.print((folder / "log.txt").read_text()[-3000:], markup=False)
    table = Table("bar", "measured", "held", title=f"{asked.kills} kills -9, seed {asked.seed}")
    for name, value, held in rows:
        table.add_row(name, value, "yes" if held else "NO")
    screen.print(table)
    sys.exit(not all(row[-1] for row in rows))


if __name__ == "__main__":
    main()
