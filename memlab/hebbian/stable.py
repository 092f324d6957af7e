"""A Hebbian layer that keeps its codes apart: centred input, bounded rows, homeostatic thresholds.

    x = (h - μ) / |h - μ|,   a = (S + F) x - θ,   y = 1 for the k largest a, else 0
    row norm:  W ← W + rate ⟨y xᵀ⟩, rows scaled to length 1
    Oja:       W ← W + rate (⟨y xᵀ⟩ - ⟨y²⟩ W)
    θ ← θ + θ-rate (⟨y⟩ - k/H),   μ ← μ + μ-rate (⟨h⟩ - μ)

W = S + F: what a batch changes goes into the fast weights F. In every step, with input or without,
a share ``consolidation`` of F becomes slow and then a share ``decay`` of the rest is lost, so that
a layer left alone returns to its slow weights S. ⟨⟩ is the mean over all tokens of a batch.

E. Oja, J. Math. Biol. 15, 267 (1982); D. Rumelhart and D. Zipser, Cogn. Sci. 9, 75 (1985), for
rows of fixed length; P. Földiák, Biol. Cybern. 64, 165 (1990), for thresholds that keep every unit
in use.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from memlab.draws import Draws
from memlab.hebbian.features import shares
from memlab.hebbian.winners import binary, check_winners, won

Rule: TypeAlias = Literal["row_norm", "oja"]

ACTIVITY = "activity"  # a, in the words of an error
FLAT = 1e-6  # a centred input shorter than this says nothing and stays short


@final
@dataclass(frozen=True)
class Stable:
    """How a layer of H units learns from F features; all rates and shares are per step."""

    units: int = 128
    winners: int = 5
    rule: Rule = "row_norm"
    rate: float = 0.1  # of the weights
    threshold_rate: float = 0.03
    mean_rate: float = 0.01
    decay: float = 0.0  # share of the fast weights lost
    consolidation: float = 0.0  # share of the fast weights that becomes slow

    def __post_init__(self) -> None:
        check_winners(self.winners, self.units)
        if self.rule not in RULES:
            raise ValueError(f"rule must be one of {sorted(RULES)}, got {self.rule!r}")
        for name in ("rate", "threshold_rate"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        for name in ("mean_rate", "decay", "consolidation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")

    def blank(self, draws: Draws, features: Tensor) -> "Traces":
        """Random rows of length 1, no thresholds, and the mean of ``features (R, V, F)``."""
        rows = draws.normal("slow", (self.units, features.shape[-1]))
        slow = normalize(rows, dim=-1)
        threshold = slow.new_zeros(slow.shape[:2])
        return Traces(slow, torch.zeros_like(slow), features.mean(1), threshold)


@final
@dataclass(frozen=True)
class Traces:
    """All that a layer remembers."""

    slow: Tensor  # S (R, H, F)
    fast: Tensor  # F (R, H, F)
    mean: Tensor  # μ (R, F)
    threshold: Tensor  # θ (R, H)

    @property
    def weights(self) -> Tensor:
        """S + F."""
        return self.slow + self.fast


def codes(layer: Stable, traces: Traces, features: Tensor) -> Tensor:
    """The winners of every token of the vocabulary, bool ``(R, V, H)``, exactly k in each row."""
    fields = _fields(traces, traces.weights, _centred(traces, features))
    return won(fields, layer.winners)


def step(
    layer: Stable,
    traces: Traces,
    features: Tensor,
    tokens: Tensor,
    *,
    salience: Tensor | float = 1.0,
    nth: int = 1,
) -> tuple[Traces, Tensor]:
    """What is remembered after a batch ``tokens (R, …)``, and the codes ``(R, V, H)`` it met with.

    ``salience (R,)`` multiplies what is learned, not what decays: with 0 a step is ``rested(1)``.
    FloatingPointError names the array that is no longer finite, the replicate and the ``nth`` step.
    """
    share, gain = shares(tokens, features.shape[1]), _column(salience, features)
    x, weights = _centred(traces, features), traces.weights
    fields = _fields(traces, weights, x)
    check({ACTIVITY: fields}, layer, nth)
    won_by = won(fields, layer.winners)
    active = share[..., None] * binary(won_by)  # (R, V, H)
    use = active.sum(1)  # ⟨y⟩ (R, H)
    learned = RULES[layer.rule](weights, torch.bmm(active.mT, x), use, layer.rate * gain[..., None])
    seen = (share[:, None] @ features)[:, 0]  # ⟨h⟩ (R, F)
    after = Traces(
        traces.slow,
        traces.fast + (learned - weights),
        traces.mean + (layer.mean_rate * gain).clamp(max=1) * (seen - traces.mean),
        traces.threshold + layer.threshold_rate * gain * (use - layer.winners / layer.units),
    )
    check(vars(after), layer, nth)
    return rested(layer, after, 1), won_by


def rested(layer: Stable, traces: Traces, steps: int) -> Traces:
    """What is left after so many steps without input."""
    kept = (1 - layer.consolidation) * (1 - layer.decay)  # share of F that a step leaves
    times = steps if kept == 1 else (1 - kept**steps) / (1 - kept)
    slow = traces.slow + layer.consolidation * times * traces.fast
    return replace(traces, slow=slow, fast=kept**steps * traces.fast)


def lost(array: str, replicate: int, layer: Stable, nth: int) -> FloatingPointError:
    """What is told of a layer that learned too fast."""
    return FloatingPointError(
        f"{array} of the layer must stay finite, got a NaN or infinity in step {nth} in replicate "
        f"{replicate}; take a lower rate (now {layer.rate:g})"
    )


def check(arrays: Mapping[str, Tensor], layer: Stable, nth: int) -> None:
    """Raise FloatingPointError for the first array that is not finite, and its replicate."""
    for name, values in arrays.items():
        if not bool(values.sum().isfinite()):  # one pass, no array
            bad = ~values.flatten(1).isfinite().all(1)
            if bool(bad.any()):  # and not the sum alone
                raise lost(name, int(bad.nonzero()[0]), layer, nth)


def _fields(traces: Traces, weights: Tensor, x: Tensor) -> Tensor:
    """The activity a ``(R, V, H)``."""
    return torch.baddbmm(-traces.threshold[:, None], x, weights.mT)


def _centred(traces: Traces, features: Tensor) -> Tensor:
    """The input x of every token, ``(R, V, F)``."""
    return normalize(features - traces.mean[:, None], dim=-1, eps=FLAT)


def _row_norm(weights: Tensor, driven: Tensor, use: Tensor, rate: Tensor) -> Tensor:
    """Rows that were not driven stay as they are."""
    moved = normalize(weights + rate * driven, dim=-1)
    return torch.where((rate > 0) & (use > 0)[..., None], moved, weights)


def _oja(weights: Tensor, driven: Tensor, use: Tensor, rate: Tensor) -> Tensor:
    return weights + rate * (driven - use[..., None] * weights)  # y² = y


def _column(salience: Tensor | float, like: Tensor) -> Tensor:
    """Salience ``(R, 1)``."""
    return torch.as_tensor(salience, dtype=like.dtype, device=like.device).expand(len(like))[
        :, None
    ]


RULES: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "row_norm": _row_norm,
    "oja": _oja,
}
