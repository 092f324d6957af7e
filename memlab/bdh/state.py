"""What a Hatchling has in mind: ρ of every layer, a value that can be kept, mixed and faded."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from memlab.bdh.hatchling import Hatchling


@final
@dataclass(frozen=True)
class State:
    """ρ after some tokens, as it will be read at the next one.

    Keys are turned by the position at which they were written: a key of age zero would stand at
    ``position``.
    """

    rho: tuple[Tensor, ...]  # of each layer (R, heads, B, N, d)
    position: int  # of the next token


def zero(model: Hatchling, *, replicates: int, sequences: int) -> State:
    """Nothing in mind."""
    shape = (replicates, model.heads, sequences, model.per_head, model.width)
    return State(tuple(torch.zeros(shape) for _ in range(model.layers)), 0)


def faded(model: Hatchling, state: State, tokens: int) -> State:
    """What so many tokens of silence leave: all is older and damped, nothing is written."""
    kept = model.kept(state.rho[0]) ** tokens
    rho = tuple(kept[:, None, None, None] * one for one in state.rho)
    return State(rho, state.position + tokens)


def weakened(state: State, share: float) -> State:
    """All of ρ weaker by a share, none of it older."""
    return replace(state, rho=tuple((1 - share) * one for one in state.rho))


def moved(model: Hatchling, state: State, position: int) -> State:
    """The same memories at the same ages, had the next token another position."""
    turn = model.turns(position - state.position, 1, state.rho[0])[0]  # (N/2)
    return State(tuple(_turned(one, turn) for one in state.rho), position)


def blended(model: Hatchling, first: State, second: State, share: float) -> State:
    """A share of the second state in the first, ages kept; the position is that of the first."""
    if [one.shape for one in first.rho] != [one.shape for one in second.rho]:
        raise ValueError(
            f"states must be of one model and one batch, got {tuple(first.rho[0].shape)} and "
            f"{tuple(second.rho[0].shape)}"
        )
    other = moved(model, second, first.position)
    pairs = zip(first.rho, other.rho, strict=True)
    return State(tuple(a.lerp(b, share) for a, b in pairs), first.position)


def save(state: State, path: Path) -> None:
    """Write a state as safetensors."""
    named = {f"rho.{n}": one.contiguous() for n, one in enumerate(state.rho)}
    save_file(named | {"position": torch.tensor(state.position)}, path)


def load(path: Path) -> State:
    """Read a state that ``save`` wrote; ValueError where the file holds none."""
    named = load_file(path)
    layers = [f"rho.{n}" for n in range(len(named) - 1)]
    if set(named) != {"position", *layers}:
        raise ValueError(f"{path} must hold the state of a Hatchling, got {sorted(named)}")
    return State(tuple(named[name] for name in layers), int(named["position"]))


def _turned(rho: Tensor, turn: Tensor) -> Tensor:
    """Pairs of neurons of ``rho (…, N, d)`` turned alike in every value."""
    pairs = torch.view_as_complex(torch.unflatten(rho, -2, (-1, 2)).mT.contiguous())  # (…, N/2, d)
    turned = torch.view_as_real(pairs * turn[:, None])
    return turned.mT.flatten(-3, -2).contiguous()
