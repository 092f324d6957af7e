"""What two published phase locking values can and cannot mean, as the measured rows have it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

import numpy as np

from memlab.studies.coherence.measures import plv_by_chance
from memlab.studies.coherence.series import GAP, Row, curve
from memlab.studies.study import Saying, difference

EMOTIONAL, NEUTRAL = 0.78, 0.62  # published, without data, number of trials, task or channels
ERRORS = (0.02, 0.03)  # published standard errors of the two
CONFOUNDS = {"line": "a 50 Hz line", "shared": "a source that both electrodes see"}


def verdict(rows: Sequence[Row]) -> list[str]:
    """Sentences, each only if the rows bear it out."""
    said: tuple[Saying[Row], ...] = (
        _coupling,
        _confounds,
        _shuffling,
        _correction,
        _lag,
        _trials,
        _errors,
        _neighbours,
        _otherwise,
        _conclusion,
    )
    return [sentence for part in said for sentence in part(rows)]


def reached(rows: Sequence[Row], goal: float) -> float | None:
    """The level at which a curve first comes to a value, linear between levels; None if never."""
    for before, after in pairwise(rows):
        low, high = before.measured.mean, after.measured.mean
        if low <= goal <= high and low < high:
            return before.level + (after.level - before.level) * (goal - low) / (high - low)
    return None


def unexplained(row: Row) -> bool:
    """Whether the interval lies above that of mispaired trials."""
    return row.reference.high is not None and row.low > row.reference.high


def both(rows: Sequence[Row], series: str) -> tuple[float, float] | None:
    """The levels at which the PLV of a series is as published for neutral and for emotional.

    The curve of a confound begins where its amplitude, like the coupling, is 0.
    """
    start = [row for row in curve(rows, "coupling", "PLV") if row.level == 0]
    along = start * (series in CONFOUNDS) + curve(rows, series, "PLV")
    neutral, emotional = reached(along, NEUTRAL), reached(along, EMOTIONAL)
    return None if neutral is None or emotional is None else (neutral, emotional)


def _coupling(rows: Sequence[Row]) -> Iterator[str]:
    levels = both(rows, "coupling")
    if levels is None:
        yield f"No coupling that was tried reaches a PLV of {NEUTRAL} and of {EMOTIONAL}."
    else:
        at = " and ".join(f"{level:.2f}" for level in levels)
        yield f"A PLV of {NEUTRAL} and of {EMOTIONAL} can be coupling, here of {at}."


def _confounds(rows: Sequence[Row]) -> Iterator[str]:
    for name in _alone(rows):
        levels = both(rows, name) or ()
        at = " and ".join(f"{level:.2f}" for level in levels)
        yield f"Without any coupling, {CONFOUNDS[name]} of amplitude {at} gives the same two."


def _shuffling(rows: Sequence[Row]) -> Iterator[str]:
    found = [row for name in _alone(rows) for row in curve(rows, name, "PLV")]
    if found and all(unexplained(row) for row in found):
        most = max(row.reference.mean for row in found)
        yield (
            f"Mispaired trials do not unmask that: their PLV stays at {most:.2f} or below, so "
            "the confounds pass as significant."
        )


def _correction(rows: Sequence[Row]) -> Iterator[str]:
    found = [row for name in _alone(rows) for row in curve(rows, name, "PPC")]
    if found and all(unexplained(row) for row in found):
        most = max(row.measured.mean for row in found)
        yield (
            "Neither does the PPC: it is free of the bias of few trials, not of confounds "
            f"(up to {most:.2f} without coupling)."
        )


def _lag(rows: Sequence[Row]) -> Iterator[str]:
    levels, along = both(rows, "coupling"), curve(rows, "coupling", "wPLI")
    found = [row for name in CONFOUNDS for row in curve(rows, name, "wPLI")]
    if levels is None or not found:
        return
    most = max(row.high for row in found)
    x, y = [row.level for row in along], [row.measured.mean for row in along]
    coupled = float(np.interp(levels[0], x, y))
    if most < coupled:
        yield (
            f"The wPLI tells them apart: at most {most:.2f} with confounds alone, {coupled:.2f} "
            f"with the coupling that gives {NEUTRAL}. No wPLI was published."
        )


def _trials(rows: Sequence[Row]) -> Iterator[str]:
    """What fewer trials alone add to the PLV."""
    few, many = curve(rows, "unequal", "PLV")
    gain, gap = difference(few, many), EMOTIONAL - NEUTRAL
    if gain.low is None or gain.low <= 0:
        return
    enough = "enough" if gain.mean >= gap else "not enough alone"
    yield (
        f"{few.level:g} trials in place of {many.level:g} add {gain.rounded(3)} to the PLV at "
        f"equal coupling: {enough} for the published difference of {gap:.2f}."
    )


def _errors(rows: Sequence[Row]) -> Iterator[str]:
    """How the published standard errors compare with the sampling error of one recording."""
    along = curve(rows, "coupling", "PLV")
    near = min(along, key=lambda row: abs(row.measured.mean - NEUTRAL))
    spread = float(np.std(near.measured.values, ddof=1))
    apart = (EMOTIONAL - NEUTRAL) / hypot(*ERRORS)
    yield (
        f"Repeated recordings of equal coupling differ by {spread:.3f} (standard deviation, at a "
        f"PLV of {near.measured.mean:.2f}); the published errors of {ERRORS[0]} and {ERRORS[1]} "
        f"put the two {apart:.1f} standard errors apart, if they are real."
    )


def _conclusion(rows: Sequence[Row]) -> Iterator[str]:
    if _alone(rows):
        yield (
            f"So {EMOTIONAL} against {NEUTRAL}, as published, may say that two recordings differ; "
            "it does not say that their coupling does."
        )


def _neighbours(rows: Sequence[Row]) -> Iterator[str]:
    """Where the PPC over time is biased, and the PPC of separated samples is not."""
    plain, apart = (curve(rows, "window", name) for name in ("PPC", "PPC, apart"))
    found = [
        (one, other)
        for one, other in zip(plain, apart, strict=True)
        if not one.holds and other.holds and one.low > other.high
    ]
    if found:
        one, other = max(found, key=lambda pair: pair[0].measured.mean)
        yield (
            "Over time the PPC is not free of bias, though expected to be: "
            f"{one.measured.mean:.3f} in {one.level:g} s, since neighbouring samples agree by "
            f"themselves. Samples at least {GAP:g} s apart give {other.measured.mean:.3f}."
        )


def _otherwise(rows: Sequence[Row]) -> Iterator[str]:
    """Values by chance that are not as expected, but are mispaired trials and theory agree."""
    for row in curve(rows, "trials", "PLV"):
        chance, theory, mean = row.reference, plv_by_chance(row.level), row.measured.mean
        if row.expected is None or row.holds or row.tolerance is None:
            continue
        alike = row.low <= (chance.high or 0) and row.high >= (chance.low or 0)
        if alike and abs(mean - theory) <= row.tolerance:
            yield (
                f"Over {row.level:g} trials the PLV by chance is {mean:.3f} in place of "
                f"{row.expected:g}; mispaired trials give {chance.mean:.3f}, theory {theory:.3f}."
            )


def _alone(rows: Sequence[Row]) -> list[str]:
    """The confounds that give both published values without any coupling."""
    return [name for name in CONFOUNDS if both(rows, name) is not None]
