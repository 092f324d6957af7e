"""Which recordings are made, what is measured in them, and what must come out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, final

import numpy as np

from memlab.draws import Draws
from memlab.statistics import Estimate, estimate
from memlab.studies import study
from memlab.studies.coherence.measures import (
    mispaired,
    pairwise_phase_consistency,
    phase_locking_value,
    separated_phase_consistency,
    weighted_phase_lag_index,
)
from memlab.studies.coherence.signals import RATE, Floats, Phasors, Recording, analytic

Row: TypeAlias = study.Row[float, Estimate]  # series, level; read against mispaired trials
Measure: TypeAlias = Callable[[Phasors], Floats]  # cross-spectra (R, trials, samples) -> (R)

TRIALS = 60  # those for which the expected values stand
GAP = 0.05  # s between samples of the band that know nothing of each other
PAIRINGS = 5  # ways in which the trials are mispaired
AT_ONCE = 2_000_000  # samples of a channel held in memory
MOST_TRIALS = 2_000  # one replicate of so many is AT_ONCE

OVER_TRIALS: dict[str, Measure] = {
    "PLV": lambda cross: phase_locking_value(cross, 1).mean(-1),
    "PPC": lambda cross: pairwise_phase_consistency(cross, 1).mean(-1),
    "wPLI": lambda cross: weighted_phase_lag_index(cross, (1, 2)),
}
OVER_TIME: dict[str, Measure] = {
    "PLV": lambda cross: phase_locking_value(cross, 2).mean(-1),
    "PPC": lambda cross: pairwise_phase_consistency(cross, 2).mean(-1),
    "PPC, apart": lambda cross: separated_phase_consistency(cross, round(GAP * RATE)).mean(-1),
}


@final
@dataclass(frozen=True)
class Series:
    """Recordings that differ in one thing, and what each measure should give in them."""

    title: str
    varied: str
    levels: tuple[float, ...]
    recording: Callable[[float, int], Recording]  # of a level and the number of trials asked for
    measures: Mapping[str, Measure]
    expected: Mapping[str, tuple[float, ...]]  # measure -> value per level
    tolerance: Mapping[str, float]
    any_trials: bool = False  # do the expected values stand for every number of trials?


# The expected values were rounded and come from one run each, with a pink noise of its own. That is
# the larger part of the tolerance: what is measured here is a mean over replicates.
NEAR = {"PLV": 0.03, "PPC": 0.03, "wPLI": 0.05}
BY_CHANCE = {"PLV": 0.02, "PPC": 0.01, "PPC, apart": 0.01}

SERIES: dict[str, Series] = {
    "trials": Series(
        "No coupling: locking over trials",
        "trials",
        (5, 10, 20, 40, 80, 160),
        lambda level, _: Recording(trials=int(level)),
        {name: OVER_TRIALS[name] for name in ("PLV", "PPC")},
        {"PLV": (0.374, 0.285, 0.197, 0.137, 0.103, 0.065), "PPC": (0,) * 6},
        BY_CHANCE,
        any_trials=True,
    ),
    "window": Series(
        "No coupling: locking over time, within a trial",
        "window, s",
        (0.2, 0.5, 1, 2, 5),
        lambda level, trials: Recording(trials=trials, window=level),
        OVER_TIME,
        {"PLV": (0.267, 0.169, 0.114, 0.079, 0.054), "PPC": (0,) * 5, "PPC, apart": (0,) * 5},
        BY_CHANCE,
        any_trials=True,
    ),
    "coupling": Series(
        "Coupling with a lag of 4 ms, no confound",
        "coupling",
        (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3),
        lambda level, trials: Recording(trials=trials, coupling=level),
        OVER_TRIALS,
        {
            "PLV": (0.112, 0.187, 0.399, 0.552, 0.664, 0.757, 0.815, 0.849),
            "PPC": (0, 0.03, 0.15, 0.30, 0.44, 0.57, 0.67, 0.72),
            "wPLI": (0.04, 0.37, 0.77, 0.91, 0.96, 0.99, 0.99, 1),
        },
        NEAR,
    ),
    "line": Series(
        "No coupling: a line of 50 Hz in both channels",
        "amplitude",
        (0.5, 1, 2),
        lambda level, trials: Recording(trials=trials, line=level),
        OVER_TRIALS,
        {"PLV": (0.54, 0.88, 0.97), "wPLI": (0,) * 3},
        NEAR,
    ),
    "shared": Series(
        "No coupling: a pink source that both electrodes see",
        "amplitude",
        (0.5, 1, 2),
        lambda level, trials: Recording(trials=trials, shared=level),
        OVER_TRIALS,
        {"PLV": (0.40, 0.70, 0.89), "wPLI": (0,) * 3},
        NEAR,
    ),
    "unequal": Series(
        "Coupling 0.5 in few and in many trials",
        "trials",
        (15, 60),
        lambda level, _: Recording(trials=int(level), coupling=0.5),
        OVER_TRIALS,
        {"PLV": (0.427, 0.401), "PPC": (0.155, 0.152)},
        NEAR,
        any_trials=True,
    ),
}


def rows_of(name: str, place: int, trials: int, draws: Draws) -> list[Row]:
    """One recording by all measures of its series."""
    series, level = SERIES[name], SERIES[name].levels[place]
    true, chance = measured(series.recording(level, trials), series.measures, draws)
    known = series.any_trials or trials == TRIALS
    return [
        Row(
            name,
            level,
            measure,
            estimate(true[measure]),
            estimate(chance[measure]),
            series.expected[measure][place] if known and measure in series.expected else None,
            series.tolerance[measure] if known and measure in series.expected else None,
        )
        for measure in series.measures
    ]


def measured(
    recording: Recording, measures: Mapping[str, Measure], draws: Draws
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Every measure per replicate: of the trials as they are, and of mispaired ones."""
    true: dict[str, list[float]] = {name: [] for name in measures}
    chance: dict[str, list[float]] = {name: [] for name in measures}
    for part in _parts(recording, draws):
        first, second = analytic(recording, part)
        others = [mispaired(second, part.at("pairing", i)) for i in range(PAIRINGS)]
        for name, measure in measures.items():
            value = partial(_value, measure, first)
            true[name] += value(second).tolist()
            chance[name] += np.mean([value(other) for other in others], axis=0).tolist()
    return true, chance


def curve(rows: Sequence[Row], series: str, measure: str) -> list[Row]:
    """The rows of one measure along one series, in the order of its levels."""
    return [row for row in rows if (row.table, row.measure) == (series, measure)]


def _value(measure: Measure, first: Phasors, second: Phasors) -> Floats:
    return measure(first * second.conj())


def _parts(recording: Recording, draws: Draws) -> Iterator[Draws]:
    """The draws of a few replicates at a time, so that memory does not grow with them."""
    some = max(1, AT_ONCE // (recording.trials * recording.length))
    for start in range(0, len(draws.replicates), some):
        yield Draws(draws.seed, draws.replicates[start : start + some])
