"""How couplings are learned: one presentation of a ±1 pattern, in place, per replicate.

Couplings ``w (R, N, N)`` are symmetric, patterns ``x (R, N)`` are ±1, strengths ``(R,)`` say how
much a presentation counts. N is the number of units.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

KNOWN = 1e-5  # a pattern this well held already, per unit, teaches the projection rule nothing

Rule: TypeAlias = Callable[[Tensor, Tensor, Tensor], None]


def hebb(w: Tensor, x: Tensor, strength: Tensor) -> None:
    """w_ij += s x_i x_j / N, without self-coupling.

    J. Hopfield, PNAS 79, 2554 (1982).
    """
    w.baddbmm_(_column(x * strength[:, None]), x[:, None, :], alpha=1 / x.shape[1])
    _no_self(w)


def storkey(w: Tensor, x: Tensor, strength: Tensor) -> None:
    """w_ij += s (x_i x_j - x_i h_ji - h_ij x_j) / N with h_ij = Σ_{k ≠ i,j} w_ik x_k.

    A. Storkey, ICANN (1997). With ±1 units h_ij = h_i - w_ij x_j, so that the three outer products
    become two and a multiple of w itself.
    """
    n = x.shape[1]
    fields = torch.bmm(w, _column(x))[..., 0]
    scale = (strength / n)[:, None]
    w.mul_((1 + 2 * scale)[..., None])
    w.baddbmm_(_column(scale * (x - fields)), x[:, None, :])
    w.baddbmm_(_column(scale * x), -fields[:, None, :])
    _no_self(w)


def projection(w: Tensor, x: Tensor, strength: Tensor) -> None:
    """W += s r rᵀ / (r · x) with the part r = x - w x that w does not hold yet.

    One step of s = 1 makes x an exact fixed point of w and leaves those before it as they are: w
    stays the projector onto all patterns, which the pseudo-inverse gives at once. It keeps its
    diagonal, without which it would be none; the dynamics leave it out. s above 1 counts as 1.
    L. Personnaz, I. Guyon and G. Dreyfus, J. Physique Lett. 46, L359 (1985); S. Diederich and
    M. Opper, PRL 58, 949 (1987).
    """
    rest = x - torch.bmm(w, _column(x))[..., 0]
    size = (rest * x).sum(1, keepdim=True)
    new = size > KNOWN * x.shape[1]
    share = torch.where(new, strength.clamp(max=1)[:, None] / torch.where(new, size, 1.0), 0.0)
    w.baddbmm_(_column(share * rest), rest[:, None, :])


def faded(w: Tensor, decay: float, presentations: int) -> None:
    """Every coupling loses a share of itself per presentation's time."""
    if decay:
        w.mul_((1 - decay) ** presentations)


def bounded(w: Tensor, bound: float | None) -> None:
    """No coupling beyond ±bound/√N. G. Parisi, J. Phys. A 19, L617 (1986)."""
    if bound is not None:
        limit = bound / w.shape[-1] ** 0.5
        w.clamp_(-limit, limit)


RULES: dict[str, Rule] = {"hebb": hebb, "storkey": storkey, "projection": projection}


def _column(x: Tensor) -> Tensor:
    return x[:, :, None]


def _no_self(w: Tensor) -> None:
    w.diagonal(dim1=1, dim2=2).zero_()
