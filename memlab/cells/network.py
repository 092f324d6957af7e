"""A cell with its parameters, which only reads them; and the streams that run through it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor

from memlab import native
from memlab.cells.cell import Cell, Tensors, run
from memlab.cells.compiled import run_compiled, sheet
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.sequences import Array, inputs, numbers

Run: TypeAlias = Callable[[Cell, Tensors, Tensors, Tensor, Tensor | None], tuple[Tensor, Tensors]]
BACKENDS = ("auto", "native", "torch")


@final
@dataclass(frozen=True)
class Network:
    """A pure function from inputs and a state to outputs and a state."""

    cell: Cell
    parameters: Tensors  # raw, never written to
    backend: str
    on_nan: str

    def outputs(
        self, given: object, state: Mapping[str, object] | None = None
    ) -> tuple[Array, Tensors]:
        """Outputs for ``X (N, T, I)`` or a stream ``(T, I)``, shaped alike; the state after it.

        Starts from ``state``, or from a blank one. NaN where a step was skipped.
        """
        into = inputs(given, self.cell.sizes()["i"], self.on_nan)
        begun = self.state(len(into.x), state)
        known = None if into.known.all() else into.known
        with torch.no_grad():
            y, ended = runner(self.cell, self.backend)(
                self.cell, self.parameters, begun, into.x, known
            )
        y = torch.where(into.known[..., None], y, torch.nan)
        return (y[0] if into.stream else y).numpy(), ended

    def state(self, batch: int, given: object = None) -> Tensors:
        """A checked copy of a state of that many streams; without one the blank state."""
        blank = self.cell.blank(batch, torch.zeros(1))
        if given is None:
            return blank
        if not isinstance(given, Mapping) or given.keys() != blank.keys():
            got = sorted(given) if isinstance(given, Mapping) else type(given).__name__
            raise ValueError(f"a state must have {sorted(blank)}, got {got}")
        return {name: _state(name, given[name], like) for name, like in blank.items()}


@final
class Stream:
    """Streams side by side that go on where the last call ended; the model itself stays."""

    def __init__(self, network: Network, state: Tensors) -> None:
        self._network, self._state = network, state

    def predict(self, given: object) -> Array:
        """Outputs for the next steps, ``X (T, I)`` or ``(N, T, I)``."""
        y, self._state = self._network.outputs(given, self._state)
        return y

    def step(self, given: object) -> Array:
        """Outputs ``(O,)`` or ``(N, O)`` for one more step ``x (I,)`` or ``(N, I)``."""
        bare = numbers("x", given)
        y: Array = self.predict(bare[..., None, :] if bare.ndim else bare)
        return y[..., 0, :]

    def reset_memory(self) -> None:
        """Clear every state."""
        self._state = blanked(self._state, tuple(self._state))

    def reset_manifold(self) -> None:
        """Clear the store alone."""
        self._state = blanked(self._state, stores(self._network.cell))

    def get_memory_state(self) -> dict[str, Array]:
        """A copy of every state by name, ``(N, …)``."""
        return arrays(self._state)

    def set_memory_state(self, state: Mapping[str, object]) -> None:
        """Go on from this state instead, ``(N, …)`` of any N."""
        self._state = self._network.state(streams_of(state), state)


def runner(cell: Cell, backend: str) -> Run:
    """The function that runs a cell."""
    compiled = native.available() and sheet(cell) is not None
    if backend == "native" and not compiled:
        raise ValueError(
            f"backend='native' must have {type(cell).__name__} in the native library and that "
            f"built; backend='auto' or 'torch' would do"
        )
    return run_compiled if compiled and backend != "torch" else run


def stores(cell: Cell) -> tuple[str, ...]:
    """The states that are an associative store."""
    if "Mm" in cell.states():
        return ("Mm",)
    if isinstance(cell, Dtpn):
        return ("r",)  # the mean row of the matrix, which is all of it that is ever read
    raise ValueError(f"{type(cell).__name__} has no store to reset; reset_memory() clears it all")


def blanked(state: Tensors, names: tuple[str, ...]) -> Tensors:
    """The state with some of it cleared."""
    return {name: one * 0 if name in names else one for name, one in state.items()}


def arrays(state: Tensors) -> dict[str, Array]:
    """Copies as numpy arrays."""
    return {name: one.numpy().copy() for name, one in state.items()}


def streams_of(state: object) -> int:
    """How many streams a state is of."""
    values = [*state.values()] if isinstance(state, Mapping) else []
    first = numbers("a state", values[0] if values else 0)
    return len(first) if first.ndim else 0


def _state(name: str, given: object, like: Tensor) -> Tensor:
    bare = numbers(f"state {name!r}", given)
    if bare.shape != tuple(like.shape):
        raise ValueError(f"state {name!r} must be {tuple(like.shape)}, got {bare.shape}")
    found = torch.tensor(bare, dtype=torch.float32)
    if not found.isfinite().all():
        raise ValueError(f"state {name!r} must be finite")
    return found
