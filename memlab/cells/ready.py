"""What a model has learned as the compiled core wants it, made once for any number of walks."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import torch
from torch import Tensor

from memlab.cells.cell import Cell
from memlab.cells.compiled import address, described, done
from memlab.cells.sequences import Array
from memlab.cells.values import Values
from memlab.native import ffi, lib

FLOAT32 = np.dtype(np.float32)
Answer: TypeAlias = Callable[[object, Array | None], Array | None]
SPARE = 8  # scratches that wait for the next walk: of as many threads at once


@final
@dataclass(frozen=True, slots=True)
class Desk:
    """Scratch that one walk at a time has."""

    threads: int
    room: Tensor
    work: Any  # where it begins
    seat: Any  # for `ml_cell_answer`


@final
class Core:
    """The effective parameters of a cell, packed; never written to, so that threads share it."""

    def __init__(self, cell: Cell, values: Values) -> None:
        self._cell, self._sizes = described(cell)
        self.inputs, self.outputs = self._cell.inputs, self._cell.outputs
        effective = cell.effective(dict(values))
        self._parameters = torch.cat([one.reshape(-1) for one in effective.values()])
        if len(self._parameters) != self._sizes.parameters:
            shapes = {name: tuple(one.shape) for name, one in values.items()}
            raise ValueError(f"parameters must have the shapes {cell.shapes()}, got {shapes}")
        self._packed = torch.empty(self._sizes.packed)
        self._given = (address(self._parameters), address(self._packed))
        done(lib.ml_cell_pack(self._cell, 0, *self._given))
        self.spare: deque[Desk] = deque(maxlen=SPARE)

    def walk(self, x: Array, state: Array, known: Array | None) -> Array:
        """Outputs ``(B, T, O)`` over ``x (B, T, I)`` float32; state ``(B, S)`` in place.

        Where ``known (B, T)`` is false the input is padding: the state stays, the output is 0.
        """
        batch, steps, _ = x.shape
        y = np.empty((batch, steps, self.outputs), np.float32)
        threads = min(torch.get_num_threads(), -(-batch // self._sizes.streams))
        run = ffi.new("ml_cell_run *", (batch, steps, threads, 0))
        mask = ffi.NULL if known is None else ffi.from_buffer("uint8_t[]", known)
        desk = self.desk(threads)
        arrays = (ffi.from_buffer(x), mask, ffi.from_buffer(state), ffi.from_buffer(y), ffi.NULL)
        done(lib.ml_cell_forward(self._cell, run, *self._given, *arrays, desk.work))
        self.spare.append(desk)
        return y

    def desk(self, threads: int) -> Desk:
        """Scratch for that many threads, that no other walk has; into `spare` after it."""
        try:
            last = self.spare.pop()
            if last.threads >= threads:
                return last
        except IndexError:  # other threads have them all
            pass
        room = torch.empty(threads * self._sizes.work)
        work = address(room)
        seat = ffi.new("ml_cell_seat *", (self._cell, *self._given, work))
        return Desk(threads, room, work, seat)


def answering(core: Core) -> Answer:
    """The short way to `Core.walk` for one stream ``(T, I)``: outputs ``(T, O)``.

    State ``(1, S)`` in place; without one the stream starts from the blank state. It is for finite
    float32 numbers that lie as the core reads them, and gives None for anything else. A closure,
    for every name that Python has to look up is one that the walk has driven out of the caches.
    """
    inputs, outputs, spare, float32 = core.inputs, core.outputs, core.spare, FLOAT32
    array, empty, at, nothing = np.ndarray, np.empty, ffi.from_buffer, ffi.NULL
    walk = lib.ml_cell_answer

    def answer(x: object, state: Array | None) -> Array | None:
        if type(x) is not array or x.dtype is not float32 or not x.flags.carray:
            return None
        shape = x.shape
        if len(shape) != 2 or shape[1] != inputs:
            return None
        steps = shape[0]
        y = empty((steps, outputs), float32)
        try:
            desk = spare.pop()
        except IndexError:  # other threads have them all
            desk = core.desk(1)
        refused = walk(desk.seat, steps, at(x), nothing if state is None else at(state), at(y))
        spare.append(desk)
        return None if refused else y

    return answer
