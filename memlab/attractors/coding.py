"""Binary patterns as states of ±1 units, and what such networks have to refuse."""

import psutil
import torch
from torch import Tensor

from memlab.space import Cue, Space

BINARY = 2
BYTES = 4  # of a float32


def signs(values: Tensor) -> Tensor:
    """0 and 1 as -1 and +1, flattened to units: ``(R[, C], *shape)`` to ``(R[, C], N)``."""
    return 2 * values - 1


def start(cue: Cue) -> tuple[Tensor, Tensor]:
    """The state ``(R, C, N)`` a cue sets, ±1 where it says something, else 0; and what is certain.

    A faint cue is read against its own strongest value: half of that is the border.
    """
    values, given = cue.values.flatten(2), cue.given.flatten(2)
    if not bool(given.all()):
        values = values * given
    top = values.amax(2, keepdim=True)
    if not bool(((top == 0) | (top == 1)).all()):
        values = values / torch.where(top > 0, top, 1.0)
    state = signs(values).clamp_(-1, 1)
    return state if bool(given.all()) else state * given, cue.certain.flatten(2)


def check_binary(space: Space, name: str) -> None:
    """Raise ValueError for patterns that are not of zeros and ones."""
    if space.symbols != BINARY:
        raise ValueError(
            f"{name} has units of two states and holds binary patterns, got {space}; take "
            "patterns.alphabet=binary (digits, folder; see patterns.threshold), patterns.level=1 "
            "(shapes, random), or patterns=signs"
        )


def check_size(space: Space, name: str) -> None:
    """Raise ValueError where the couplings of one replicate alone exceed this machine's memory."""
    need, room = coupling_bytes(space.size), psutil.virtual_memory().total
    if need > room:
        sides = "×".join(map(str, space.shape))
        raise ValueError(
            f"{name} on {sides} = {space.size:,} units needs {need / 1e9:.3g} GB per replicate, "
            f"and this machine has {room / 1e9:.3g} GB; patterns of {fitting(room):,} values or "
            "fewer fit (patterns.size=64 needs 67 MB)"
        )


def coupling_bytes(units: int) -> int:
    """Bytes of all couplings between so many units."""
    return BYTES * units * units


def fitting(room: int) -> int:
    """The largest number of units whose couplings fit into so many bytes."""
    return int((room / BYTES) ** 0.5)
