"""Intervals, tests and corrections over replicates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import TYPE_CHECKING, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

if TYPE_CHECKING:
    from torch import Tensor

Floats: TypeAlias = NDArray[np.float64]

RESAMPLES = 9_999
DRAWS = 2_000  # resamples behind a band
SEED = 20_250_101  # of the resampling alone, so that a report repeats to the last digit
EXACT_UP_TO = 16  # replicates for which all 2^n sign patterns are listed
FLIPS = 131_072  # sign patterns drawn above that
ROUNDING = 1e-12  # differences this small, relative to the values, are none
NOISE = 1e-6  # scores closer than this are equal: one answer, computed in batches of two shapes
SMALL, LARGE = 0.01, 100  # between these, numbers are printed with three decimals


@final
@dataclass(frozen=True)
class Estimate:
    """A mean over replicates with its 95 % BCa interval.

    The interval is the point itself where all replicates agree, and None for a single replicate,
    which says nothing about spread.
    """

    values: tuple[float, ...]  # (R)
    mean: float
    low: float | None
    high: float | None

    @property
    def n(self) -> int:
        """The number of replicates."""
        return len(self.values)

    def __str__(self) -> str:
        return self._told(_short)

    def rounded(self, decimals: int) -> str:
        """Mean and interval with so many decimals."""
        return self._told(lambda value: f"{value:.{decimals}f}")

    def _told(self, number: Callable[[float], str]) -> str:
        if self.low is None or self.high is None:
            return f"{number(self.mean)} (n = 1, no interval)"
        return f"{number(self.mean)} [{number(self.low)}, {number(self.high)}]"


def estimate(values: "Tensor | Sequence[float]") -> Estimate:
    """Mean and 95 % bias-corrected accelerated bootstrap interval of ``values (R,)``."""
    x = np.asarray(values, dtype=np.float64).reshape(-1)
    if x.size == 0 or not np.isfinite(x).all():
        raise ValueError(f"an estimate needs finite values of at least one replicate, got {x}")
    low, high = bca(x)
    return Estimate(tuple(x.tolist()), float(x.mean()), low, high)


def bca(values: Floats, *, level: float = 0.95) -> tuple[float | None, float | None]:
    """The bootstrap interval of the mean of ``values (R,)``; (None, None) for one replicate."""
    if values.size == 1:
        return None, None
    if _alike(values):
        return float(values.mean()), float(values.mean())
    interval = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=level,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def band(curves: "Tensor") -> tuple[Floats, Floats]:
    """The 95 % percentile-bootstrap band of the mean of ``curves (R, S)``, NaN where all are."""
    x = curves.double().numpy()
    weights = np.random.default_rng(SEED).multinomial(len(x), [1 / len(x)] * len(x), size=DRAWS)
    there = np.isfinite(x)
    count = weights @ there
    means = (weights @ np.where(there, x, 0.0)) / np.where(count, count, np.nan)  # (DRAWS, S)
    low, high = np.quantile(np.where(count, means, np.nan), [0.025, 0.975], axis=0)
    return low, high


def differing(differences: "Tensor | Sequence[float]") -> Floats:
    """Paired differences ``(R,)`` of scores, 0 where they are float noise."""
    d = np.asarray(differences, dtype=np.float64).reshape(-1)
    return np.where(np.abs(d) < NOISE, 0.0, d)


def sign_flip_p(differences: "Tensor | Sequence[float]") -> float:
    """Two-sided p of paired ``differences (R,)`` under random signs, statistic |mean|.

    Exact up to 16 replicates, where the smallest p is 2^(1 - R); above that, the share among
    131,072 seeded random sign patterns and the observed one. Zeros stay zero under any sign, so
    they weaken the test instead of being dropped. All zero gives 1, and float noise is zero.
    """
    d = differing(differences)
    if d.size == 0 or not np.isfinite(d).all():
        raise ValueError(f"a sign-flip test needs finite differences, got {d}")
    observed = abs(float(d.sum())) - ROUNDING * float(np.abs(d).sum())  # ties despite rounding
    if d.size <= EXACT_UP_TO:
        return float(np.mean(np.abs(_all_signs(d.size) @ d) >= observed))
    return float((1 + np.sum(np.abs(_drawn_signs(d.size) @ d) >= observed)) / (1 + FLIPS))


def smallest_p(replicates: int) -> float:
    """The least two-sided p that a sign-flip test over so many replicates can give."""
    return min(1.0, 2.0 ** (1 - replicates))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down correction, in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return tuple(corrected.tolist())


def cohen_dz(differences: "Tensor | Sequence[float]") -> float | None:
    """Mean paired difference in units of its own deviation; None where that is not defined."""
    d = differing(differences)
    if d.size == 1 or _alike(d):
        return None
    return float(d.mean() / d.std(ddof=1))


def _alike(values: Floats) -> bool:
    """Whether all values agree up to rounding."""
    return bool(np.ptp(values) <= ROUNDING * max(1.0, float(np.abs(values).max())))


@cache
def _all_signs(n: int) -> Floats:
    return np.array(list(product((-1.0, 1.0), repeat=n)), dtype=np.float64)  # (2^n, n)


@lru_cache(maxsize=1)  # 1 MB per replicate
def _drawn_signs(n: int) -> Floats:
    return np.random.default_rng(SEED).choice([-1.0, 1.0], size=(FLIPS, n))


def _short(value: float) -> str:
    if abs(value) >= LARGE:
        return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    return f"{value:.3f}" if abs(value) >= SMALL or value == 0 else f"{value:.2g}"
