"""Keyed random draws: pure functions of seed, replicate, key and name; no stream, no position."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Tensor

CPU = torch.device("cpu")

Key: TypeAlias = str | int


@final
@dataclass(frozen=True)
class Draws:
    """The random numbers of one act, for every replicate.

    The same seed, replicate, key and name give the same numbers, whatever was drawn before, in
    whichever order, and whichever other replicates take part. All shapes lead with R.
    """

    seed: int
    replicates: tuple[int, ...]
    device: torch.device = CPU
    key: tuple[Key, ...] = ()

    def at(self, *key: Key) -> "Draws":
        """The draws of a part of this act."""
        return replace(self, key=(*self.key, *key))

    def uniform(self, name: str, shape: tuple[int, ...] = ()) -> Tensor:
        """Uniform in [0, 1): ``(R, *shape)`` float32."""
        return self._stacked(name, lambda g: g.random(shape, dtype=np.float32))

    def normal(self, name: str, shape: tuple[int, ...] = ()) -> Tensor:
        """Standard normal: ``(R, *shape)`` float32."""
        return self._stacked(name, lambda g: g.standard_normal(shape, dtype=np.float32))

    def integers(self, name: str, high: int, shape: tuple[int, ...] = ()) -> Tensor:
        """Whole numbers in 0 … high - 1: ``(R, *shape)`` int64."""
        return self._stacked(name, lambda g: g.integers(high, size=shape, dtype=np.int64))

    def permutation(self, name: str, count: int) -> Tensor:
        """An order of 0 … count - 1 per replicate: ``(R, count)`` int64."""
        return self._stacked(name, lambda g: g.permutation(count))

    def _stacked(self, name: str, draw: Callable[[np.random.Generator], object]) -> Tensor:
        rows = [np.asarray(draw(self._generator(name, replicate))) for replicate in self.replicates]
        return torch.from_numpy(np.stack(rows)).to(self.device)

    def _generator(self, name: str, replicate: int) -> np.random.Generator:
        words = repr((self.seed, replicate, *self.key, name)).encode()
        digest = hashlib.sha256(words).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
