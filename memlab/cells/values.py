"""Named tensors that stay what they are, so that what was made of them stays right."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import final

import numpy as np
import torch
from torch import Tensor


@final
class Values(Mapping[str, Tensor]):
    """Named float32 tensors in one array that is never written to.

    A copy is made whenever one is asked for: what is done to it changes nothing that is held here.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._shapes = {name: tuple(one.shape) for name, one in tensors.items()}
        self._flat = np.concatenate([one.detach().numpy().ravel() for one in tensors.values()])

    def __getitem__(self, name: str) -> Tensor:
        shape, begin = self._shapes[name], 0
        for other, earlier in self._shapes.items():
            if other == name:
                break
            begin += prod(earlier)
        return torch.tensor(self._flat[begin : begin + prod(shape)].reshape(shape))

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)
