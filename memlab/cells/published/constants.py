"""What the constants of the published cells must be for their equations to mean anything."""

import math

from memlab.cells.cell import Cell
from memlab.checks import check_number

ABOVE_0, TO_1 = math.nextafter(0, 1), math.nextafter(1, 2)
RANGES = {
    "beta": (0.0, 1.0, "in [0, 1), or the echo grows for ever"),
    "omega": (0.0, 1.0, "in [0, 1), or outputs grow for ever"),
    "alpha": (ABOVE_0, TO_1, "in (0, 1], a share that is replaced"),
    "decay": (0.0, TO_1, "in [0, 1], a share that is kept"),
    "dt": (ABOVE_0, TO_1, "in (0, 1], a step of explicit Euler"),
}


def check_constants(cell: Cell) -> None:
    """Refuse a cell one of whose constants is out of its range."""
    for name, value in vars(cell).items():
        if name in RANGES:
            low, high, holds = RANGES[name]
            check_number(f"{name} of {type(cell).__name__}", value, low, high, holds=holds)
