"""Settings beside one another in every measure, and each against one of them, paired."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, final

from memlab.absent import Absent
from memlab.app.schema import Refused, suggestion
from memlab.compare.measures import direction
from memlab.compare.settings import Setting
from memlab.statistics import NOISE, Estimate, differing, estimate, holm, sign_flip_p, smallest_p

ALPHA = 0.05
ENOUGH = 6  # units below which no two-sided sign-flip test reaches ALPHA

Sample: TypeAlias = dict[tuple[str, int], float]  # (seed, replicate) -> value; 0 for a whole seed


class Unit(StrEnum):
    """What is counted as one independent observation."""

    SEEDS = "seeds"
    REPLICATES = "replicates"


@final
@dataclass(frozen=True)
class Difference:
    """A setting less the baseline, paired by unit."""

    estimate: Estimate
    p: float  # exact sign-flip
    p_holm: float = math.nan  # over the settings that were compared with the baseline
    compared: int = 0  # how many those are

    @property
    def least(self) -> float:
        """The smallest corrected p that so few pairs can give."""
        return min(1.0, self.compared * smallest_p(self.estimate.n))

    @property
    def hopeless(self) -> bool:
        """Whether no difference, however large, could have been shown."""
        return self.least > ALPHA

    @property
    def shown(self) -> bool:
        """Whether the settings differ beyond chance, by interval and corrected test."""
        low, high = self.estimate.low, self.estimate.high
        apart = low is not None and high is not None and not low <= 0 <= high
        return apart and self.p_holm < ALPHA


@final
@dataclass(frozen=True)
class Entry:
    """One setting in one measure."""

    estimate: Estimate | Absent
    difference: Difference | Absent | None = None  # None for the baseline itself
    best: bool = False


@final
@dataclass(frozen=True)
class Comparison:
    """All that is said about some settings; every table and figure is a view of it."""

    settings: tuple[Setting, ...]
    baseline: str
    unit: Unit
    measures: Mapping[str, Mapping[str, Entry]]  # measure -> setting -> entry
    verdicts: Mapping[str, Mapping[str, Counter[str]]]  # claim -> setting -> verdict -> runs

    @property
    def names(self) -> list[str]:
        """The settings by name."""
        return [setting.name for setting in self.settings]

    def narrowed(self, measures: Sequence[str]) -> "Comparison":
        """The same with these measures alone; nothing is corrected over measures."""
        return replace(self, measures={name: self.measures[name] for name in measures})


def compared(
    settings: Sequence[Setting], baseline: str = "", measures: Sequence[str] = ()
) -> Comparison:
    """Estimate every measure, or those named, in every setting; test each against the baseline.

    Refused if no setting has the baseline's name; the first setting is the baseline by default.
    """
    names = [setting.name for setting in settings]
    if baseline and baseline not in names:
        raise Refused(f"no setting is called {baseline!r}{suggestion(baseline, names)}")
    base, unit = baseline or names[0], unit_of(settings)
    asked = measures or measured(settings)
    found = {measure: _entries(measure, settings, base, unit) for measure in asked}
    return Comparison(tuple(settings), base, unit, found, judged(settings))


def unit_of(settings: Sequence[Setting]) -> Unit:
    """Seeds where any setting has two; the replicates of the one seed otherwise.

    Replicates of one seed share what the seed decides, so more seeds always carry further.
    """
    several = any(len(set(setting.seeds)) > 1 for setting in settings)
    return Unit.SEEDS if several else Unit.REPLICATES


def measured(settings: Sequence[Setting]) -> list[str]:
    """Every measure that any run has, in the order of the first."""
    trials = (trial for setting in settings for trial in setting.trials)
    return list(dict.fromkeys(name for trial in trials for name in trial.outcome.scalars))


def sample(setting: Setting, measure: str, unit: Unit) -> Sample:
    """The values of a measure in a setting, by what they are paired by."""
    found: Sample = {}
    for trial in setting.trials:
        values: Sequence[float] = (trial.outcome.scalars.get(measure, math.nan),)
        if unit is Unit.REPLICATES:
            values = trial.outcome.values.get(measure, ())
        found |= {(trial.seed, i): x for i, x in enumerate(values) if math.isfinite(x)}
    return found


def judged(settings: Sequence[Setting]) -> dict[str, dict[str, Counter[str]]]:
    """In how many runs of each setting every claim got which verdict."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for setting in settings:
        for trial in setting.trials:
            for claim, verdict in trial.outcome.verdicts.items():
                found.setdefault(claim, {}).setdefault(setting.name, Counter())[verdict] += 1
    return found


def _entries(
    measure: str, settings: Sequence[Setting], baseline: str, unit: Unit
) -> dict[str, Entry]:
    """A measure in every setting."""
    samples = {setting.name: sample(setting, measure, unit) for setting in settings}
    means = {name: _estimated(values) for name, values in samples.items()}
    differences = _differences(samples, baseline)
    best = _best(measure, means)
    return {name: Entry(mean, differences.get(name), name in best) for name, mean in means.items()}


def _estimated(values: Sample) -> Estimate | Absent:
    return estimate(list(values.values())) if values else Absent("no run has it")


def _differences(samples: Mapping[str, Sample], baseline: str) -> dict[str, Difference | Absent]:
    """Every other setting less the baseline; p corrected over those that could be paired."""
    base = samples[baseline]
    found = {name: _paired(one, base) for name, one in samples.items() if name != baseline}
    tested = {name: one for name, one in found.items() if isinstance(one, Difference)}
    corrected = holm([one.p for one in tested.values()])
    settled = {
        name: replace(one, p_holm=p, compared=len(tested))
        for (name, one), p in zip(tested.items(), corrected, strict=True)
    }
    return found | settled


def _paired(one: Sample, base: Sample) -> Difference | Absent:
    """The difference over the units that both have."""
    common = [unit for unit in one if unit in base]
    if not common:
        return Absent("nothing to pair: no seed in common" if one and base else "no value")
    apart = differing([one[unit] - base[unit] for unit in common])
    return Difference(estimate(list(apart)), sign_flip_p(list(apart)))


def _best(measure: str, means: Mapping[str, Estimate | Absent]) -> set[str]:
    """The settings with the best mean, none where all are equal or neither end is better."""
    way = direction(measure)
    found = {name: way * one.mean for name, one in means.items() if isinstance(one, Estimate)}
    if not way or not found:
        return set()
    top, bottom = max(found.values()), min(found.values())
    return {name for name, mean in found.items() if top - mean < NOISE <= top - bottom}
