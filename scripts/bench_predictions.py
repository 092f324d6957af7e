"""What Python adds to a prediction of 1,000 steps by a cell, and what a single step takes.

One process, one thread, models of default sizes (8 inputs, 4 outputs). Timed is what lies around
the core's walk, in turns with a bare call of the core and one that makes a new array besides, so
that each finds the caches as a walk leaves them; medians, less what the bare call has around it.
Exits with 1 where a prediction adds a hundredth of the walk or more. A single step is
`Stream.step`, beside torch's GRUCell with a read-out.
"""

import sys
import time
import timeit
from collections.abc import Callable
from functools import partial
from typing import TypeAlias, final
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from memlab.cells import CELLS, ready
from memlab.cells.models import create_model
from memlab.native import ffi, lib

INPUTS, OUTPUTS, STEPS = 8, 4, 1000
WIDTHS = (32, 64, 128, 256)
CALLS = 300  # that are timed
LOOPS, ROUNDS = 300, 7  # of single steps
MOST = 0.01  # of the walk
WIDE = 100  # columns of a terminal that hold the tables
Timed: TypeAlias = Callable[[], object]


@final
class Watched:
    """The core's short way, and how long its last walk took, s."""

    spent, ml_cell_pack = 0.0, lib.ml_cell_pack

    def ml_cell_answer(self, *arguments: object) -> int:
        """The same walk."""
        began = time.perf_counter()
        status: int = lib.ml_cell_answer(*arguments)
        self.spent = time.perf_counter() - began
        return status

    def around(self, call: Timed) -> tuple[float, float]:
        """Seconds inside and around the core."""
        began = time.perf_counter()
        call()
        return self.spent, time.perf_counter() - began - self.spent


def predicting(width: int) -> tuple[Table, bool]:
    """What Python adds to a prediction of one stream by a model of default sizes."""
    names = ["the core, µs", "1 % of it", "predict adds", "share", "", "an array adds"]
    table, held = Table(f"{width} units", *names), True
    for name in CELLS:
        core, added, least = predictions(name, width)
        most = MOST * core
        held &= added < most
        told = "held" if added < most else "NO"
        times = (f"{one * 1e6:,.1f}" for one in (core, most, added))
        table.add_row(name, *times, f"{added / core:.1%}", told, f"{least * 1e6:.1f}")
    return table, held


def predictions(name: str, width: int) -> tuple[float, float, float]:
    """Seconds of the core, that a prediction adds, and that any call with a new array adds."""
    model = create_model(name, hidden_size=width, random_state=0).build(INPUTS, OUTPUTS)
    given = np.random.default_rng(0).standard_normal((STEPS, INPUTS)).astype(np.float32)
    watched = Watched()
    with patch.object(ready, "lib", watched):
        y, core = model.predict(given), model.network().core
    if core is None:
        raise ImportError("the native library must be built; `make setup` does")
    seat = core.spare[-1].seat  # that of the predictions
    x_at, y_at = ffi.from_buffer(given), ffi.from_buffer(y)

    def bare() -> object:
        return watched.ml_cell_answer(seat, STEPS, x_at, ffi.NULL, y_at)

    def least() -> object:
        room = np.empty((STEPS, OUTPUTS), np.float32)
        return watched.ml_cell_answer(
            seat, STEPS, ffi.from_buffer(given), ffi.NULL, ffi.from_buffer(room)
        )

    turns = (bare, partial(model.predict, given), least)
    rounds = [[watched.around(turn) for turn in turns] for _ in range(CALLS)]
    inside, around = np.median(rounds, 0).T
    return min(inside), around[1] - around[0], around[2] - around[0]


def stepping() -> Table:
    """A stream that goes on by one step at a time, as in a control loop."""
    table = Table("one step of a stream, µs", *(f"{width} units" for width in WIDTHS))
    x = np.random.default_rng(0).standard_normal(INPUTS).astype(np.float32)
    for name in CELLS:
        models = (create_model(name, hidden_size=width, random_state=0) for width in WIDTHS)
        streams = (model.build(INPUTS, OUTPUTS).stream() for model in models)
        table.add_row(name, *(taken(partial(stream.step, x)) for stream in streams))
    table.add_row("torch GRUCell", *(taken(gru_step(width, x)) for width in WIDTHS))
    return table


def gru_step(width: int, x: npt.NDArray[np.float32]) -> Timed:
    """The same by torch: an array in, an array out."""
    cell, out, state = nn.GRUCell(INPUTS, width), nn.Linear(width, OUTPUTS), torch.zeros(1, width)

    def step() -> object:
        with torch.no_grad():
            state.copy_(cell(torch.from_numpy(x)[None], state))
            return out(state)[0].numpy()

    return step


def taken(call: Timed) -> str:
    """Microseconds of a call, the fastest of several rounds."""
    return f"{min(timeit.repeat(call, number=LOOPS, repeat=ROUNDS)) / LOOPS * 1e6:.1f}"


def main() -> None:
    """Measure and judge."""
    torch.set_num_threads(1)
    screen, held = Console(width=max(WIDE, Console().width)), True
    for width in WIDTHS:
        table, good = predicting(width)
        screen.print(table)
        held &= good
    screen.print(stepping())
    sys.exit(not held)


if __name__ == "__main__":
    main()
