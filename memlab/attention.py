"""What many stored vectors say to a state, block by block, so that temporaries stay small.

A state is compared with every stored vector (similarity), the likenesses are pulled apart (softmax
or a power), and the vectors are averaged with what comes out (Millidge et al., Universal Hopfield
Networks, ICML 2022). Stored vectors are unpacked a block at a time; the softmax runs over blocks
with a running maximum (Milakov and Gimelshein, 2018). Blocks change an answer by rounding only,
about 1e-6 of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import torch
from torch import Tensor
from torch.nn.functional import pad

from memlab.simplex import unpacked
from memlab.space import Space

Similarity: TypeAlias = Literal["dot", "centred", "euclidean"]

ELEMENTS = 2**19  # likenesses held at once
CUES = 256  # cues compared at once
FEWEST = 256  # rows of a block at least
SLACK = 8.0  # how far a likeness may exceed the running maximum before that is raised
NOTHING = -1e30  # a maximum over no rows
FLAT = 1e-5  # variance per value below which a vector is taken for constant


@final
@dataclass(frozen=True)
class Rows:
    """Stored vectors, packed, each with the log of its weight; -inf where there is none."""

    space: Space
    kept: Tensor  # (R, P, N)
    weight: Tensor  # (R, P)

    def blocks(self, cues: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Vectors ``(R, B, U)`` and log weights ``(R, 1, B)``, few enough for so many cues."""
        replicates, count = self.weight.shape
        size = max(FEWEST, ELEMENTS // (replicates * cues))
        for i in range(0, count, size):
            yield (
                unpacked(self.space, self.kept[:, i : i + size]),
                self.weight[:, None, i : i + size],
            )


@final
@dataclass(frozen=True)
class State:
    """Where recalls stand: ``vectors (R, C, U)``, 0 where unknown; what is known, if not all."""

    vectors: Tensor
    known: Tensor | None = None  # (R, C, U) 0 or 1; None: everything

    def part(self, first: int, last: int) -> "State":
        """The recalls ``first … last - 1``."""
        known = None if self.known is None else self.known[:, first:last]
        return State(self.vectors[:, first:last], known)


def softmax_mean(
    rows: Rows, state: State, *, beta: float, similarity: Similarity
) -> tuple[Tensor, Tensor]:
    """The mean vector ``(R, C, U)`` under softmax(β · similarity + log weight), and its log-sum.

    The log-sum-exp ``(R, C)`` leaves out what does not depend on the rows: with the Euclidean
    similarity, -½ |state|² of -½ |state - row|².
    """
    found = [_softmax_mean(rows, some, beta, similarity) for some in _portions(state)]
    return torch.cat([mean for mean, _ in found], dim=1), torch.cat([s for _, s in found], dim=1)


def power_mean(rows: Rows, state: State, power: int) -> tuple[Tensor, Tensor]:
    """The mean vector ``(R, C, U)`` under weights c F′(x), and Σ c F(x) ``(R, C)``.

    x is state · row / U, F(x) = x₊ⁿ, and c the exponential of a row's log weight.
    """
    found = [_power_mean(rows, some, power) for some in _portions(state)]
    return torch.cat([mean for mean, _ in found], dim=1), torch.cat([t for _, t in found], dim=1)


def power_pull(rows: Rows, state: State, power: int, *, rectified: bool) -> tuple[Tensor, Tensor]:
    """What pulls each unit up, all others as they are, ``(R, C, U)``; and Σ c F(x) ``(R, C)``.

    F(x) = xⁿ, or x₊ⁿ if rectified, of which the rest is as for ``power_mean``.

    Krotov and Hopfield's Σ c (F(x + (ξᵢ - ξᵢ sᵢ) / U) - F(x - (ξᵢ + ξᵢ sᵢ) / U)), halved and times
    Uⁿ, without its U passes over the rows: for units sᵢ of ±1 it is a product with ξ, less sᵢ times
    a sum that does not depend on i. A unit that is not known (0) is pulled by the product alone.
    c is relative to the largest, in float64: with equal weights all sums over units of ±1 are whole
    numbers, and a tie is a tie in any order.
    """
    floor = 0.0 if rectified else -torch.inf
    found = [_power_pull(rows, some, power, floor) for some in _portions(state)]
    return torch.cat([pull for pull, _ in found], dim=1), torch.cat([t for _, t in found], dim=1)


def _portions(state: State) -> Iterator[State]:
    for i in range(0, state.vectors.shape[1], CUES):
        yield state.part(i, i + CUES)


def _softmax_mean(
    rows: Rows, state: State, beta: float, similarity: Similarity
) -> tuple[Tensor, Tensor]:
    vectors = state.vectors
    top = total = vectors.new_zeros((*vectors.shape[:2], 1))
    mean = torch.zeros_like(vectors)
    for nth, (x, weight) in enumerate(rows.blocks(vectors.shape[1])):
        logits = _add_likeness(weight - top, state, x, beta, similarity)
        rise = logits.amax(-1, keepdim=True).clamp(min=0 if nth else NOTHING)
        if nth == 0 or float(rise.max()) > SLACK:
            logits -= rise
            top, fade = top + rise, torch.exp(-rise) if nth else torch.ones_like(rise)
            mean, total = mean * fade, total * fade
        shares = logits.exp_()
        total = total + shares.sum(-1, keepdim=True)
        mean = mean.baddbmm_(shares, x)
    mean /= total.clamp(min=torch.finfo(total.dtype).tiny)
    return mean, (top + total.log())[..., 0]


def _add_likeness(
    logits: Tensor, state: State, x: Tensor, beta: float, similarity: Similarity
) -> Tensor:
    """Add β · similarity of states with rows ``x (R, B, U)`` to ``logits (R, C, B)`` in place."""
    if similarity == "centred":
        return logits.add_(_centred(state, x), alpha=beta)
    logits.baddbmm_(state.vectors, x.transpose(1, 2), alpha=beta)
    if similarity == "euclidean":
        squares = x.square()
        if state.known is None:
            return logits.sub_(squares.sum(-1)[:, None], alpha=beta / 2)
        logits.baddbmm_(state.known, squares.transpose(1, 2), alpha=-beta / 2)
    return logits


def _centred(state: State, x: Tensor) -> Tensor:
    """Pearson over what is known, times how much that is; 0 where either side is constant."""
    known = torch.ones_like(state.vectors) if state.known is None else state.known
    across = x.transpose(1, 2)
    count = known.sum(-1, keepdim=True).clamp(min=1)
    own, sums = state.vectors.sum(-1, keepdim=True), known @ across
    spread = (known @ across.square() - sums.square() / count) / count
    own_spread = (state.vectors.square().sum(-1, keepdim=True) - own.square() / count) / count
    product = state.vectors @ across - own * sums / count
    flat = (spread < FLAT) | (own_spread < FLAT)
    scale = (spread * own_spread).clamp(min=FLAT**2).sqrt()
    return torch.where(flat, 0.0, product / scale)


def _power_mean(rows: Rows, state: State, power: int) -> tuple[Tensor, Tensor]:
    vectors = state.vectors
    total = slope = vectors.new_zeros((*vectors.shape[:2], 1))
    mean = torch.zeros_like(vectors)
    for x, weight in rows.blocks(vectors.shape[1]):
        likeness = (vectors @ x.transpose(1, 2) / vectors.shape[-1]).clamp(min=0)
        steep = weight.exp() * likeness ** (power - 1)
        total = total + (steep * likeness).sum(-1, keepdim=True)
        slope = slope + steep.sum(-1, keepdim=True)
        mean = mean.baddbmm_(steep, x)
    return mean / slope.clamp(min=torch.finfo(slope.dtype).tiny), total[..., 0]


def _power_pull(rows: Rows, state: State, power: int, floor: float) -> tuple[Tensor, Tensor]:
    vectors = state.vectors.double()
    top = pad(rows.weight, (0, 1), value=NOTHING).amax(-1)[:, None, None].double()
    total = excess = vectors.new_zeros((*vectors.shape[:2], 1))
    product = torch.zeros_like(vectors)
    for x, weight in rows.blocks(vectors.shape[1]):
        row, c = x.double(), (weight - top).exp()
        likeness = vectors @ row.transpose(1, 2)
        here, up, down = (c * (likeness + move).clamp(min=floor) ** power for move in (0, 2, -2))
        total = total + here.sum(-1, keepdim=True)
        excess = excess + ((up + down) / 2 - here).sum(-1, keepdim=True)
        product = product.baddbmm_((up - down) / 2, row)
    scale = top.exp() / float(vectors.shape[-1]) ** power
    return (product - vectors * excess).float(), (scale * total)[..., 0].float()
