"""How fast memlab is: the native step against torch and numba, and whole runs.

Steps are measured on one thread, in the thread's own time, unless a row says otherwise. Ratios are
medians over interleaved rounds of one process, so a drifting machine moves both sides.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from build_native import FLAGS, HEADER, KERNELS, ROOT, compiler, openmp_flags
from rich.console import Console
from rich.table import Table
from rivals import KINETICS, Field, convolution_steps, padded_runner, stencil_runner
from torch import Tensor

from memlab import native
from memlab.reaction_diffusion import REFERENCE, ScarRule

ISAS = {"avx512": ["-march=x86-64-v4"], "avx2": ["-march=x86-64-v3"], "sse2": []}


class Row(NamedTuple):
    """One line of the table; without a bar nothing is claimed."""

    what: str
    size: str
    rate: float  # million cell steps / second
    ratio: float | None = None
    bar: float | None = None
    met: bool | None = None


def spots(replicates: int, n: int) -> Tensor:
    """Four discs of 0.8 on nothing, scaled to the grid, (R, n, n)."""
    y, x = np.ogrid[:n, :n]
    centres = [(n // 4 + i * n // 2, n // 4 + j * n // 2) for i in (0, 1) for j in (0, 1)]
    lit = sum(((x - cx) ** 2 + (y - cy) ** 2 < (15 * n / 256) ** 2) for cx, cy in centres)
    return torch.tensor(0.8 * lit, dtype=torch.float32).expand(replicates, n, n).contiguous()


def field(replicates: int, n: int) -> Field:
    """An unscarred medium on which the spots are about to be learned."""
    target = spots(replicates, n)
    noise = torch.from_numpy(np.random.default_rng(0).random(target.shape, dtype=np.float32))
    v = (0.3 * target + 0.2 * noise)[:, None].contiguous()
    feed, kill = torch.full_like(target, 0.037), torch.full_like(target, 0.060)
    return Field(torch.ones_like(v), v, feed, kill, target)


def lit_field(n: int) -> Field:
    """A medium that stays lit: torch and numba would lose much time on a v that dies away."""
    f = field(1, n)
    f.feed.fill_(0.08)
    f.kill.fill_(0.03)
    return f._replace(v=f.v + 0.4)


def trainer(f: Field, rule: ScarRule) -> Callable[[int], Tensor]:
    """Training with the gate open, from unscarred feed and kill on every call."""
    salience = torch.ones(len(f.u))
    fields = (f.u[:, 0], f.v[:, 0], f.feed, f.kill, f.target)
    return lambda steps: native.train(KINETICS, rule, steps, *fields, salience, threads=1)


class Timed(NamedTuple):
    """Something to time: what it does in `steps` steps of `cells` cells."""

    run: Callable[[int], Any]
    steps: int
    cells: int


def rates(
    contestants: dict[str, Timed], repeats: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Million cell steps per second of each, measured in turn; the first round only warms up."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for repeat in range(repeats + 1):
        for name, (run, steps, cells) in contestants.items():
            start = clock()
            run(steps)
            if repeat:
                found[name].append(steps * cells / (clock() - start) / 1e6)
    return found


def median_ratio(fast: list[float], slow: list[float]) -> float:
    """Median over the rounds of how many times faster the first is."""
    return statistics.median(a / b for a, b in zip(fast, slow, strict=True))


def step_rows(n: int, repeats: int, bars: dict[str, float]) -> list[Row]:
    """The bare step against the others on n x n."""
    cells, size = n * n, f"{n}x{n}"
    budget = max(1, 2**22 // cells)  # steps of the slower contestants
    convolved, rolled, own = lit_field(n), lit_field(n), lit_field(n)

    def ours(steps: int) -> None:
        native.advance(KINETICS, steps, *own[:4], threads=1)

    def roll(steps: int) -> None:
        REFERENCE.advance(KINETICS, steps, *rolled[:4])

    found = rates(
        {
            "native": Timed(ours, 24 * budget, cells),
            "torch conv2d": Timed(lambda steps: convolution_steps(steps, convolved), budget, cells),
            "torch reference": Timed(roll, budget, cells),
            "numba": Timed(stencil_runner(lit_field(n)), 2 * budget, cells),
            "numba, padded": Timed(padded_runner(lit_field(n)), 12 * budget, cells),
        },
        repeats,
        time.thread_time,
    )
    rows = [Row("native step", size, statistics.median(found["native"]))]
    for other in ("torch conv2d", "torch reference", "numba", "numba, padded"):
        ratio, bar = median_ratio(found["native"], found[other]), bars.get(other)
        met = None if bar is None else ratio >= bar
        rows.append(Row(f"  over {other}", size, statistics.median(found[other]), ratio, bar, met))
    return rows


def training_rows(replicates: int, n: int, repeats: int) -> list[Row]:
    """What similarity and scarring cost on top of the bare step, as the ratio of the times."""
    cells, size = replicates * n * n, f"{replicates}x{n}x{n}"
    steps = max(48, 2**26 // cells)
    bare = field(replicates, n)
    cases = {
        "saturating, scars growing": (ScarRule(gate=-1, strength=1e-7), 0),
        "saturating, at the bounds": (ScarRule(gate=-1), 60),
        "graded, scars growing": (ScarRule(law="graded", gate=-1), 0),
        "gate closed": (ScarRule(gate=2), 0),
        "graded, fading": (ScarRule(law="graded", gate=-1, fade=1e-4), 0),
        "graded, half of the field a target": (ScarRule(law="graded", gate=-1), 0),
    }

    def step(count: int) -> None:
        native.advance(KINETICS, count, *bare[:4], threads=1)

    contestants = {"bare": Timed(step, steps, cells)}
    for name, (rule, before) in cases.items():
        given = field(replicates, n)
        if "half" in name:
            given.target[..., ::2] = 0.8
        train = trainer(given, rule)
        train(before)
        contestants[name] = Timed(train, steps, cells)
    found = rates(contestants, repeats, time.thread_time)
    rows = []
    for name in cases:
        ratio = median_ratio(found["bare"], found[name])
        bar = None if "fading" in name or "half" in name else 1.25
        met = None if bar is None else ratio <= bar
        rows.append(Row(f"train: {name}", size, statistics.median(found[name]), ratio, bar, met))
    return rows


def thread_row(repeats: int) -> Row:
    """Replicates on two threads against one."""
    fields = [field(8, 256), field(8, 256)]
    cells = 8 * 256 * 256

    def run(threads: int) -> Callable[[int], None]:
        return lambda s: native.advance(KINETICS, s, *fields[threads - 1][:4], threads=threads)

    found = rates({str(t): Timed(run(t), 1000, cells) for t in (1, 2)}, repeats, time.perf_counter)
    ratio = median_ratio(found["2"], found["1"])
    rate = statistics.median(found["2"])
    return Row("two threads over one", "8x256x256", rate, ratio, 1.7, ratio >= 1.7)


class Whole(NamedTuple):
    """A command from start to finish."""

    command: str
    seconds: float  # wall time, the best of the rounds
    bar: float
    met: bool


def whole_rows(rounds: int) -> list[Whole]:
    """The default run on all cores, and what should answer at once."""
    asked = {"": 30.0, "--help": 0.6, "--cfg job": 0.6}
    with tempfile.TemporaryDirectory() as folder:
        found = {words: [whole_seconds(words, folder) for _ in range(rounds)] for words in asked}
    return [
        Whole(f"python -m memlab {words}".strip(), min(found[words]), bar, min(found[words]) <= bar)
        for words, bar in asked.items()
    ]


def whole_seconds(words: str, folder: str) -> float:
    """Wall time of one command, its results thrown away."""
    command = [sys.executable, "-m", "memlab", *words.split()]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def same_for_threads() -> bool:
    """Whether training gives the same bits on one, two and three threads."""
    digests = set()
    for threads in (1, 2, 3):
        f = field(1, 96)
        fields = (f.u[:, 0], f.v[:, 0], f.feed, f.kill, f.target)
        native.train(KINETICS, ScarRule(), 100, *fields, torch.ones(1), threads=threads)
        digests.add(hashlib.sha256(b"".join(x.numpy().tobytes() for x in f)).hexdigest())
    return len(digests) == 1


def supported(isa: str) -> bool:
    """Whether this machine can run a build for that instruction set."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    return {"avx512": "avx512f", "avx2": "avx2", "sse2": "sse2"}[isa] in flags


def same_for_isas() -> tuple[bool, list[str]]:
    """Whether builds for each instruction set give the same bits, and which were compared."""
    test = "native/tests/test_gray_scott.c"
    sources = [str(ROOT / source) for source in (*KERNELS["gray_scott"], test)]
    usable = [isa for isa in ISAS if supported(isa)]
    digests = set()
    with tempfile.TemporaryDirectory() as folder:
        for isa in usable:
            program = f"{folder}/{isa}"
            options = [*FLAGS, *openmp_flags(), *ISAS[isa], "-DMEMLAB_ONE_ISA"]
            include = f"-I{(ROOT / HEADER).parent}"
            build = [*compiler(), *options, include, *sources, "-o", program, "-lm"]
            subprocess.run(build, check=True)
            digests.add(subprocess.run([program, "digest"], check=True, capture_output=True).stdout)
    return len(digests) == 1, usable


def table_of(rows: list[Row]) -> Table:
    """The rows as they are printed."""
    table = Table("what", "size")
    for column in ("Mcell/s", "ratio", "bar", "met"):
        table.add_column(column, justify="right")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        bar = "" if row.bar is None else f"{row.bar:.2f}"
        met = {None: "", True: "yes", False: "NO"}[row.met]
        table.add_row(row.what, row.size, f"{row.rate:.0f}", ratio, bar, met)
    return table


def whole_table(rows: list[Whole]) -> Table:
    """Whole commands as they are printed."""
    table = Table("command", "seconds", "bar", "met")
    for row in rows:
        table.add_row(row.command, f"{row.seconds:.2f}", f"{row.bar:g}", "yes" if row.met else "NO")
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no grid over 256")
    default = Path("outputs/bench.json")
    parser.add_argument("--json", type=Path, default=default, help="where to write the rows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    repeats = 3 if options.quick else 9

    rows = step_rows(256, repeats, {"torch conv2d": 20, "numba": 4.5})
    if not options.quick:
        rows += step_rows(1024, repeats, {"torch conv2d": 60})
        rows += step_rows(2048, repeats, {"torch conv2d": 60, "numba": 4.5})
    rows += training_rows(1, 256, repeats) + training_rows(10, 128, repeats)
    rows.append(thread_row(repeats))
    threads_agree, (isas_agree, isas) = same_for_threads(), same_for_isas()

    whole = whole_rows(1 if options.quick else 3)

    console = Console()
    console.print(table_of(rows))
    console.print(whole_table(whole))
    console.print(f"same bits on 1, 2 and 3 threads: {threads_agree}")
    console.print(f"same bits on {', '.join(isas)}: {isas_agree}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "rows": [row._asdict() for row in rows],
        "whole": [row._asdict() for row in whole],
        "same_bits": {"threads": threads_agree, "instruction sets": isas_agree},
    }
    options.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
