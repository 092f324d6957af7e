"""What published comparison 2A measures in a medium, and what it should have measured."""

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.studies.comparison_2a.media import Medium

Make: TypeAlias = Callable[[], Medium]  # a medium as it is after storing, or after not storing

KEPT, KEPT_TO_IDENTIFY = 0.5, 0.3  # shares of a cue; the published comment on the second says 0.7
SETTLING = 20  # steps before an overlap
NOISE, STEPS, LAST = 0.1, 100, 10  # of the dynamics: largest noise, steps, states looked at
PLANE = (-2, -1)


def cues(patterns: Tensor, draws: Draws, name: str, kept: float) -> list[tuple[Tensor, Tensor]]:
    """Per pattern the cue, with values outside the kept share zeroed, and what was kept."""
    shape = tuple(patterns.shape[1:])
    kept_of = [draws.at(name, i).uniform("kept", shape) < kept for i in range(len(patterns))]
    return [(p * mask, mask) for p, mask in zip(patterns, kept_of, strict=True)]


def pearson(a: Tensor, b: Tensor, where: Tensor | None = None) -> Tensor:
    """Pearson correlation over the plane, or where ``where`` is true; 0 where a side is constant.

    No floor under the amplitude: the published one has none, and states of 1e-4 count in full.
    """
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b = a.double().expand(shape), b.double().expand(shape)
    mask = torch.ones_like(a) if where is None else where.double().expand_as(a)
    n = mask.sum(PLANE, keepdim=True)
    x, y = ((z - (z * mask).sum(PLANE, keepdim=True) / n) * mask for z in (a, b))
    size = (x.square().sum(PLANE) * y.square().sum(PLANE)).sqrt()
    return torch.where(size > 0, (x * y).sum(PLANE) / torch.where(size > 0, size, 1.0), 0.0)


def identified(answer: Tensor, patterns: Tensor, index: int) -> Tensor:
    """Whether the pattern that an answer ``(R, n, n)`` resembles most is the right one, ``(R)``."""
    scores = torch.stack([pearson(answer, p) for p in patterns])
    return (scores.argmax(0) == index).double()


def capacity(make: Make, patterns: Tensor, draws: Draws) -> dict[str, Tensor]:
    """Likeness of recalls to the patterns, whole and where the cue was zeroed, each ``(R)``.

    Beside it, how large the answer is where the cue was zeroed, as a share of the rest.
    """
    medium, whole, hidden, faint = make(), [], [], []
    for p, (cue, kept) in zip(patterns, cues(patterns, draws, "half", KEPT), strict=True):
        medium.recall(cue)
        whole.append(pearson(medium.state(), p))
        hidden.append(pearson(medium.state(), p, ~kept))
        faint.append(_size(medium.state(), ~kept) / _size(medium.state(), kept))
    return {
        "capacity": _mean(whole),
        "hidden part": _mean(hidden),
        "hidden over kept": _mean(faint),
        "largest value": medium.state().abs().amax(PLANE),
    }


def overlap(make: Make, patterns: Tensor, draws: Draws) -> dict[str, Tensor]:
    """Likeness to the pattern just put in whole, and how far the last such state correlates."""
    medium, scores = make(), []
    for p in patterns:
        medium.inject(p.expand(len(draws.replicates), *p.shape))
        medium.evolve(SETTLING)
        scores.append(pearson(medium.state(), p))
    length, centred = (correlation_length(medium.state(), centred=c) for c in (False, True))
    return {"overlap": _mean(scores), "correlation length": length, "length, centred": centred}


def accuracy(make: Make, patterns: Tensor, draws: Draws) -> dict[str, Tensor]:
    """Share of patterns told from the others by the recall from a 30 % cue, ``(R)``."""
    medium, right = make(), []
    for i, (cue, _) in enumerate(cues(patterns, draws, "third", KEPT_TO_IDENTIFY)):
        medium.recall(cue)
        right.append(identified(medium.state(), patterns, i))
    return {"accuracy": _mean(right)}


def dynamics(make: Make, patterns: Tensor, draws: Draws) -> dict[str, Tensor]:
    """Convergence, the mean-square change of the last steps (large: none); and stability.

    The medium is reset first, as published.
    """
    medium = make()
    medium.reset()
    medium.inject(NOISE * draws.uniform("noise", tuple(patterns.shape[1:])))
    medium.evolve(STEPS - LAST)
    states = [medium.state()]
    for _ in range(LAST):
        medium.evolve(1)
        states.append(medium.state())
    last = torch.stack(states, 1).double()  # (R, LAST + 1, n, n)
    spread = last[:, 1:].flatten(1).var(1, correction=0)
    return {"convergence": last.diff(dim=1).square().mean((1, 2, 3)), "stability": 1 / (1 + spread)}


def correlation_length(state: Tensor, *, centred: bool) -> Tensor:
    """Cells at which the radial autocorrelation of ``(R, n, n)`` falls to 1/e, ``(R)``.

    Half the grid where it never does: always so for a positive field that keeps its mean.
    """
    x = state.double()
    x = x - x.mean(PLANE, keepdim=True) if centred else x
    power = torch.fft.fft2(x).abs().square()
    side = x.shape[-1]
    gap = torch.fft.fftfreq(side, 1 / side).double()
    radius = torch.hypot(gap[:, None], gap[None]).long().flatten()
    counts = torch.bincount(radius)
    rings = torch.stack(
        [torch.bincount(radius, plane.flatten()) / counts for plane in torch.fft.ifft2(power).real]
    )
    return torch.tensor([_fall(ring / ring[0], side // 2) for ring in rings], dtype=torch.float64)


def spearman_p(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Spearman's rank correlation and its exact two-sided p over all orders; values differ."""
    a, b = (np.argsort(np.argsort(x)).astype(float) for x in (first, second))
    rho = float(np.corrcoef(a, b)[0, 1])
    all_rho = [float(np.corrcoef(a, order)[0, 1]) for order in permutations(b)]
    return rho, float(np.mean([abs(r) >= abs(rho) - 1e-9 for r in all_rho]))


def _fall(ring: Tensor, cap: int) -> float:
    """The first crossing of 1/e, linear between whole radii."""
    goal = float(np.exp(-1))
    below = (ring[: cap + 1] < goal).nonzero()
    if not len(below):
        return float(cap)
    after = int(below[0])
    high, low = float(ring[after - 1]), float(ring[after])
    return after - 1 + (high - goal) / (high - low)


def _size(state: Tensor, where: Tensor) -> Tensor:
    """Mean absolute value where ``where`` is true, ``(R)``."""
    return (state.abs() * where).sum(PLANE) / where.sum(PLANE)


def _mean(values: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean(0)
