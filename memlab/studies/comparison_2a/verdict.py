"""What the published comparison measured and what it did not, as the measured rows have it."""

from collections.abc import Iterator, Sequence

from memlab.statistics import Estimate
from memlab.studies.comparison_2a.arms import (
    CORRECTED,
    CUE,
    FIELD,
    KURAMOTO,
    NETWORK,
    NOTHING,
    PHASES,
    STORED,
    Row,
    found,
)
from memlab.studies.comparison_2a.measures import spearman_p
from memlab.studies.comparison_2a.published import OVERALL, PUBLISHED, SCORE
from memlab.studies.study import Saying, difference

MEDIA = (FIELD, NETWORK, PHASES)
SMALL = 0.01  # a part of a capacity that is none for the eye
CHANCE = 1 / 3
DECIMALS = 3
SOURCE = (
    "The patterns are spectrograms of three synthetic vowels, two sines each (a, i, u): no speech."
)


def verdict(rows: Sequence[Row]) -> list[str]:
    """Sentences, each only if the rows bear it out; the first says what was run."""
    said: tuple[Saying[Row], ...] = (
        _network,
        _gain,
        _trace,
        _accuracy,
        _field,
        _blind,
        _phases,
        _length,
        _corrected,
        _kuramoto,
    )
    measured = (sentence for part in said for sentence in part(rows))
    return [SOURCE, *measured, *_score(), *_ranks()]


def gained(rows: Sequence[Row], medium: str, measure: str, less: str = NOTHING) -> Estimate:
    """What storing adds to a measure, paired over replicates."""
    return difference(*(found(rows, medium, measure, arm) for arm in (STORED, less)))


def _network(rows: Sequence[Row]) -> Iterator[str]:
    gain, cue = gained(rows, NETWORK, "capacity"), found(rows, NETWORK, "capacity", CUE)
    published = PUBLISHED[NETWORK, "capacity"]
    if abs(gain.mean) < SMALL:
        yield (
            f"Hopfield: storing adds {gain.rounded(DECIMALS)} to the capacity. The published "
            f"{published} is the likeness of the half cue itself ({cue.measured.mean:.3f})."
        )


def _gain(rows: Sequence[Row]) -> Iterator[str]:
    gain = found(rows, NETWORK, "loop gain", STORED).measured.mean
    most = found(rows, NETWORK, "largest value", STORED).measured.mean
    if gain < 1:
        yield (
            f"Its loop gain is {gain:.2g}, below 1: only 0 attracts, and a recall ends with no "
            f"value above {most:.2g}. Pearson ignores scale, so a fading state scores in full."
        )


def _trace(rows: Sequence[Row]) -> Iterator[str]:
    hidden = found(rows, NETWORK, "hidden part", STORED).measured.mean
    share = found(rows, NETWORK, "hidden over kept", STORED).measured.mean
    if hidden > SMALL and gained(rows, NETWORK, "hidden part").mean > SMALL:
        yield (
            f"A trace is there: where the cue was zeroed the answer correlates {hidden:.2f} with "
            f"the pattern, at {share:.2g} of the size it has elsewhere. The capacity hides it."
        )


def _accuracy(rows: Sequence[Row]) -> Iterator[str]:
    for medium in (FIELD, PHASES):
        alone = found(rows, medium, "accuracy", CUE)
        through = found(rows, medium, "accuracy", STORED)
        if through.high < alone.low:
            yield (
                f"The 30 % cue alone names {alone.measured.mean:.2f} of the patterns, after a "
                f"recall in {medium} {through.measured.mean:.2f}: that medium loses what it got."
            )


def _field(rows: Sequence[Row]) -> Iterator[str]:
    gain = gained(rows, FIELD, "capacity")
    if gain.low is not None and gain.low > SMALL:
        yield (
            f"Reaction-diffusion: storing adds {gain.rounded(DECIMALS)} to the capacity, the only "
            "published capacity that storing changes by more than 0.01."
            if all(abs(gained(rows, other, "capacity").mean) < SMALL for other in (NETWORK, PHASES))
            else f"Reaction-diffusion: storing adds {gain.rounded(DECIMALS)} to the capacity."
        )


def _blind(rows: Sequence[Row]) -> Iterator[str]:
    blind, own = (found(rows, FIELD, name, STORED) for name in ("uniform cue", "own whole cue"))
    if blind.low > own.high:
        yield (
            "But its three scars add into one field: a uniform cue recalls the patterns better "
            f"({blind.measured.mean:.3f}) than each one's own whole cue ({own.measured.mean:.3f})."
        )
    first, last = (found(rows, FIELD, f"i over a, {n} recall of a", STORED) for n in ("1st", "4th"))
    if first.high < 0 < last.low:
        yield (
            "And each recall starts from the last one's state: recalled from the same cue of a "
            "four times, the answer ends up more like i than like a."
        )


def _phases(rows: Sequence[Row]) -> Iterator[str]:
    order = found(rows, PHASES, "order parameter", STORED).measured.mean
    score = found(rows, PHASES, "accuracy", STORED)
    overlap = found(rows, PHASES, "overlap", STORED)
    if score.low <= CHANCE <= score.high:
        yield (
            f"Oscillators: nothing of a pattern is kept, the accuracy is within chance "
            f"({score.measured.mean:.2f}, chance {CHANCE:.2f}), the order parameter {order:.3f}."
        )
    if overlap.high < 0 and abs(gained(rows, PHASES, "capacity").mean) < 5 * SMALL:
        yield (
            f"Their overlap of {overlap.measured.mean:.3f} is the read-out: storing leaves the "
            "phases nearly equal, and cos(θ + πp) then falls as p rises."
        )


def _length(rows: Sequence[Row]) -> Iterator[str]:
    field = [found(rows, FIELD, name, STORED) for name in ("correlation length", "length, centred")]
    capped = found(rows, FIELD, "correlation length", NOTHING)
    if field[0].measured.mean == capped.measured.mean > field[1].high:
        yield (
            f"The correlation length of {field[0].measured.mean:g} is half the grid, stored or "
            "not, since the mean of the field was left in; without it the length is "
            f"{field[1].measured.mean:.1f}."
        )


def _score() -> Iterator[str]:
    means = {m: sum(PUBLISHED[m, name] for name in SCORE) / len(SCORE) for m in MEDIA}
    if all(abs(means[m] - OVERALL[m]) < 2 * SMALL for m in MEDIA):
        share = PUBLISHED[FIELD, "correlation length"] / len(SCORE) / OVERALL[FIELD]
        yield (
            f"The published overall score is the mean of {', '.join(SCORE)}: that length is "
            f"{share:.0%} of it in reaction-diffusion."
        )


def _ranks() -> Iterator[str]:
    values = [[PUBLISHED[m, name] for m in MEDIA] for name in ("overlap", "accuracy")]
    rho, p = spearman_p(*values)
    yield (
        f"Spearman's correlation of overlap and accuracy over three media is {rho:.3g} with an "
        f"exact p of {p:.3f}; published as 0.0, and as a universal law."
    )


def _corrected(rows: Sequence[Row]) -> Iterator[str]:
    hidden = found(rows, CORRECTED, "hidden part", STORED)
    empty = found(rows, CORRECTED, "hidden part", NOTHING)
    if hidden.low > empty.high:
        yield (
            "The same patterns, each split at its median, in a network with the projection rule: "
            f"{hidden.measured.mean:.3f} on the hidden half of the cue, "
            f"{empty.measured.mean:.3f} with nothing stored. That is storage."
        )


def _kuramoto(rows: Sequence[Row]) -> Iterator[str]:
    hidden = found(rows, KURAMOTO, "hidden part", STORED)
    score, alone = (found(rows, KURAMOTO, "accuracy", arm) for arm in (STORED, CUE))
    if hidden.low > found(rows, KURAMOTO, "hidden part", NOTHING).high:
        yield (
            f"Oscillators that do store (Kuramoto, Hebbian) reach {hidden.measured.mean:.3f} there."
        )
    if score.high < alone.low:
        yield (
            f"But they name {score.measured.mean:.2f} of the patterns where the cue alone names "
            f"{alone.measured.mean:.2f}: Hebbian couplings merge patterns that are so alike."
        )
