"""Orders in which strings may be presented; ties keep the order in which the strings were given."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from memlab.draws import Draws

Whole: TypeAlias = NDArray[np.int64]  # strings (R, N, L): symbols from 1, then 0 to the last place
Real: TypeAlias = NDArray[np.float64]


def ordered(patterns: Tensor, order: str, draws: Draws) -> Tensor:
    """The strings ``patterns (R, N, L)`` in an order of presentation: ``(R, N)`` int64 indices."""
    if order not in ORDERS:
        raise KeyError(f"no order of presentation {order!r}; there are {', '.join(ORDERS)}")
    if order == "random":
        return draws.permutation("order", patterns.shape[1]).to(patterns.device)
    strings = patterns.detach().cpu().numpy().astype(np.int64)
    return torch.from_numpy(SORTED[order](strings)).to(patterns.device)


def surprise(strings: Whole) -> Real:
    """Mean -log₂ p of the symbols of each string, ``(N, L)`` to ``(N,)``, p their share of all."""
    counts = np.bincount(strings.ravel())
    counts[0] = 0  # neither the end nor padding is a symbol of a string
    share = counts / counts.sum()
    bits = -np.log2(share, out=np.zeros_like(share), where=share > 0)
    mean: Real = bits[strings].sum(-1) / (strings > 0).sum(-1)
    return mean.round(9)  # strings of the same symbols tie, in whichever order they were added


def _given(strings: Whole) -> Whole:
    return np.tile(np.arange(strings.shape[1]), (len(strings), 1))


def _alphabetical(strings: Whole) -> Whole:
    return np.lexsort(np.moveaxis(strings, -1, 0)[::-1])  # the first symbol counts most


def _short_first(strings: Whole) -> Whole:
    return _by((strings > 0).sum(-1))


def _long_first(strings: Whole) -> Whole:
    return _by(-(strings > 0).sum(-1))


def _entropy_paced(strings: Whole) -> Whole:
    return _by(np.stack([surprise(each) for each in strings]))


def _by(keys: Whole | Real) -> Whole:
    return keys.argsort(-1, kind="stable")


SORTED: dict[str, Callable[[Whole], Whole]] = {
    "given": _given,
    "alphabetical": _alphabetical,
    "short_first": _short_first,
    "long_first": _long_first,
    "entropy_paced": _entropy_paced,  # the least surprising first
}
ORDERS = (*SORTED, "random")
