"""What a sweep costs beside its physics, and what a second worker gains.

    python scripts/bench_sweeps.py [--short 42] [--long 8] [--seconds 5]

Both are read from the times of the jobs' files, so that what a command costs once (imports, the
store, the summary) is left out. Exits with 1 where a bar is missed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from memlab.app.assembly import planned
from memlab.app.composer import plain
from memlab.app.schema import checked
from memlab.cli import conf_dir
from memlab.record.outcome import OUTCOME
from memlab.record.place import LOG
from memlab.runner import Progress, execute

FIRST = "config.yaml"  # of a job's files
ROOT = Path(__file__).resolve().parents[1]
OVERHEAD = 0.150  # s per short job
GAIN = 1.8  # of two workers over one process
LOGGING = 0.03  # of the time of a default run
TOOK = re.compile(r"tracking took ([0-9.]+) s")
COLD = 3  # short jobs until a worker has imported all it needs
SHORT = ("substrate=notebook", "protocol=single", "replicates=2", "sweep.figures=never")
LONG = ("substrate=gray_scott", "protocol=single", "replicates=4", "sweep.figures=never")
BARE = ("tracking=none", "threads=1")  # the gain is that of processes, not of threads
WRITE = "substrate.write_steps"


def timed(words: Sequence[str], jobs: int) -> tuple[list[float], list[float]]:
    """When the jobs of a fresh sweep over that many seeds began and ended, in s, sorted."""
    with tempfile.TemporaryDirectory(prefix="memlab-bench-") as folder:
        subprocess.run(
            [sys.executable, "-m", "memlab", "-m", *words, f"seed=range({jobs})"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        files = [Path(folder).glob(f"outputs/sweeps/*/*/{name}") for name in (FIRST, OUTCOME)]
        began, ended = (sorted(file.stat().st_mtime for file in some) for some in files)
        return began, ended


def physics(words: Sequence[str], times: int) -> float:
    """How long the same job computes in a warm process with one thread, in s: the median."""
    return sorted(each(words, times))[times // 2]


def spent(words: Sequence[str], times: int) -> float:
    """How long so many of the same job compute in a warm process with one thread, in s."""
    return sum(each(words, times + 1)[1:])


def each(words: Sequence[str], times: int) -> list[float]:
    """How long a job computes with one thread, time after time, in s."""
    torch.set_num_threads(1)
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        settings = checked(plain(compose("config", overrides=list(words))))
    found = []
    for _ in range(times):
        plan = planned(settings, "single")
        began = time.perf_counter()
        execute(plan, Progress())
        found.append(time.perf_counter() - began)
    return found


def warm(words: Sequence[str], jobs: int) -> float:
    """What one more job adds to a sweep that runs one after the other, in s."""
    _, ended = timed(words, jobs)
    return (ended[-1] - ended[COLD - 1]) / (jobs - COLD)


def span(words: Sequence[str], jobs: int) -> float:
    """From the begin of the first job to the end of the last, in s."""
    began, ended = timed(words, jobs)
    return ended[-1] - began[0]


def steps_for(seconds: float) -> int:
    """The steps of writing that make a job compute so long."""
    trial = 2000
    return round(trial * 1.1 * seconds / physics([*LONG, *BARE, f"{WRITE}={trial}"], 3))


def bare(words: Sequence[str], times: int, processes: int) -> float:
    """How long as many processes, without memlab's sweeps, need for so many jobs each, in s."""
    code = f"from scripts.bench_sweeps import spent; print(spent({list(words)!r}, {times}))"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    return max(float(process.communicate()[0]) for process in started)


def logging(runs: int) -> tuple[float, float]:
    """What tracking costs a default run whose store is there already: its own s, and the run's."""
    with tempfile.TemporaryDirectory(prefix="memlab-bench-") as folder:
        for seed in range(runs + 1):  # the first one makes the store
            subprocess.run(
                [sys.executable, "-m", "memlab", f"seed={seed}"],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )
        _, *kept = sorted(Path(folder).glob("outputs/runs/*"))
        took = [float(TOOK.findall((run / LOG).read_text())[-1]) for run in kept]
        whole = [float(json.loads((run / OUTCOME).read_text())["seconds"]) for run in kept]
    return sum(took) / runs, sum(whole) / runs


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", type=int, default=42, help="short jobs")
    parser.add_argument("--long", type=int, default=8, help="long jobs")
    parser.add_argument("--seconds", type=float, default=5.0, help="of a long job")
    asked = parser.parse_args()
    table = Table("bench", "measured", "bar", "held")

    computed, added = physics(SHORT, 9), warm([*SHORT, "hydra/launcher=solo"], asked.short)
    cost = added - computed
    told = f"{cost * 1e3:.0f} ms ({added * 1e3:.0f} ms, physics {computed * 1e3:.0f} ms)"
    table.add_row("overhead per short job", told, "at most 150 ms", str(cost <= OVERHEAD))

    words = [*LONG, *BARE, f"{WRITE}={steps_for(asked.seconds)}"]
    alone = span([*words, "hydra/launcher=basic"], asked.long)
    two = span([*words, "hydra/launcher=pool", "hydra.launcher.n_jobs=2"], asked.long)
    told = f"{alone / two:.2f} ({alone:.1f} s and {two:.1f} s, {asked.long} jobs)"
    table.add_row("two workers against basic", told, f"at least {GAIN}", str(alone / two >= GAIN))

    one, both = (bare(words, asked.long // 2, count) for count in (1, 2))
    told = f"{2 * one / both:.2f} ({asked.long // 2} jobs each)"
    table.add_row("two bare processes against one", told, "what the machine gives", "")

    took, whole = logging(3)
    told = f"{took / whole:.1%} ({took:.2f} s of processor time in {whole:.1f} s)"
    table.add_row("logging of a default run", told, "at most 3 %", str(took <= LOGGING * whole))

    Console().print(table)
    Console().print(f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores")
    sys.exit(cost > OVERHEAD or alone / two < GAIN or took > LOGGING * whole)


if __name__ == "__main__":
    main()
