"""How fast a plane of oscillators recalls: neighbours alone against all to all, C against torch.

One replicate, one cue, one thread; times are medians over interleaved rounds of one process.
Exits with 1 where a bar is missed.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab import native, oscillators
from memlab.draws import Draws

SIDE, REACH, STEPS, DENSE_STEPS, ROUNDS = 128, 3, 100, 2, 5
OVER_DENSE, OVER_TORCH = 20.0, 10.0
DRAWS = Draws(seed=1, replicates=(0,))


def motion(steps: int) -> oscillators.Motion:
    """So many steps of identical oscillators, however still."""
    omega = torch.zeros(1, 1, SIDE * SIDE)
    return oscillators.Motion(omega, 0.3, torch.full((1, 1, 1), 0.1), steps, still=0.0)


def per_step(relax: Callable[[], Tensor], steps: int) -> float:
    """The time of one step, s."""
    began = time.perf_counter()
    relax()
    return (time.perf_counter() - began) / steps


def main() -> None:
    """Measure and judge."""
    torch.set_num_threads(1)
    x = 2 * (DRAWS.uniform("item", (SIDE, SIDE)) < 0.5).float() - 1
    near = torch.zeros(1, len(oscillators.offsets(REACH)), SIDE, SIDE)
    oscillators.local_hebb(near, x, torch.ones(1))
    flat = x.flatten(1)
    dense = torch.bmm(flat[:, :, None], flat[:, None, :]).div_(SIDE * SIDE)  # 1.1 GB
    theta = 6 * DRAWS.uniform("theta", (1, SIDE * SIDE))
    long, short = motion(STEPS), motion(DENSE_STEPS)
    local, everywhere = partial(oscillators.local, near), partial(oscillators.dense, dense)
    calls: dict[str, tuple[Callable[[], Tensor], int]] = {
        "all to all, torch": (
            lambda: oscillators.relaxed(everywhere, theta, None, short),
            DENSE_STEPS,
        ),
        "neighbours, torch": (lambda: oscillators.relaxed(local, theta, None, long), STEPS),
    }
    if native.available():
        calls["neighbours, C"] = (
            lambda: native.relaxed_phases(near, theta, None, long, threads=1),
            STEPS,
        )
    rounds = [{name: per_step(*call) for name, call in calls.items()} for _ in range(ROUNDS)]
    sys.exit(not judged(rounds))


def judged(rounds: list[dict[str, float]]) -> bool:
    """Print the times of a step and the ratios; whether every bar was held."""
    best = list(rounds[0])[-1]
    bars = {"all to all, torch": OVER_DENSE, "neighbours, torch": OVER_TORCH}
    table = Table("one step", "ms", f"times {best}", "bar", "held")
    held = True
    for name in rounds[0]:
        took = statistics.median(r[name] for r in rounds)
        ratio = statistics.median(r[name] / r[best] for r in rounds)
        bar = bars.get(name) if name != best else None
        held &= bar is None or ratio >= bar
        verdict = ("", "") if bar is None else (f"at least {bar:g}", str(ratio >= bar))
        table.add_row(name, f"{1000 * took:.3f}", f"{ratio:.1f}", *verdict)
    Console().print(table)
    return held


if __name__ == "__main__":
    main()
