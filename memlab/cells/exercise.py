"""What a recurrent cell does with the patterns of a space; every array leads with R."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.draws import Draws
from memlab.space import Cue, Item

VECTOR = 3  # axes of a vector of each sequence of each replicate


class Exercise(ABC):
    """How a cell is shown patterns, what it answers, and how it is wrong about an item.

    Parameters are raw, ``(R, …)``. States ``(R, …)`` are those in which every sequence begins;
    None is the state before any input.
    """

    @property
    @abstractmethod
    def loss(self) -> str:
        """The unit of the loss."""

    @abstractmethod
    def answers(
        self, raw: Tensors, state: Tensors | None, cue: Cue
    ) -> tuple[list[Tensor], Tensor | None]:
        """The response ``(R, C, *shape)`` after each look at a cue, of which the last one counts.

        And the units ``(R, C, units)`` as they end, where a cue is one sequence.
        """

    @abstractmethod
    def gradients(
        self,
        raw: Tensors,
        learned: tuple[str, ...],
        state: Tensors | None,
        item: Item,
        draws: Draws,
    ) -> tuple[list[Tensor], Tensor]:
        """Of the loss ``(R,)`` on an item, for every learned parameter; and that loss."""


def check_trainable(cell: Cell, learned: tuple[str, ...]) -> None:
    """Refuse gradients that would have to go through units that are moved in place."""
    axes = {name: it.axes for name, it in cell.parameters().items()}
    deep = [name for name in learned if not axes[name].startswith("o")]
    if isinstance(cell, PublishedPmrc) and deep:
        raise ValueError(
            "a cell whose body learns must have a gradient, and PublishedPmrc has none, for it "
            f"moves its units in place; got learns of {', '.join(deep)}; learns=[V, c] would do, "
            "or the repaired memlab.cells.equations.pmrc.Pmrc"
        )


def units_of(state: Tensors) -> Tensor:
    """All vectors of a state as one, ``(R, C, units)``; what cells store in matrices is none."""
    return torch.cat([one for one in state.values() if one.ndim == VECTOR], -1)


def descended(
    raw: Tensors, learned: tuple[str, ...], loss: Callable[[Tensors], Tensor]
) -> tuple[list[Tensor], Tensor]:
    """Gradients of a loss ``(R,)`` of the learned parameters, 0 where it has none; and the loss."""
    with torch.enable_grad():
        moving = {name: raw[name].clone().requires_grad_() for name in learned}
        found = loss(moving)
        gradients = torch.autograd.grad(
            found.sum(), [*moving.values()], allow_unused=True, materialize_grads=True
        )
    return list(gradients), found.detach()
