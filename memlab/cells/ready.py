"""What a model has learned as the compiled core wants it, made once for any number of walks."""

from collections import deque
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from memlab.cells.cell import Cell
from memlab.cells.compiled import address, described, done
from memlab.cells.sequences import Array
from memlab.cells.values import Values
from memlab.native import ffi, lib

FLOAT32 = np.dtype(np.float32)
SPARE = 8  # scratches that wait for the next walk: of as many threads at once


@final
class Core:
    """The effective parameters of a cell, packed; never written to, so that threads share it."""

    def __init__(self, cell: Cell, values: Values) -> None:
        self.values = values
        self._cell, self._sizes = described(cell)
        self._outputs = self._cell.outputs
        effective = cell.effective(dict(values))
        self._parameters = torch.cat([one.reshape(-1) for one in effective.values()])
        if len(self._parameters) != self._sizes.parameters:
            shapes = {name: tuple(one.shape) for name, one in values.items()}
            raise ValueError(f"parameters must have the shapes {cell.shapes()}, got {shapes}")
        self._packed = torch.empty(self._sizes.packed)
        self._given = (address(self._parameters), address(self._packed))
        done(lib.ml_cell_pack(self._cell, 0, *self._given))
        self._spare: deque[tuple[int, Tensor, Any]] = deque(maxlen=SPARE)

    def answer(self, x: object) -> Array | None:
        """Outputs ``(T, O)`` of one stream ``(T, I)`` from the blank state.

        The short way to `walk`, for finite float32 numbers that lie as the core reads them; None
        for anything else.
        """
        if type(x) is not np.ndarray or x.dtype is not FLOAT32 or x.ndim != 2:
            return None
        steps, inputs = x.shape
        if inputs != self._cell.inputs or not x.flags.carray:
            return None
        y = np.empty((steps, self._outputs), np.float32)
        scratch = self._scratch(1)
        arrays = (ffi.from_buffer("float[]", x), ffi.from_buffer("float[]", y), scratch[2])
        status = lib.ml_cell_answer(self._cell, steps, *self._given, *arrays)
        self._spare.append(scratch)
        return y if status == lib.ML_OK else None

    def walk(self, x: Array, state: Array, known: Array | None) -> Array:
        """Outputs ``(B, T, O)`` over ``x (B, T, I)`` float32; state ``(B, S)`` in place.

        Where ``known (B, T)`` is false the input is padding: the state stays, the output is 0.
        """
        batch, steps, _ = x.shape
        y = np.empty((batch, steps, self._outputs), np.float32)
        threads = min(torch.get_num_threads(), -(-batch // self._sizes.streams))
        run = ffi.new("ml_cell_run *", (batch, steps, threads, 0))
        mask = ffi.NULL if known is None else ffi.from_buffer("uint8_t[]", known)
        scratch = self._scratch(threads)
        arrays = (ffi.from_buffer(x), mask, ffi.from_buffer(state), ffi.from_buffer(y), ffi.NULL)
        done(lib.ml_cell_forward(self._cell, run, *self._given, *arrays, scratch[2]))
        self._spare.append(scratch)
        return y

    def _scratch(self, threads: int) -> tuple[int, Tensor, Any]:
        """Room for that many threads, that no other walk has."""
        try:
            last = self._spare.pop()
        except IndexError:  # other threads have them all
            last = (0, self._packed, None)
        if last[0] >= threads:
            return last
        room = torch.empty(threads * self._sizes.work)
        return threads, room, address(room)


@final
class Ready:
    """The core of a model, made when it is first asked for and again for other values.

    Copies begin without a core.
    """

    def __init__(self) -> None:
        self._core: Core | None = None

    def __reduce__(self) -> tuple[type["Ready"], tuple[()]]:
        return Ready, ()

    def core(self, cell: Cell, values: Values) -> Core:
        """The core of these values."""
        core = self._core  # once: another thread may replace it meanwhile
        if core is None or core.values is not values:
            core = self._core = Core(cell, values)
        return core
