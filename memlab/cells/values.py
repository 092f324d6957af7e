"""Named tensors in one array, so that whether any of them has changed is one comparison."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import final

import numpy as np
import torch
from torch import Tensor

from memlab.cells.sequences import Array


@final
class Values(Mapping[str, Tensor]):
    """Named float32 tensors, each a view into one array that is this object's own.

    A view is made whenever it is asked for: whatever writes into one writes into the array, and
    nothing else that is done to it, another shape or another storage, reaches what is held here.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._shapes = {name: tuple(one.shape) for name, one in tensors.items()}
        self.flat = np.concatenate([one.detach().numpy().ravel() for one in tensors.values()])

    def with_values(self, flat: Array) -> "Values":
        """The same names and shapes in another array."""
        other = object.__new__(Values)
        other._shapes, other.flat = self._shapes, flat
        return other

    def __getitem__(self, name: str) -> Tensor:
        shape, begin = self._shapes[name], 0
        for other, earlier in self._shapes.items():
            if other == name:
                break
            begin += prod(earlier)
        return torch.from_numpy(self.flat[begin : begin + prod(shape)].reshape(shape))

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)
