"""How fast recurrent cells walk and learn in C, beside torch's GRU, GRUCell and LSTM.

One process, one thread, its own time; every figure is that of the fastest of interleaved rounds,
for others on the machine can only slow one down, in thousands of time steps per second (8 inputs,
4 outputs, 64 slots; SGW-AMN: as many candidates as units, a workspace of 16). Peak is the share
of this core's measured rate of multiply-adds that the products and stores of a cell reach, once
for a walk and three times to learn. A batch of a cell that needs no more multiply-adds than
torch's GRU has to keep up with it; to learn has to be twice as fast as autograd of the same
equations. Exits with 1 where a bar is missed.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import TypeAlias, final

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from memlab.cells import CELLS
from memlab.cells.cell import Cell, Tensors, run
from memlab.cells.compiled import run_compiled

INPUTS, OUTPUTS, SLOTS, WORKSPACE, ROUNDS = 8, 4, 64, 16, 3
WIDTHS = (32, 64, 128, 256)
STREAM, LESSON = 10_000, 1000  # steps of one stream that walks, and of one that learns
BATCH, SHORT = 32, 50  # streams beside each other, their steps
STORED = 64_000_000  # numbers of tape above which a training run is cut shorter
COMPARABLE = 1.1  # times a GRU's multiply-adds: a cell of no more has to keep up with it
BACK = 3  # times the multiply-adds of a walk for it and its adjoint
COUNTED = ("multiply-adds", "of a GRU's", "peak", "")
WIDE = 150  # columns of a terminal that hold the tables
Timed: TypeAlias = Callable[[], object]

STORES = ("Mm", "F", "R")  # states that are written, kept and read whole
UNIT_BY_UNIT = {  # arrays of a cell that are no matrices of a product
    "hyper_amn": ("A", "B", "L", "Vv", "X", "decay"),
    "sgw_amn": ("Vv",),
    "ndm": ("Vv",),
}
ONE_STREAM: dict[str, dict[int, float]] = {  # thousands of steps per second, by width
    "amrc": {32: 2000},
    "pmrc": {256: 100},
    "amn": {256: 100},
    "dtpn": {256: 100},
    "hyper_amn": {32: 375, 64: 187, 128: 92.7, 256: 42.0},  # ten times the published programs'
    "sgw_amn": {32: 844, 64: 488, 128: 242, 256: 116},
    "ndm": {32: 936, 64: 398, 128: 134, 256: 37.3},
}


@final
@dataclass(frozen=True)
class Walker:
    """A cell with its parameters, ready to walk through inputs."""

    cell: Cell
    raw: Tensors

    def walk(self, x: Tensor, through: Callable[..., tuple[Tensor, Tensors]]) -> Tensor:
        """Outputs."""
        return through(self.cell, self.raw, self.cell.blank(len(x), x), x)[0]


def walker(name: str, width: int, *, learns: bool) -> Walker:
    """A cell of that width."""
    wanted = {"slots": SLOTS, "keys": SLOTS, "candidates": width, "workspace": WORKSPACE}
    known = {field.name for field in fields(CELLS[name])}  # type: ignore[arg-type]
    sizes = {key: value for key, value in wanted.items() if key in known}
    build: Callable[..., Cell] = CELLS[name]
    cell = build(inputs=INPUTS, hidden=width, outputs=OUTPUTS, **sizes)
    raw = cell.initial(torch.Generator().manual_seed(1))
    return Walker(cell, {key: one.requires_grad_(learns) for key, one in raw.items()})


def multiply_adds(name: str, width: int) -> int:
    """Of one step of one stream: products, and three for each number of a store."""
    if name not in CELLS:
        gates = 4 if name == "LSTM" else 3
        return gates * width * (INPUTS + width) + OUTPUTS * width
    cell = walker(name, width, learns=False).cell
    products = sum(
        math.prod(shape)
        for key, shape in cell.shapes().items()
        if len(shape) > 1 and key not in UNIT_BY_UNIT.get(name, "")
    )
    states = cell.blank(1, torch.zeros(1))
    return products + sum(3 * states[key].numel() for key in STORES if key in states)


def peak() -> float:
    """Multiply-adds per second of a large product, the fastest of several."""
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    return max(512**3 / spent(lambda: a @ b) for _ in range(20))


def spent(call: Timed) -> float:
    """The thread's own time of a call, s."""
    began = time.thread_time()
    call()
    return time.thread_time() - began


def learned(outputs: Callable[[], Tensor]) -> Timed:
    """A walk and its adjoint."""

    def step() -> None:
        loss: Tensor = outputs().square().sum()
        torch.autograd.backward(loss)

    return step


def rival(layer: nn.Module, width: int, x: Tensor) -> Callable[[], Tensor]:
    """One of torch's own layers, with a read-out, over the same inputs."""
    out = nn.Linear(width, OUTPUTS)

    def walk() -> Tensor:
        y: Tensor = out(layer(x)[0])
        return y

    return walk


def stepped(width: int, x: Tensor) -> Callable[[], Tensor]:
    """The cell of torch, a step at a time."""
    cell = nn.GRUCell(INPUTS, width)

    def walk() -> Tensor:
        h = x.new_zeros(len(x), width)
        for t in range(x.shape[1]):
            h = cell(x[:, t], h)
        return h

    return walk


def calls(width: int, x: Tensor, *, learns: bool) -> dict[str, Timed]:
    """Everything that is timed at one width and batch."""
    shorter = x[:, : max(8, x.shape[1] // 10)]
    gru, lstm = (kind(INPUTS, width, batch_first=True) for kind in (nn.GRU, nn.LSTM))
    walks = {"GRU": rival(gru, width, x), "LSTM": rival(lstm, width, x)}
    if not learns:
        walks["GRUCell"] = stepped(width, shorter)
    for name in CELLS:
        one = walker(name, width, learns=learns)
        walks[name] = partial(one.walk, cut(one.cell, x) if learns else x, run_compiled)
        if learns:
            walks[f"{name} autograd"] = partial(one.walk, shorter, run)
    return {name: learned(walk) if learns else walk for name, walk in walks.items()}


def cut(cell: Cell, x: Tensor) -> Tensor:
    """As many steps as keep the tape within what a machine has."""
    row = sum(one[0].numel() for one in cell.blank(1, x).values())
    return x[:, : max(8, min(x.shape[1], STORED // (row * len(x))))]


def steps(name: str, width: int, x: Tensor, *, learns: bool) -> int:
    """Time steps of all streams in one call."""
    if name == "GRUCell" or name.endswith("autograd"):
        return len(x) * max(8, x.shape[1] // 10)
    if learns and name in CELLS:
        return len(x) * cut(walker(name, width, learns=False).cell, x).shape[1]
    return len(x) * x.shape[1]


def rates(width: int, batch: int, *, learns: bool) -> dict[str, float]:
    """Thousands of time steps per second."""
    length = SHORT if batch > 1 else LESSON if learns else STREAM
    x = torch.randn(batch, length, INPUTS)
    timed = calls(width, x, learns=learns)
    with torch.set_grad_enabled(learns):
        for call in timed.values():
            call()
        rounds = [{name: spent(call) for name, call in timed.items()} for _ in range(ROUNDS)]
    return {
        name: steps(name, width, x, learns=learns) / min(r[name] for r in rounds) / 1e3
        for name in timed
    }


def walking(width: int, most: float) -> tuple[Table, bool]:
    """Inference of one stream and of a batch."""
    alone, beside = (rates(width, batch, learns=False) for batch in (1, BATCH))
    title = f"walking, {width} units"
    names = ["one stream", "bar", "times GRU", f"{BATCH} streams", "times GRU"]
    table, held = Table(title, *names, *COUNTED), True
    for name in alone:
        bar = ONE_STREAM.get(name, {}).get(width)
        held &= bar is None or alone[name] >= bar
        told = "" if bar is None else f"{bar:g} {'held' if alone[name] >= bar else 'NO'}"
        counted, kept = against(name, width, beside, most)
        held &= kept
        figures = (alone[name] / alone["GRU"], beside[name], beside[name] / beside["GRU"])
        row = (f"{alone[name]:,.0f}", told, *(f"{x:,.2f}" for x in figures))
        table.add_row(name, *row, *counted)
    return table, held


def learning(width: int, most: float) -> tuple[Table, bool]:
    """The exact adjoint, beside autograd of the same equations and torch's GRU."""
    alone, beside = (rates(width, batch, learns=True) for batch in (1, BATCH))
    names = ["one stream", "times autograd", "times GRU", f"{BATCH} streams", "times autograd"]
    table, held = Table(f"learning, {width} units", *names, "times GRU", *COUNTED), True
    for name in ("GRU", "LSTM", *CELLS):
        row: list[str] = []
        for found in (alone, beside):
            over = found[name] / found[f"{name} autograd"] if name in CELLS else math.inf
            held &= over >= 2
            told = f"{over:,.1f}" if name in CELLS else ""
            row += [f"{found[name]:,.1f}", told, f"{found[name] / found['GRU']:,.2f}"]
        counted, kept = against(name, width, beside, most / BACK)
        held &= kept
        table.add_row(name, *row, *counted)
    return table, held


def against(
    name: str, width: int, beside: dict[str, float], most: float
) -> tuple[tuple[str, ...], bool]:
    """A cell's arithmetic, and whether a batch of it keeps up with a GRU of comparable count."""
    work = multiply_adds(name, width)
    share = work / multiply_adds("GRU", width)
    reached = f"{beside[name] * 1e3 * work / most:.0%}"
    counted = (f"{work:,}", f"{share:.2f}", reached)
    if name not in CELLS:
        return (*counted, ""), True
    if share > COMPARABLE:
        return (*counted, "more to do"), True
    kept = beside[name] >= beside["GRU"]
    return (*counted, "held" if kept else "NO"), kept


def main() -> None:
    """Measure and judge."""
    torch.set_num_threads(1)
    most, held = peak(), True
    screen = Console(width=max(WIDE, Console().width))
    screen.print(f"peak of this core: {most / 1e9:.1f} G multiply-adds per second")
    for width in WIDTHS:
        for table, good in (walking(width, most), learning(width, most)):
            screen.print(table)
            held &= good
    sys.exit(not held)


if __name__ == "__main__":
    main()
