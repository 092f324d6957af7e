"""Running a Hatchling: many tokens at once, or one after the other with ρ as an explicit value.

Both are the same sum. Within a block of tokens it is taken key by key (as attention without a
softmax), what came before the block is read from ρ; a block of one token is the recurrent form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from memlab.bdh.hatchling import Hatchling, Weights
from memlab.bdh.state import State
from memlab.draws import Draws

BLOCK = 128  # tokens; about where reading ρ (N d per token) costs what comparing keys does


@final
@dataclass(frozen=True)
class Layer:
    """What happened in a layer, each ``(R, heads, B, T, N)``; ``neurons`` lays heads together."""

    x: Tensor
    gate: Tensor  # (D_y LN(a))₊
    y: Tensor  # gate ⊙ x, what dropout left of it


@final
@dataclass(frozen=True)
class Pass:
    """What a run gives."""

    logits: Tensor  # (R, B, T, V), of the token after each
    state: State
    layers: tuple[Layer, ...]


@final
class Dropout:
    """Random masks, those of each replicate from a generator of its own."""

    def __init__(self, share: float, draws: Draws) -> None:
        self.kept = 1 - share
        seeds = draws.integers("dropout", 2**62)
        self.generators = [torch.Generator(draws.device).manual_seed(int(s)) for s in seeds]

    def of(self, y: Tensor) -> Tensor:
        """``y (R, …)``, a random share of it 0 and the rest larger by as much."""
        if self.kept == 1:
            return y
        masks = [torch.empty_like(y[0]).bernoulli_(self.kept, generator=g) for g in self.generators]
        return y * torch.stack(masks).div_(self.kept)


def run(model: Hatchling, weights: Weights, tokens: Tensor, state: State | None = None) -> Pass:
    """All tokens ``(R, B, T)`` int64 at once, after what the state has in mind (None: nothing)."""
    check_tokens(model, tokens)
    rho = [None] * model.layers if state is None else state.rho
    position = 0 if state is None else state.position
    start = _begun(model, weights, tokens, position)
    walked = [*_walked(model, weights, start, rho, onward=True)]
    after = tuple(rho for _, _, rho in walked if rho is not None)
    return Pass(
        _said(weights, walked[-1][1]),
        State(after, position + tokens.shape[2]),
        tuple(layer for layer, _, _ in walked),
    )


def step(model: Hatchling, weights: Weights, tokens: Tensor, state: State) -> Pass:
    """One token ``(R, B)`` of each sequence; costs the same however many came before."""
    return run(model, weights, tokens[..., None], state)


def logits(
    model: Hatchling, weights: Weights, tokens: Tensor, dropout: Dropout | None = None
) -> Tensor:
    """What ``run`` says of tokens without a past, ``(R, B, T, V)``, and nothing else."""
    check_tokens(model, tokens)
    start = _begun(model, weights, tokens, 0)
    v = start.v
    for _, above, _ in _walked(model, weights, start, [None] * model.layers, dropout, onward=False):
        v = above
    return _said(weights, v)


def neurons(activity: Tensor) -> Tensor:
    """Activity ``(R, heads, B, T, N)`` by sequence, ``(R, B, T, n)``, head after head."""
    return activity.permute(0, 2, 3, 1, 4).flatten(3)


def check_tokens(model: Hatchling, tokens: Tensor) -> None:
    """Raise ValueError for tokens that are not ``(R, B, T)`` of the vocabulary, or none."""
    if tokens.ndim != 3 or not tokens.numel():
        raise ValueError(
            f"tokens must be (replicates, sequences, steps), one or more, got {tuple(tokens.shape)}"
        )
    least, most = (int(edge) for edge in tokens.aminmax())
    if least < 0 or most >= model.vocabulary:
        raise ValueError(
            f"tokens must be in 0 … {model.vocabulary - 1}, got {least if least < 0 else most}"
        )


@final
@dataclass(frozen=True)
class _Start:
    """What the first layer is told."""

    v: Tensor  # (R, 1, B, T, d)
    turn: Tensor  # (T, N/2) complex, of the keys
    ages: dict[int, "_Ages"]  # of blocks of so many tokens


def _begun(model: Hatchling, weights: Weights, tokens: Tensor, position: int) -> _Start:
    rows = tokens.flatten(1)[..., None].expand(-1, -1, model.width)
    v = torch.unflatten(weights.embedding.gather(1, rows), 1, tokens.shape[1:])
    count = tokens.shape[2]
    ages = {size: _ages(model, size, v) for size in {min(BLOCK, count), count % BLOCK} - {0}}
    return _Start(_normal(v)[:, None], model.turns(position, count, v), ages)


def _walked(
    model: Hatchling,
    weights: Weights,
    start: _Start,
    rho: Sequence[Tensor | None],
    dropout: Dropout | None = None,
    *,
    onward: bool,
) -> Iterator[tuple[Layer, Tensor, Tensor | None]]:
    """Layer by layer: what happened in it, the v it gives, and its ρ afterwards if ``onward``."""
    v, below = start.v, None
    for before in rho:
        x = _through(v, weights.d_x).relu()
        if model.form == "paper" and below is not None:
            x = below + x
        below = x
        keys, values = _turned(x, start.turn), v.expand(-1, model.heads, -1, -1, -1)
        a, after = _recalled(keys, values, before, start.ages, onward=onward)
        gate = _through(_normal(a), weights.d_y).relu()
        y = gate * x if dropout is None else dropout.of(gate * x)
        out = _normal(_through(y, weights.e).sum(1, keepdim=True))
        v = out if model.form == "paper" else _normal(v + out)
        yield Layer(x, gate, y), v, after


def _recalled(
    keys: Tensor, values: Tensor, rho: Tensor | None, ages: dict[int, "_Ages"], *, onward: bool
) -> tuple[Tensor, Tensor | None]:
    """Σ_(τ < t) u^(t-τ) ⟨key_t, key_τ⟩ v_τ, ``(R, heads, B, T, d)``, and ρ after the last token.

    ``keys (R, heads, B, T, N)``, ``values (R, heads, B, T, d)``. With one block and nothing
    ``onward``, ρ is not needed and stays as it was.
    """
    found, count = [], keys.shape[3]
    for first in range(0, count, BLOCK):
        key, value = (z[..., first : first + BLOCK, :] for z in (keys, values))
        age = ages[key.shape[3]]
        a = (key @ key.mT * age.between) @ value
        if rho is not None:
            a = torch.addcmul(a, age.since, key @ rho)
        found.append(a)
        if onward or first + BLOCK < count:
            written = key.mT @ (age.until * value)
            rho = written if rho is None else torch.addcmul(written, age.all_of, rho)
    return torch.cat(found, 3) if len(found) > 1 else found[0], rho


@final
@dataclass(frozen=True)
class _Ages:
    """Damping within a block of T tokens, by age."""

    between: Tensor  # (heads, 1, T, T): u^(t-τ) for τ < t, else 0
    since: Tensor  # (heads, 1, T, 1): u^t since the beginning
    until: Tensor  # (heads, 1, T, 1): u^(T-t) until the next block
    all_of: Tensor  # (heads, 1, 1, 1): u^T


def _ages(model: Hatchling, count: int, like: Tensor) -> _Ages:
    u = model.kept(like)[:, None, None, None]
    at = torch.arange(count, dtype=like.dtype, device=like.device)[:, None]  # (T, 1)
    apart = at - at.T
    between = torch.where(apart > 0, u ** apart.clamp(min=0), 0.0)
    return _Ages(between, u**at, u ** (count - at), u**count)


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    """Pairs of neurons turned by the position of their token; the same for reading and writing."""
    pairs = torch.view_as_complex(torch.unflatten(x, -1, (-1, 2)))
    return torch.view_as_real(pairs * turn).flatten(-2)


def _through(z: Tensor, weights: Tensor) -> Tensor:
    """Each head's ``weights (R, heads, I, O)`` on ``z (R, 1 or heads, B, T, I)``."""
    return torch.unflatten(z.flatten(2, 3) @ weights, 2, z.shape[2:4])


def _said(weights: Weights, v: Tensor) -> Tensor:
    return _through(v, weights.head[:, None])[:, 0]


def _normal(z: Tensor) -> Tensor:
    return layer_norm(z, z.shape[-1:])
