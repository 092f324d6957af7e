"""Which media are compared, in which arms, and what was published and must come out."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.statistics import estimate
from memlab.studies import study
from memlab.studies.comparison_2a.corrected import Make, stored_in
from memlab.studies.comparison_2a.measures import (
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
from memlab.studies.comparison_2a.media import (
    ContinuousHopfield,
    Medium,
    Oscillators,
    ReactionDiffusion,
)
from memlab.studies.comparison_2a.published import EXPECTED, PUBLISHED
from memlab.studies.comparison_2a.spectrograms import patterns as spectrograms
from memlab.substrates.hopfield import Hopfield
from memlab.substrates.kuramoto import Kuramoto

Row: TypeAlias = study.Row[str, float | None]  # medium, arm; read against the published value
Values: TypeAlias = dict[str, Tensor]  # measure -> (R)
AnyMedium = TypeVar("AnyMedium", bound=Medium)

SIZE = 128  # side of the field for which the expected values stand
SMALLEST, LARGEST = 32, 192
CORRECTED, KURAMOTO = "Hopfield, projection rule", "Kuramoto"
FIELD, NETWORK, PHASES = "reaction-diffusion", "Hopfield", "oscillators"
STORED, NOTHING, CUE = "stored", "nothing stored", "cue alone"
PARTS = {
    FIELD: 1,
    NETWORK: 2,
    PHASES: 4,
    CORRECTED: 2,
    KURAMOTO: 4,
}  # medium -> share of the side it has
UNIFORM = 0.3  # a cue that says nothing
REPEATS = 4  # recalls of the first pattern in a row


def stored(medium: AnyMedium, patterns: Tensor) -> AnyMedium:
    """The medium after all patterns were stored, one after another."""
    for p in patterns:
        medium.store(p)
    return medium


def found(rows: Sequence[Row], medium: str, measure: str, arm: str) -> Row:
    """The row of one measure."""
    return next(r for r in rows if (r.table, r.measure, r.level) == (medium, measure, arm))


def rows_of(medium: str, size: int, draws: Draws) -> list[Row]:
    """One medium by all measures in all its arms."""
    patterns = spectrograms(size // PARTS[medium])
    if medium in CORRECT:
        arms = stored_in(CORRECT[medium], patterns, draws)
    else:
        arms = _arms(medium, patterns, draws)
    return [
        _row(medium, measure, arm, values, known=size == SIZE)
        for arm, measures in arms.items()
        for measure, values in measures.items()
    ]


def _row(medium: str, measure: str, arm: str, values: Tensor, *, known: bool) -> Row:
    nothing = (None, None)
    published = PUBLISHED.get((medium, measure)) if arm == STORED else None
    expected, tolerance = EXPECTED.get((medium, measure, arm), nothing) if known else nothing
    return Row(medium, arm, measure, estimate(values), published, expected, tolerance)


def _arms(medium: str, patterns: Tensor, draws: Draws) -> dict[str, Values]:
    """The published measures with and without storing, and of the cue without a medium."""

    def empty() -> Medium:
        return MEDIA[medium](patterns.shape[-1], draws)

    def full() -> Medium:
        return stored(empty(), patterns)

    arms: dict[str, Values] = {STORED: {}, NOTHING: {}, CUE: _cue_alone(patterns, draws)}
    for arm, make in ((STORED, full), (NOTHING, empty)):
        for measure in (capacity, overlap, accuracy, dynamics):
            arms[arm] |= measure(make, patterns, draws)
    arms[STORED] |= PECULIAR[medium](patterns, draws)
    return arms


def _cue_alone(patterns: Tensor, draws: Draws) -> Values:
    half = cues(patterns, draws, "half", KEPT)
    third = cues(patterns, draws, "third", KEPT_TO_IDENTIFY)
    likeness = [pearson(cue, p) for p, (cue, _) in zip(patterns, half, strict=True)]
    right = [identified(cue, patterns, i) for i, (cue, _) in enumerate(third)]
    return {"capacity": torch.stack(likeness).mean(0), "accuracy": torch.stack(right).mean(0)}


def _of_field(patterns: Tensor, draws: Draws) -> Values:
    """What a cue that says nothing recalls, beside the patterns' own, each from a clean state.

    And how much more than to the first pattern the state is like the second, when the 30 % cue of
    the first was given once, and again and again.
    """

    def recalled(*given: Tensor) -> list[Tensor]:
        field = stored(ReactionDiffusion(patterns.shape[-1], draws), patterns)
        states = []
        for cue in given:
            field.recall(cue)
            states.append(field.state())
        return states

    shape = (len(draws.replicates), *patterns.shape[1:])
    (answer,) = recalled(torch.full(shape, UNIFORM))
    blind = [pearson(answer, p) for p in patterns]
    own = [pearson(recalled(p.expand(shape))[0], p) for p in patterns]
    first = cues(patterns, draws, "third", KEPT_TO_IDENTIFY)[0][0]
    a, i, _ = patterns
    drift = [pearson(state, i) - pearson(state, a) for state in recalled(*[first] * REPEATS)]
    return {
        "own whole cue": torch.stack(own).mean(0),
        "uniform cue": torch.stack(blind).mean(0),
        "i over a, 1st recall of a": drift[0],
        "i over a, 4th recall of a": drift[-1],
    }


def _of_network(patterns: Tensor, draws: Draws) -> Values:
    """The loop gain: below 1 only the state 0 attracts."""
    network = stored(ContinuousHopfield(patterns.shape[-1], draws), patterns)
    return {"loop gain": torch.full((len(draws.replicates),), network.gain)}


def _of_phases(patterns: Tensor, draws: Draws) -> Values:
    """How much the phases agree once a recall has used up its time."""
    oscillators = stored(Oscillators(patterns.shape[-1], draws), patterns)
    oscillators.recall(cues(patterns, draws, "half", KEPT)[0][0])
    return {"order parameter": oscillators.order()}


MEDIA: dict[str, Callable[[int, Draws], Medium]] = {
    FIELD: ReactionDiffusion,
    NETWORK: ContinuousHopfield,
    PHASES: Oscillators,
}
CORRECT: dict[str, Make] = {
    CORRECTED: lambda space: Hopfield(space, rule="projection"),
    KURAMOTO: Kuramoto,
}
PECULIAR = {FIELD: _of_field, NETWORK: _of_network, PHASES: _of_phases}
