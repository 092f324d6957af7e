"""Which media are compared, in which arms, and what was published and must come out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor

from memlab.comparison_2a.corrected import projection
from memlab.comparison_2a.measures import (
    KEPT,
    KEPT_TO_IDENTIFY,
    accuracy,
    capacity,
    cues,
    dynamics,
    identified,
    overlap,
    pearson,
)
from memlab.comparison_2a.media import ContinuousHopfield, Medium, Oscillators, ReactionDiffusion
from memlab.comparison_2a.published import EXPECTED, PUBLISHED
from memlab.comparison_2a.spectrograms import patterns as spectrograms
from memlab.draws import Draws
from memlab.report import ENOUGH
from memlab.statistics import Estimate, estimate

Values: TypeAlias = dict[str, Tensor]  # measure -> (R)

SIZE = 128  # side of the field for which the expected values stand
SMALLEST, LARGEST = 32, 192
CORRECTED = "Hopfield, projection rule"
FIELD, NETWORK, PHASES = "reaction-diffusion", "Hopfield", "oscillators"
STORED, NOTHING, CUE = "stored", "nothing stored", "cue alone"
PARTS = {FIELD: 1, NETWORK: 2, PHASES: 4, CORRECTED: 2}  # medium -> share of the side it has
UNIFORM = 0.3  # a cue that says nothing
REPEATS = 4  # recalls of the first pattern in a row


@final
@dataclass(frozen=True)
class Row:
    """One measure of one medium in one arm."""

    medium: str
    measure: str
    arm: str
    measured: Estimate
    published: float | None
    expected: float | None
    tolerance: float | None

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.measured.mean if self.measured.low is None else self.measured.low

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.measured.mean if self.measured.high is None else self.measured.high

    @property
    def holds(self) -> bool | None:
        """Whether the mean is what is expected; None where nothing is."""
        if self.expected is None or self.tolerance is None:
            return None
        return abs(self.measured.mean - self.expected) <= self.tolerance


def studied(size: int, replicates: int, seed: int) -> Iterator[list[Row]]:
    """The rows of one medium after another; ValueError for what cannot be."""
    if not SMALLEST <= size <= LARGEST or size % 4:
        raise ValueError(
            f"size must be a multiple of 4 in [{SMALLEST}, {LARGEST}], got {size} "
            "(the oscillators have a quarter of it as their side)"
        )
    if replicates < ENOUGH:
        raise ValueError(f"replicates must be at least {ENOUGH}, got {replicates}")
    draws = Draws(seed, tuple(range(replicates)))
    return (_rows(medium, size, draws) for medium in PARTS)


def found(rows: Sequence[Row], medium: str, measure: str, arm: str) -> Row:
    """The row of one measure."""
    return next(r for r in rows if (r.medium, r.measure, r.arm) == (medium, measure, arm))


def _rows(medium: str, size: int, draws: Draws) -> list[Row]:
    patterns = spectrograms(size // PARTS[medium])
    arms = projection(patterns, draws) if medium == CORRECTED else _arms(medium, patterns, draws)
    return [
        _row(medium, measure, arm, values, known=size == SIZE)
        for arm, measures in arms.items()
        for measure, values in measures.items()
    ]


def _row(medium: str, measure: str, arm: str, values: Tensor, *, known: bool) -> Row:
    expected, tolerance = EXPECTED.get((medium, measure, arm), (None, None))
    published = PUBLISHED.get((medium, measure)) if arm == STORED else None
    measured = estimate(values)
    if not known:
        expected = tolerance = None
    return Row(medium, measure, arm, measured, published, expected, tolerance)


def _arms(medium: str, patterns: Tensor, draws: Draws) -> dict[str, Values]:
    """The published measures with and without storing, and of the cue without a medium."""

    def empty() -> Medium:
        return MEDIA[medium](patterns.shape[-1], draws)

    def full() -> Medium:
        made = empty()
        for p in patterns:
            made.store(p)
        return made

    arms: dict[str, Values] = {STORED: {}, NOTHING: {}, CUE: _cue_alone(patterns, draws)}
    for arm, make in ((STORED, full), (NOTHING, empty)):
        for measure in (capacity, overlap, accuracy, dynamics):
            arms[arm] |= measure(make, patterns, draws)
    arms[STORED] |= PECULIAR[medium](full, patterns, draws)
    return arms


def _cue_alone(patterns: Tensor, draws: Draws) -> Values:
    half, third = (cues(patterns, draws, *of) for of in (("half", KEPT), ("third", KEPT_TO_IDENTIFY)))
    likeness = [pearson(cue, p) for p, (cue, _) in zip(patterns, half, strict=True)]
    right = [identified(cue, patterns, i) for i, (cue, _) in enumerate(third)]
    return {"capacity": torch.stack(likeness).mean(0), "accuracy": torch.stack(right).mean(0)}


def _of_field(make: Callable[[], Medium], patterns: Tensor, draws: Draws) -> Values:
    """What a cue that says nothing recalls, beside the patterns' own, each from a clean state.

    And how much more than to the first pattern the state is like the second, when the 30 % cue of
    the first was given once, and again and again.
    """
    count, (other, *_) = len(draws.replicates), patterns[1:]
    blind, own = [], []
    nothing = make()
    nothing.recall(torch.full((count, *other.shape), UNIFORM))
    for p in patterns:
        medium = make()
        medium.recall(p.expand(count, *p.shape))
        own.append(pearson(medium.state(), p))
        blind.append(pearson(nothing.state(), p))
    medium, drift = make(), []
    cue = cues(patterns, draws, "third", KEPT_TO_IDENTIFY)[0][0]
    for _ in range(REPEATS):
        medium.recall(cue)
        drift.append(pearson(medium.state(), other) - pearson(medium.state(), patterns[0]))
    return {
        "own whole cue": torch.stack(own).mean(0),
        "uniform cue": torch.stack(blind).mean(0),
        "i over a, 1st recall of a": drift[0],
        "i over a, 4th recall of a": drift[-1],
    }


def _of_network(make: Callable[[], Medium], patterns: Tensor, draws: Draws) -> Values:
    """The loop gain: below 1 only the state 0 attracts."""
    network = ContinuousHopfield(patterns.shape[-1], draws)
    for p in patterns:
        network.store(p)
    return {"loop gain": torch.full((len(draws.replicates),), network.gain)}


def _of_phases(make: Callable[[], Medium], patterns: Tensor, draws: Draws) -> Values:
    """How much the phases agree once a recall has used up its time."""
    oscillators = Oscillators(patterns.shape[-1], draws)
    for p in patterns:
        oscillators.store(p)
    oscillators.recall(cues(patterns, draws, "half", KEPT)[0][0])
    return {"order parameter": oscillators.order()}


MEDIA: dict[str, Callable[[int, Draws], Medium]] = {
    FIELD: ReactionDiffusion,
    NETWORK: ContinuousHopfield,
    PHASES: Oscillators,
}
PECULIAR = {FIELD: _of_field, NETWORK: _of_network, PHASES: _of_phases}
