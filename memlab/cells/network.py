"""A cell with its parameters, which only reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Tensor

from memlab import native
from memlab.cells.cell import Cell, Tensors, run
from memlab.cells.compiled import KINDS, run_compiled
from memlab.cells.memory import blank, checked, joined, parted
from memlab.cells.ready import Answer, Core, answering
from memlab.cells.sequences import Array, Inputs, inputs
from memlab.cells.values import Values

Run: TypeAlias = Callable[[Cell, Tensors, Tensors, Tensor, Tensor | None], tuple[Tensor, Tensors]]
BACKENDS = ("auto", "native", "torch")


@final
@dataclass(frozen=True)
class Network:
    """A pure function from inputs and a state to outputs and a state."""

    cell: Cell
    parameters: Values  # raw, never written to
    backend: str
    on_nan: str

    @cached_property
    def core(self) -> Core | None:
        """What the compiled core has of it; None where torch runs it."""
        return Core(self.cell, self.parameters) if compiled(self.cell, self.backend) else None

    @cached_property
    def answer(self) -> Answer:
        """The short way to `predict` and `follow`; it gives None where they must be asked."""
        return answering(self.core) if self.core else lambda *_: None

    def __getstate__(self) -> dict[str, object]:
        """Copies make their own core."""
        return {name: value for name, value in vars(self).items() if name not in {"core", "answer"}}

    def predict(self, given: object, state: Mapping[str, object] | None = None) -> Array:
        """Outputs for ``X (N, T, I)`` or a stream ``(T, I)``, shaped alike.

        Starts from ``state``, or from a blank one. NaN where a step was skipped.
        """
        into = inputs(given, self.cell.sizes()["i"], self.on_nan)
        return self._walked(into, joined(self.state(len(into.x), state), self.cell))

    def follow(self, given: object, memory: Array) -> Array:
        """The same for streams that go on from a memory ``(N, S)`` that they leave changed."""
        into = inputs(given, self.cell.sizes()["i"], self.on_nan)
        if len(into.x) != len(memory):
            raise ValueError(f"X must be of the {len(memory)} streams there are, got {len(into.x)}")
        return self._walked(into, memory)

    def _walked(self, into: Inputs, memory: Array) -> Array:
        if self.core is not None:
            y = self.core.walk(into.x, memory, into.known)
        else:
            y, ended = self._run(into, parted(memory, self.cell))
            memory[...] = joined(ended, self.cell)
        if into.known is not None:
            y[~into.known] = np.nan
        return y[0] if into.stream else y

    def _run(self, into: Inputs, begun: Tensors) -> tuple[Array, Tensors]:
        known = None if into.known is None else torch.tensor(into.known)
        with torch.no_grad():
            y, ended = run(self.cell, dict(self.parameters), begun, torch.tensor(into.x), known)
        return y.numpy(), ended

    def state(self, batch: int, given: object = None) -> Tensors:
        """A checked copy of a state of that many streams; without one the blank state."""
        return blank(self.cell, batch) if given is None else self.checked(batch, given)

    def checked(self, batch: int, given: object) -> Tensors:
        """A copy of a state of that many streams; ValueError if it is none."""
        return checked(self.cell, batch, given)


def compiled(cell: Cell, backend: str) -> bool:
    """Whether the core runs a cell; ValueError if it has to and cannot."""
    can = native.available() and type(cell) in KINDS
    if backend == "native" and not can:
        lacks = (
            f"needs a cell with a form in C, which {type(cell).__name__} has not"
            if native.available()
            else "needs the native library, which `python setup.py build_ext --inplace` builds"
        )
        raise ValueError(f"backend='native' {lacks}; backend='auto' or 'torch' would do")
    return can and backend != "torch"


def runner(cell: Cell, backend: str) -> Run:
    """The function that runs a cell and can be asked for gradients."""
    return run_compiled if compiled(cell, backend) else run
