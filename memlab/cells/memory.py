"""States of a cell: checked, cleared, and as the compiled core has them."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.sequences import Array, numbers


def blank(cell: Cell, batch: int) -> Tensors:
    """The state of that many streams before any input."""
    return cell.blank(batch, torch.zeros(1))


def checked(cell: Cell, batch: int, given: object) -> Tensors:
    """A copy of a state of that many streams; ValueError if it is none."""
    wanted = blank(cell, batch)
    if not isinstance(given, Mapping) or given.keys() != wanted.keys():
        got = sorted(map(str, given)) if isinstance(given, Mapping) else type(given).__name__
        raise ValueError(
            f"a state must have {sorted(wanted)}, got {got}; reset_memory() clears every one"
        )
    if batch < 1:
        raise ValueError("a state must be of one stream at least, (N, …), got none")
    return {name: _checked(name, given[name], like) for name, like in wanted.items()}


def streams_of(state: object) -> int:
    """How many streams a state is of."""
    values = [*state.values()] if isinstance(state, Mapping) else []
    first = numbers("a state", values[0] if values else 0)
    return len(first) if first.ndim else 0


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


def joined(state: Tensors, cell: Cell) -> Array:
    """A state as the core has it, ``(N, S)``: in the cell's order, which no mapping has to keep."""
    each = [state[name].numpy() for name in cell.states()]
    return np.concatenate([one.reshape(len(one), -1) for one in each], 1)


def parted(memory: Array, cell: Cell) -> Tensors:
    """A state ``(N, S)`` of the core by name: views of it."""
    found, begin = {}, 0
    for name, one in blank(cell, 1).items():
        end = begin + one.numel()
        part = memory[:, begin:end].reshape(len(memory), *one.shape[1:])
        found[name] = torch.from_numpy(part)
        begin = end
    return found


def _checked(name: str, given: object, like: Tensor) -> Tensor:
    bare = numbers(f"state {name!r}", given)
    if bare.shape != tuple(like.shape):
        raise ValueError(f"state {name!r} must be {tuple(like.shape)}, got {bare.shape}")
    found = torch.tensor(bare, dtype=torch.float32)
    if not found.isfinite().all():
        raise ValueError(f"state {name!r} must be finite")
    return found
