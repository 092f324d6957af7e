"""Orders in which strings may be presented; ties keep the order in which the strings were given."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from memlab.draws import Draws

Whole: TypeAlias = NDArray[np.int64]  # strings (R, N, L)
Own: TypeAlias = NDArray[np.bool_]  # (R, N, L): which places hold a symbol of the string
Real: TypeAlias = NDArray[np.float64]


def ordered(patterns: Tensor, order: str, draws: Draws, *, ends: bool) -> Tensor:
    """Patterns ``(R, N, *shape)`` in an order of presentation: ``(R, N)`` int64 indices.

    A pattern is the string of its values in reading order. Where it ``ends``, the first 0 and what
    follows are no symbols of it; otherwise 0 is a symbol like any other, and all are as long.
    """
    if order not in ORDERS:
        raise KeyError(f"no order of presentation {order!r}; there are {', '.join(ORDERS)}")
    if order == "random":
        return draws.permutation("order", patterns.shape[1]).to(patterns.device)
    strings = patterns.flatten(2).detach().cpu().numpy().astype(np.int64)
    own = strings > 0 if ends else np.ones_like(strings, dtype=np.bool_)
    return torch.from_numpy(SORTED[order](strings, own)).to(patterns.device)


def surprise(strings: Whole, own: Own) -> Real:
    """Mean -log₂ p of the symbols of each string, ``(N, L)`` to ``(N,)``, p their share of all."""
    counts = np.bincount(strings[own])
    share = counts / counts.sum()
    bits = -np.log2(share, out=np.zeros_like(share), where=share > 0)
    mean: Real = bits[strings].sum(-1, where=own) / own.sum(-1)
    return mean.round(9)  # strings of the same symbols tie, in whichever order they were added


def _given(strings: Whole, _: Own) -> Whole:
    return np.tile(np.arange(strings.shape[1]), (len(strings), 1))


def _alphabetical(strings: Whole, _: Own) -> Whole:
    return np.lexsort(np.moveaxis(strings, -1, 0)[::-1])  # the first symbol counts most


def _short_first(_: Whole, own: Own) -> Whole:
    return _by(own.sum(-1))


def _long_first(_: Whole, own: Own) -> Whole:
    return _by(-own.sum(-1))


def _entropy_paced(strings: Whole, own: Own) -> Whole:
    return _by(np.stack([surprise(*each) for each in zip(strings, own, strict=True)]))


def _by(keys: Whole | Real) -> Whole:
    return keys.argsort(-1, kind="stable")


SORTED: dict[str, Callable[[Whole, Own], Whole]] = {
    "given": _given,
    "alphabetical": _alphabetical,
    "short_first": _short_first,
    "long_first": _long_first,
    "entropy_paced": _entropy_paced,  # the least surprising first
}
ORDERS = (*SORTED, "random")
