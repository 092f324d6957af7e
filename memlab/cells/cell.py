"""What a recurrent cell is: sizes, and one synchronous time step as a pure function."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias, get_type_hints

import torch
from torch import Generator, Tensor

from memlab.cells.checks import LARGEST
from memlab.cells.parameter import Parameter

Tensors: TypeAlias = dict[str, Tensor]

NUMBERS = 2**31  # of a cell and one state, 8 GiB in float32


class Cell(ABC):
    """A recurrent network without training: sizes and flags in a frozen dataclass.

    Axes are letters: ``i`` inputs, ``h`` hidden units, ``o`` outputs and others a cell explains.
    States have the batch ``B`` before their axes and start at zero.
    """

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """The length of every axis by its letter."""

    @abstractmethod
    def parameters(self) -> dict[str, Parameter]:
        """The trainable parameters, in a fixed order."""

    @abstractmethod
    def states(self) -> dict[str, str]:
        """The axes of every state."""

    @abstractmethod
    def advance(self, p: Tensors, s: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        """State and output ``(B, O)`` after input ``x (B, I)``, from *effective* parameters."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter."""
        return {name: self._shape(it.axes) for name, it in self.parameters().items()}

    def initial(self, generator: Generator) -> Tensors:
        """Raw parameters, drawn, float32 on the CPU."""
        return {
            name: it.law.raw(it.draw(generator, self._shape(it.axes)))
            for name, it in self.parameters().items()
        }

    def effective(self, raw: Mapping[str, Tensor]) -> Tensors:
        """The parameters of the equations, from the unconstrained ones that are trained."""
        return {name: it.law.effective(raw[name]) for name, it in self.parameters().items()}

    def blank(self, batch: int, like: Tensor) -> Tensors:
        """The state before any input, of the type and on the device of ``like``."""
        return {
            name: like.new_zeros((batch, *self._shape(axes)))
            for name, axes in self.states().items()
        }

    def step(self, raw: Tensors, state: Tensors, x: Tensor) -> tuple[Tensors, Tensor]:
        """State and output ``(B, O)`` after input ``x (B, I)``, from *raw* parameters."""
        return self.advance(self.effective(raw), state, x)

    def _shape(self, axes: str) -> tuple[int, ...]:
        sizes = self.sizes()
        return tuple(sizes[axis] for axis in axes)


def run(
    cell: Cell, raw: Tensors, state: Tensors, x: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensors]:
    """Outputs ``(B, T, O)`` over inputs ``x (B, T, I)``, and the state after them.

    Where ``mask (B, T)`` is false the input is padding: the state stays and the output is 0.
    """
    effective, outputs = cell.effective(raw), []
    if mask is not None:
        x = _where(mask.flatten(), x.flatten(0, 1), x.new_zeros(())).view_as(x)
    for t in range(x.shape[1]):
        new, y = cell.advance(effective, state, x[:, t])
        if mask is not None:
            new = carried(mask[:, t], new, state)
            y = _where(mask[:, t], y, torch.zeros_like(y))
        state = new
        outputs.append(y)
    return torch.stack(outputs, 1), state


def carried(live: Tensor, new: Tensors, old: Tensors) -> Tensors:
    """The new state of the streams that are ``live (B,)``, the old one of those that are not."""
    return {name: _where(live, new[name], old[name]) for name in new}


def check_sizes(cell: Cell) -> None:
    """Refuse a cell that is no cell, or larger than any memory, before anything of it is drawn."""
    _check_types(cell)
    name = type(cell).__name__
    for axis, size in cell.sizes().items():
        if not 1 <= size <= LARGEST:
            raise ValueError(
                f"every size of {name} must be at least 1 and at most {LARGEST}; axis {axis!r} has "
                f"{size}"
            )
    axes = [*(it.axes for it in cell.parameters().values()), *cell.states().values()]
    count = sum(math.prod(cell.sizes()[axis] for axis in one) for one in axes)
    if count > NUMBERS:
        raise ValueError(
            f"parameters and state of {name} must be at most 2^31 numbers, got {count}, with {cell}"
        )


def _check_types(cell: Cell) -> None:
    """Refuse a cell one of whose sizes or flags is of another type than it says."""
    for name, wanted in get_type_hints(type(cell)).items():
        given = vars(cell)[name]
        if type(given) is not wanted and not (wanted is float and type(given) is int):
            told = {int: "a whole number", bool: "true or false"}.get(wanted, "a number")
            raise ValueError(f"{name} of {type(cell).__name__} must be {told}, got {given!r}")


def _where(live: Tensor, new: Tensor, old: Tensor) -> Tensor:
    return torch.where(live.view(-1, *[1] * (new.ndim - 1)), new, old)
