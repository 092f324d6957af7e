"""What is known of attractor networks without running one.

N is the number of units, g the loop gain along a stored pattern, m the overlap with it.
"""

import math
from collections.abc import Sequence

from scipy.optimize import brentq

HEBB = 0.138  # load up to which a Hebbian memory retrieves, Amit, Gutfreund, Sompolinsky 1985
PUBLISHED = 1 - math.sqrt(0.1)  # overlap from which on the published study counts a success


def perfect_load(units: int) -> float:
    """Load up to which most patterns are fixed points without an error, 1 / (2 ln N).

    R. McEliece et al., IEEE Trans. Inf. Theory 33, 461 (1987).
    """
    return 1 / (2 * math.log(units))


def dense_items(units: int, power: int) -> float:
    """Items of a dense memory of energy xⁿ, N^(n-1) / (2 (2n - 3)!! ln N).

    D. Krotov and J. Hopfield, NIPS (2016).
    """
    double = math.prod(range(1, 2 * power - 2, 2))
    return float(units ** (power - 1)) / (2 * double * math.log(units))


def gain(weight: float, units: int, rate: float = 1.0) -> float:
    """Loop gain of a pattern written with this weight, without self-coupling: γ w (N - 1)."""
    return rate * weight * (units - 1)


def fixed_point(g: float) -> float:
    """The overlap at which one stored pattern rests: m = tanh(g m), 0 for g of 1 or less."""
    if g <= 1:
        return 0.0
    return float(brentq(lambda m: math.tanh(g * m) - m, 1e-9, 1.0))


def enough_gain(overlap: float) -> float:
    """The gain at which the fixed point is this overlap."""
    return math.atanh(overlap) / overlap


def critical_beta(units: int, emotion: float, rate: float = 1.0, overlap: float = 0.0) -> float:
    """β* up to which weights γ exp(-β E) hold one pattern at this overlap; below 0: at none.

    Overlap 0 is the bifurcation, g = 1.
    """
    needed = enough_gain(overlap) if overlap else 1.0
    return math.log(rate * (units - 1) / needed) / emotion


def effective_load(weights: Sequence[float], item: int, units: int) -> float:
    """α_eff of one of several weighted patterns, Σ w² / (N w_item²): what HEBB bounds."""
    return sum(w * w for w in weights) / (units * weights[item] ** 2)
