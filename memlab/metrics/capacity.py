"""How many items a memory held when it had climbed a ladder of loads (axis *items*)."""

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.ladder import HALF, Ladder, ladder, largest
from memlab.metrics.measure import Measure, answered, averaged
from memlab.metrics.memory import BINARY, bits_beyond_cue, engram_bytes
from memlab.session import Session

Floats: TypeAlias = NDArray[np.float64]

STEEPEST = 50.0  # of a fitted curve, per unit of log load: one without any overlap is a step
CERTAIN = 1e-9  # no probability is nearer to 0 or 1 than this


def load(session: Session, *, arm: str, axis: str = "items", measure: str = "success") -> Measure:
    """α*: the largest rung at which half of the cues still succeed, per value of a pattern."""
    items = largest(session, axis=axis, measure=measure, arm=arm)
    return items if isinstance(items, Absent) else items / session.space.size


def fitted_load(session: Session, *, arm: str, measure: str = "success") -> Measure:
    """Load at which a logistic curve in log(items), fitted to each replicate, is at one half.

    Maximum likelihood of the successes at every rung. Absent where no rung fails, or none succeeds.
    """
    found = ladder(session, axis="items", measure=measure, arm=arm)
    if isinstance(found, Absent):
        return found
    high, low = found.values.amin(1) >= HALF, found.values.amax(1) < HALF
    if bool((high | low).any()):
        return Absent(
            f"a fit needs rungs above and below one half; {measure} is above at every rung in "
            f"{int(high.sum())} and below in {int(low.sum())} of {len(high)} replicates"
        )
    return _midpoints(found) / session.space.size


def bits_per_byte(session: Session, *, arm: str) -> Measure:
    """Bits that all items together hold beyond their cues, over bytes of memory, at its best rung.

    Binary values; the items asked for stand for all that were learned.
    """
    if session.space.symbols != BINARY:
        return Absent("only binary values are counted in bits of a symmetric channel")
    found = ladder(session, axis="items", arm=arm)
    if isinstance(found, Absent):
        return found
    rows: list[Tensor] = []
    for rung, recall in zip(found.x, found.recalls, strict=True):
        places = range(len(recall.items))
        bits = averaged(bits_beyond_cue, answered(session, recall, places))
        size = engram_bytes(session, arm=arm, phase=f"learn {rung:g}")
        if isinstance(bits, Absent):
            return bits
        if isinstance(size, Absent) or not bool((size > 0).all()):
            return size if isinstance(size, Absent) else Absent("the memory holds no bytes")
        rows.append(bits.clamp(min=0) * rung / size)
    return torch.stack(rows).amax(0)


def _midpoints(found: Ladder) -> Tensor:
    """The fitted midpoints ``(R,)``, in items."""
    x = np.log(np.asarray(found.x))
    asked = np.asarray([len(recall.items) for recall in found.recalls], dtype=np.float64)
    return torch.tensor([_midpoint(x, row, asked) for row in found.values.double().numpy()])


def _midpoint(x: Floats, share: Floats, asked: Floats) -> float:
    """The place at which the likeliest falling logistic curve through these shares is at 1/2."""

    def surprise(given: Floats) -> float:
        p = np.clip(expit(given[1] * (given[0] - x)), CERTAIN, 1 - CERTAIN)
        return float(-(asked * (share * np.log(p) + (1 - share) * np.log(1 - p))).sum())

    start = np.array([x[share >= HALF].max(), 5.0])
    ends = [(x[0], x[-1]), (0.1, STEEPEST)]
    return float(np.exp(minimize(surprise, start, bounds=ends, method="L-BFGS-B").x[0]))
