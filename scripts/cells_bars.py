"""How well one cell of about 3,200 parameters learns one task, against the bar of the task.

Adam on mini-batches of 32 sequences in time order, the gradient exact through all of them and its
global norm clipped, the learning rate falling to 0 along a cosine. One thread.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Generator

from memlab.cells import CELLS
from memlab.cells.cell import Cell, Tensors, run
from memlab.cells.equations.amn import Amn
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.ndm import Ndm
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.equations.sgw_amn import SgwAmn
from memlab.cells.tasks import (
    Task,
    adding,
    carry,
    forecast,
    mackey_glass,
    r2,
    recall,
    sine,
    single_item,
)

BUDGET = 3200  # parameters

TASKS: dict[str, Callable[[], Task]] = {
    "recall_10": lambda: recall(10, 0.99),
    "recall_20": lambda: recall(20, 0.6),
    "single_50": lambda: single_item(50, 0.95),
    "adding_50": lambda: adding(50, 0.95),
    "sine": lambda: forecast(sine(50, 3000), 10, 20, 0.999),
    "mackey_glass": lambda: forecast(mackey_glass(4000), 10, 30, 0.99),
    "carry": lambda: carry(0.99),
}

SIZED: dict[str, Callable[[int, int], Cell]] = {  # from inputs and hidden units
    "amrc": lambda i, h: Amrc(i, h, 1, rank=min(h, 20)),
    "pmrc": lambda i, h: Pmrc(i, h, 1),
    "amn": lambda i, h: Amn(i, h, 1, slots=h),
    "dtpn": lambda i, h: Dtpn(i, h, 1, keys=h),
    "hyper_amn": lambda i, h: HyperAmn(i, h, 1, slots=h),
    "sgw_amn": lambda i, h: SgwAmn(i, h, 1, candidates=h, workspace=h // 2 + 1, slots=h // 2 + 1),
    "ndm": lambda i, h: Ndm(i, h, 1, slots=h // 2 + 1),
}


def count(cell: Cell) -> int:
    """Trainable numbers of a cell."""
    return sum(int(np.prod(shape)) for shape in cell.shapes().values())


def sized(name: str, inputs: int) -> Cell:
    """The largest cell of that name within the budget."""
    hidden = 1
    while count(SIZED[name](inputs, hidden + 1)) <= BUDGET:
        hidden += 1
    return SIZED[name](inputs, hidden)


def generators(seed: int) -> list[Generator]:
    """Independent generators: for parameters, training and held-out sequences."""
    states = np.random.SeedSequence(seed).generate_state(3, np.uint64) >> np.uint64(1)
    return [Generator().manual_seed(int(state)) for state in states]


def trained(cell: Cell, task: Task, draws: list[Generator], *, steps: int, lr: float) -> Tensors:
    """Raw parameters after training."""
    raw = {name: it.requires_grad_() for name, it in cell.initial(draws[0]).items()}
    optimiser = torch.optim.Adam(raw.values(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        trials = task.train(draws[1])
        y, _ = run(cell, raw, cell.blank(len(trials.x), trials.x), trials.x)
        loss = (y - trials.target)[trials.counts].square().mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(raw.values(), 1.0)
        optimiser.step()
        schedule.step()
    return raw


@torch.no_grad()
def judged(cell: Cell, raw: Tensors, task: Task, generator: Generator) -> float:
    """R² on held-out sequences."""
    trials = task.held(generator)
    y, _ = run(cell, raw, cell.blank(len(trials.x), trials.x), trials.x)
    return r2(y[trials.counts], trials.target[trials.counts])


def main() -> int:
    """Train, judge, print; 1 if a seed misses the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cell", choices=CELLS)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=1500, help="mini-batches")
    parser.add_argument("--lr", type=float, default=0.01, help="learning rate at the start")
    given = parser.parse_args()
    torch.set_num_threads(1)

    task = TASKS[given.task]()
    cell = sized(given.cell, task.inputs)
    table = Table("seed", "R² held out", "bar", "met", "s")
    found = []
    for seed in given.seeds:
        draws, start = generators(seed), time.thread_time()
        raw = trained(cell, task, draws, steps=given.steps, lr=given.lr)
        seconds = time.thread_time() - start
        found.append(judged(cell, raw, task, draws[2]))
        met = "yes" if found[-1] > task.bar else "NO"
        table.add_row(str(seed), f"{found[-1]:.4f}", f"{task.bar:g}", met, f"{seconds:.0f}")
    mean = f"{np.mean(found):.4f} mean, {min(found):.4f} worst"
    Console().print(f"{given.task} by {cell}\n{count(cell)} parameters, R² {mean}", table)
    return 0 if min(found) > task.bar else 1


if __name__ == "__main__":
    sys.exit(main())
