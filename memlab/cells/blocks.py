"""What several cells are built from: a liquid step and a decaying store."""

import torch
from torch import Tensor

from memlab.cells.cell import Tensors


def liquid(s: Tensor, f: Tensor, leak: Tensor, gain: Tensor) -> Tensor:
    """One implicit Euler step of ds/dt = A (-(1 + B |f|) s + B f), with time in steps.

    s' = (s + A B f) / (1 + A (1 + B |f|)) with leak A > 0 and gain B > 0: stable at any rate, and
    |s'| < 1 wherever |s| < 1. The stronger the drive f, the faster the unit follows.
    R. Hasani et al., Liquid time-constant networks, AAAI (2021).

    Adjoint, with D = 1 + A (1 + B |f|) and e = gs' / D: gs = e, gf = A B e (1 - s' sign f),
    gA = e (B f - s' (1 + B |f|)), gB = A e (f - s' |f|).
    """
    return (s + leak * gain * f) / (1 + leak * (1 + gain * f.abs()))


def unit_gain(kept: Tensor) -> Tensor:
    """√(1 - L²), the weight with which noise enters a trace that keeps L, for a gain of 1.

    An L that rounds to 1 would have an infinite slope: below 1e-6 the difference has none.
    """
    return (1 - kept.square()).clamp(min=1e-6).sqrt()


def gated_store(p: Tensors, store: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Write units ``s (B, …, H)`` into a store ``(B, …, M, H)``, then read it: store and read.

    k = σ(K s), q = σ(Q s), Mm'_mi = λ_m Mm_mi + (1 - λ_m) k_m Vv_mi s_i and r_i = Σ_m q_m Mm'_mi,
    so that no slot outgrows the largest thing ever written into it.

    Adjoint, GM being carried backwards: GM += q gr, zq = (Mm' gr) q (1 - q), w = (1 - λ) k,
    gλ_m += Σ_i GM_mi (Mm_mi - k_m Vv_mi s_i), zk_m = (1 - λ_m) k_m (1 - k_m) Σ_i GM_mi Vv_mi s_i,
    gVv_mi += GM_mi w_m s_i, gs_i += Σ_m GM_mi Vv_mi w_m + (Kᵀ zk + Qᵀ zq)_i, gK += zk sᵀ,
    gQ += zq sᵀ, GM ← λ GM.
    """
    key, query = (torch.sigmoid(times(p[name], s)) for name in ("K", "Q"))
    decay = p["decay"]
    written = ((1 - decay) * key)[..., None] * p["Vv"] * s[..., None, :]
    store = decay[..., None] * store + written
    return store, read(query, store)


def read(query: Tensor, store: Tensor) -> Tensor:
    """Σ_m q_m Mm_mi, ``(B, …, H)``."""
    return torch.matmul(query[..., None, :], store)[..., 0, :]


def times(weights: Tensor, s: Tensor) -> Tensor:
    """The product of ``weights (…, M, H)`` with every ``s (B, …, H)``: ``(B, …, M)``."""
    return torch.einsum("...mh,b...h->b...m", weights, s)
