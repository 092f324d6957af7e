"""How well cells of about 3,200 parameters learn tasks that ask for the past, beside torch's GRU.

Adam on mini-batches of 32 sequences in time order, the gradient exact through all of them and its
global norm clipped, the learning rate falling to 0 along a cosine. One thread.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Generator, Tensor, nn

from memlab import native
from memlab.cells import CELLS
from memlab.cells.cell import Cell, run
from memlab.cells.compiled import run_compiled
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
GRU, GRU_UNITS = "gru", 31  # torch's, within the budget at one input

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


@final
@dataclass(frozen=True)
class Learner:
    """What is trained: its parameters, and outputs ``(B, T, 1)`` from inputs ``(B, T, I)``."""

    parameters: list[Tensor]
    outputs: Callable[[Tensor], Tensor]

    @property
    def size(self) -> int:
        """Trainable numbers."""
        return sum(one.numel() for one in self.parameters)


def learner(name: str, inputs: int, generator: Generator) -> Learner:
    """A cell of the budget, or torch's GRU with a linear read-out."""
    if name == GRU:
        return rival(inputs, generator)
    cell = sized(name, inputs)
    raw = {key: one.requires_grad_() for key, one in cell.initial(generator).items()}
    walk = run_compiled if native.available() else run
    return Learner(list(raw.values()), lambda x: walk(cell, raw, cell.blank(len(x), x), x)[0])


def rival(inputs: int, generator: Generator) -> Learner:
    """The GRU of torch, drawn as torch draws it."""
    layer, out = nn.GRU(inputs, GRU_UNITS, batch_first=True), nn.Linear(GRU_UNITS, 1)
    parameters = [*layer.parameters(), *out.parameters()]
    with torch.no_grad():
        for one in parameters:
            one.uniform_(-(GRU_UNITS**-0.5), GRU_UNITS**-0.5, generator=generator)

    def outputs(x: Tensor) -> Tensor:
        y: Tensor = out(layer(x)[0])
        return y

    return Learner(list(parameters), outputs)


def train(one: Learner, task: Task, generator: Generator, *, steps: int, lr: float) -> None:
    """Fit to mini-batches of the task."""
    optimiser = torch.optim.Adam(one.parameters, lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        trials = task.train(generator)
        error = one.outputs(trials.x) - trials.target
        optimiser.zero_grad()
        torch.autograd.backward(error[trials.counts].square().mean())
        torch.nn.utils.clip_grad_norm_(one.parameters, 1.0)
        optimiser.step()
        schedule.step()


@torch.no_grad()
def judged(one: Learner, task: Task, generator: Generator) -> float:
    """R² on held-out sequences."""
    trials = task.held(generator)
    return r2(one.outputs(trials.x)[trials.counts], trials.target[trials.counts])


def reached(name: str, task: Task, seed: int, *, steps: int, lr: float) -> tuple[float, int]:
    """R² on held-out sequences after training with one seed, and the parameters trained."""
    drawn, shown, held = generators(seed)
    one = learner(name, task.inputs, drawn)
    train(one, task, shown, steps=steps, lr=lr)
    return judged(one, task, held), one.size


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = [*CELLS, GRU]
    parser.add_argument("cells", nargs="*", metavar="CELL", help=f"all, or some of {known}")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument("--steps", type=int, default=1500, help="mini-batches")
    parser.add_argument("--lr", type=float, default=0.01, help="learning rate at the start")
    given = parser.parse_args()
    if wrong := set(given.cells) - set(known):
        parser.error(f"a cell must be one of {known}, got {sorted(wrong)}")
    given.cells = given.cells or known
    return given


def main() -> int:
    """Train, judge, print; 1 if no cell reaches the bar of a task on every seed."""
    given = arguments()
    torch.set_num_threads(1)
    screen, unmet = Console(), set(given.tasks)
    table = Table("task", "bar", "cell", "parameters", "R² mean", "worst", "met", "s per seed")
    runs = [(task, cell) for task in given.tasks for cell in given.cells]
    for name, cell in track(runs, "training", console=Console(stderr=True), transient=True):
        task, start = TASKS[name](), time.thread_time()
        found = [reached(cell, task, seed, steps=given.steps, lr=given.lr) for seed in given.seeds]
        scores = [score for score, _ in found]
        if met := min(scores) > task.bar:
            unmet.discard(name)
        seconds = (time.thread_time() - start) / len(found)
        figures = (f"{np.mean(scores):.4f}", f"{min(scores):.4f}", "yes" if met else "no")
        table.add_row(name, f"{task.bar:g}", cell, str(found[0][1]), *figures, f"{seconds:.0f}")
    screen.print(table)
    if unmet:
        screen.print(f"no cell reaches the bar on every seed: {', '.join(sorted(unmet))}")
    return 1 if unmet else 0


if __name__ == "__main__":
    sys.exit(main())
