"""How fast a softmax memory of 50,000 patterns of 64 units answers, against its matrix products.

One thread, the thread's own time; ratios are medians over interleaved rounds of one process.
"""

import argparse
import ctypes
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab.attention import Rows, State, softmax_mean
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter
from memlab.substrates.dense_memory import DenseMemory

UNITS, ITEMS, CUES = 64, 50_000, 512
RATE, RATIO, SECONDS, BYTES = 1e5, 1.3, 30.0, 64 * 2**20
BLOCK = 2048  # rows of the products that are taken block by block
DRAWS = Draws(seed=1, replicates=(0,))
SPACE = Space((UNITS,))


def patterns() -> Tensor:
    """Random binary patterns, (1, ITEMS, UNITS)."""
    return (DRAWS.uniform("patterns", (ITEMS, UNITS)) < 0.5).float()


def written(memory: DenseMemory, items: Tensor) -> tuple[Engram, float]:
    """An engram that was shown every pattern in a call of its own, and the seconds that took."""
    engram, valid, salience = (
        memory.blank(DRAWS),
        torch.ones_like(items[:, 0]).bool(),
        torch.ones(1),
    )
    start = time.thread_time()
    for k in range(ITEMS):
        memory.write(engram, Item(items[:, k], valid, salience), DRAWS, Meter())
    return engram, time.thread_time() - start


def flipped(items: Tensor) -> Cue:
    """Cues to the first patterns with a tenth of the units flipped."""
    asked = items[:, :CUES]
    hit = DRAWS.uniform("flips", (CUES, UNITS)) < 0.1
    return Cue(torch.where(hit, 1 - asked, asked), torch.ones_like(hit), torch.zeros_like(hit))


def products(state: Tensor, rows: Tensor) -> Tensor:
    """The two matrix products alone, as they are written: all likenesses, then all means."""
    return (state @ rows.transpose(1, 2)) @ rows


def block_products(state: Tensor, rows: Tensor) -> Tensor:
    """The same products a block of rows at a time, which stay in the cache."""
    total = torch.zeros_like(state)
    for i in range(0, ITEMS, BLOCK):
        some = rows[:, i : i + BLOCK]
        total = total.baddbmm(state @ some.transpose(1, 2), some)
    return total


def times(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, measured in turn; the first round only warms up."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for nth in range(rounds + 1):
        for name, run in contestants.items():
            start = time.thread_time()
            run()
            if nth:
                found[name].append(time.thread_time() - start)
    return found


def peak(run: Callable[[], object]) -> float:
    """Bytes that the process held at most while this ran, beyond what it held before (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)  # what was freed earlier must not hide what is taken now
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = held("VmRSS")
    run()
    return held("VmHWM") - before


def held(what: str) -> float:
    """Bytes of this process by the kernel's own count."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(float(line.split()[1]) for line in lines if line.startswith(what))


def main() -> int:
    """Measure, print; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 3 if parser.parse_args().quick else 9
    torch.set_num_threads(1)

    memory, items = DenseMemory(SPACE, steps=1), patterns()
    engram, writing = written(memory, items)
    cue, floats = flipped(items), 2 * items - 1
    state = 2 * cue.values - 1
    rows = Rows(SPACE, engram["items"][:, :ITEMS], engram["prior"][:, :ITEMS])
    grown = peak(lambda: memory.read(engram, cue, DRAWS, Meter()))
    found = times(
        {
            "recall": lambda: memory.read(engram, cue, DRAWS, Meter()),
            "update": lambda: softmax_mean(rows, State(state), beta=1.0, similarity="dot"),
            "products": lambda: products(state, floats),
            "block products": lambda: block_products(state, floats),
        },
        rounds,
    )
    rate = CUES / statistics.median(found["recall"])
    ratios = {
        other: statistics.median(a / b for a, b in zip(found["recall"], found[other], strict=True))
        for other in ("products", "block products", "update")
    }
    met = {
        "speed": rate >= RATE or ratios["products"] <= RATIO,
        "writing": writing <= SECONDS,
        "memory": grown <= BYTES,
    }
    Console().print(table(rate, ratios, writing, grown, met))
    return 0 if all(met.values()) else 1


def table(
    rate: float, ratios: dict[str, float], writing: float, grown: float, met: dict[str, bool]
) -> Table:
    """What was measured, beside the bars."""
    said = {name: "yes" if ok else "NO" for name, ok in met.items()}
    result = Table(f"{ITEMS} patterns of {UNITS} units, {CUES} cues", "measured", "bar", "met")
    result.add_row("cues/s, one update", f"{rate:.0f}", f"{RATE:.0f}, or the next", said["speed"])
    result.add_row("time over its two products", f"{ratios['products']:.2f}", f"{RATIO}", "")
    result.add_row("  over the products in blocks", f"{ratios['block products']:.2f}", "", "")
    result.add_row("  over the bare update", f"{ratios['update']:.2f}", "", "")
    result.add_row(
        "s for all writes, one by one", f"{writing:.1f}", f"{SECONDS:g}", said["writing"]
    )
    likenesses = 4 * ITEMS * CUES / 2**20
    what = f"MiB a recall adds at its peak (all likenesses: {likenesses:.0f})"
    result.add_row(what, f"{grown / 2**20:.1f}", f"{BYTES / 2**20:.0f}", said["memory"])
    return result


if __name__ == "__main__":
    sys.exit(main())
