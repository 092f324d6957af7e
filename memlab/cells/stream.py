"""Streams that run through a network, which only is read: their state is their own."""

from collections.abc import Mapping
from typing import final

from memlab.cells.cell import Tensors
from memlab.cells.memory import arrays, blanked, joined, parted, stores, streams_of
from memlab.cells.network import Network
from memlab.cells.sequences import Array, numbers


@final
class Stream:
    """Streams side by side that go on where the last call ended, for one thread at a time.

    Of a model that was taught targets without the axis O, outputs have none either.
    """

    def __init__(self, network: Network, state: Tensors, *, flat: bool = False) -> None:
        self._network, self._flat = network, flat
        self._keep(state)

    def predict(self, given: object) -> Array:
        """Outputs for the next steps, ``X (T, I)`` or ``(N, T, I)``."""
        y = self._outputs(given)
        return y[..., 0] if self._flat else y

    def step(self, given: object) -> Array:
        """Outputs ``(O,)`` or ``(N, O)`` for one more step ``x (I,)`` or ``(N, I)``."""
        bare = numbers("x", given)
        if bare.ndim not in {1, 2}:
            raise ValueError(f"x must be a step (inputs,) or (N, inputs), got shape {bare.shape}")
        y = self._outputs(bare[..., None, :])[..., 0, :]
        return y[..., 0] if self._flat else y

    def reset_memory(self) -> None:
        """Clear every state."""
        self._memory.fill(0)

    def reset_manifold(self) -> None:
        """Clear the store alone."""
        self._keep(blanked(self._state(), stores(self._network.cell)))

    def get_memory_state(self) -> dict[str, Array]:
        """A copy of every state by name, ``(N, …)``."""
        return arrays(self._state())

    def set_memory_state(self, state: Mapping[str, object]) -> None:
        """Go on from this state instead, ``(N, …)`` of any N."""
        self._keep(self._network.checked(streams_of(state), state))

    def _outputs(self, given: object) -> Array:
        network, memory = self._network, self._memory
        y = network.answer(given, memory) if len(memory) == 1 else None
        return network.follow(given, memory) if y is None else y

    def _state(self) -> Tensors:
        return parted(self._memory, self._network.cell)

    def _keep(self, state: Tensors) -> None:
        self._memory = joined(state, self._network.cell)
