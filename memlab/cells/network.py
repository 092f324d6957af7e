"""A cell with its parameters, which only reads them; and the streams that run through it."""

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
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.ready import Answer, Core, answering
from memlab.cells.sequences import Array, Inputs, inputs, numbers
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

    def __getstate__(self) -> dict[str, object]:
        """Copies make their own core."""
        return {name: value for name, value in vars(self).items() if name != "core"}

    def answer(self) -> Answer:
        """The short way to `predict` without a state; it gives None where there is none."""
        return answering(self.core) if self.core else lambda _: None

    def predict(self, given: object, state: Mapping[str, object] | None = None) -> Array:
        """Outputs for ``X (N, T, I)`` or a stream ``(T, I)``, shaped alike.

        Starts from ``state``, or from a blank one. NaN where a step was skipped.
        """
        into, core = inputs(given, self.cell.sizes()["i"], self.on_nan), self.core
        if core is None:
            return _shown(into, self._run(into, state)[0])
        return _shown(into, core.walk(into.x, _joined(self.state(len(into.x), state)), into.known))

    def outputs(self, given: object, state: Mapping[str, object]) -> tuple[Array, Tensors]:
        """The same, with the state afterwards."""
        into, core = inputs(given, self.cell.sizes()["i"], self.on_nan), self.core
        if core is None:
            y, ended = self._run(into, state)
            return _shown(into, y), ended
        begun = self.state(len(into.x), state)
        flat = _joined(begun)
        y = core.walk(into.x, flat, into.known)
        return _shown(into, y), _parted(flat, begun)

    def _run(self, into: Inputs, state: Mapping[str, object] | None) -> tuple[Array, Tensors]:
        x, begun = torch.tensor(into.x), self.state(len(into.x), state)
        known = None if into.known is None else torch.tensor(into.known)
        with torch.no_grad():
            y, ended = run(self.cell, dict(self.parameters), begun, x, known)
        return y.numpy(), ended

    def state(self, batch: int, given: object = None) -> Tensors:
        """A checked copy of a state of that many streams; without one the blank state."""
        if given is None:
            return self.cell.blank(batch, torch.zeros(1))
        return self.checked(batch, given)

    def checked(self, batch: int, given: object) -> Tensors:
        """A copy of a state of that many streams; ValueError if it is none."""
        blank = self.cell.blank(batch, torch.zeros(1))
        if not isinstance(given, Mapping) or given.keys() != blank.keys():
            got = sorted(map(str, given)) if isinstance(given, Mapping) else type(given).__name__
            raise ValueError(
                f"a state must have {sorted(blank)}, got {got}; reset_memory() clears every one"
            )
        if batch < 1:
            raise ValueError("a state must be of one stream at least, (N, …), got none")
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
        self._state = self._network.checked(streams_of(state), state)


def compiled(cell: Cell, backend: str) -> bool:
    """Whether the core runs a cell; ValueError if it has to and cannot."""
    can = native.available() and type(cell) in KINDS
    if backend == "native" and not can:
        raise ValueError(
            f"backend='native' must have {type(cell).__name__} in the native library and that "
            f"built; backend='auto' or 'torch' would do"
        )
    return can and backend != "torch"


def runner(cell: Cell, backend: str) -> Run:
    """The function that runs a cell and can be asked for gradients."""
    return run_compiled if compiled(cell, backend) else run


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


def _shown(into: Inputs, y: Array) -> Array:
    """Outputs as inputs were given."""
    if into.known is not None:
        y[~into.known] = np.nan
    return y[0] if into.stream else y


def _joined(state: Tensors) -> Array:
    """A state as the core has it, ``(N, S)``."""
    return np.concatenate([one.numpy().reshape(len(one), -1) for one in state.values()], 1)


def _parted(flat: Array, like: Tensors) -> Tensors:
    """A state of the core by name."""
    found, begin = {}, 0
    for name, one in like.items():
        end = begin + one[0].numel()
        found[name] = torch.from_numpy(flat[:, begin:end].reshape(one.shape))
        begin = end
    return found
