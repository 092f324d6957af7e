"""A search: jobs are asked for a few at a time, where those before came out best."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, final

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep

from memlab.app.schema import Refused, Sweep
from memlab.sweep.design import Axis, Batch, Design, sampled
from memlab.sweep.grid import checked_groups, parted, values

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

INTERVAL = re.compile(r"interval\(\s*(?:start=)?([^,]+),\s*(?:end=)?([^)]+)\)")
WHOLE = re.compile(r"\s*[+-]?\d+\s*")
MISSING = 'a search needs optuna, which is not installed; pip install "memlab[search]" brings it'


@final
@dataclass(frozen=True)
class Search(Design):
    """Trials from a space, towards the best value of a metric; a job's number is its trial's."""

    fixed: tuple[str, ...]
    axes: tuple[Axis, ...]  # with every choice, or with the range as it was given
    space: Mapping[str, "BaseDistribution"]
    settings: Sweep
    parallel: int  # trials in one batch
    groups: tuple[str, ...]  # axes that name a choice of a group

    @property
    def total(self) -> int:
        return self.settings.trials

    @property
    def identity(self) -> tuple[str, ...]:
        given = self.settings
        pruning = (str(given.prune.metric), str(given.prune.warmup))
        return (str(given.metric), given.direction, given.sampler, str(given.seed), *pruning)

    def samples(self) -> Iterator[list[str]]:
        axes = [Axis(axis.key, self._sampled(axis)) for axis in self.axes]
        return sampled(self.fixed, axes, self.groups)

    def batches(self, folder: Path) -> Iterator[Batch]:
        from memlab.sweep import study

        known = study.opened(folder, self.settings)
        study.settled(known, self.settings, folder)
        left = self.settings.trials - len(study.ended(known))
        while left > 0:
            asked = study.asked(known, self.settings, self.space, min(self.parallel, left))
            jobs = {trial.number: self._job(trial.params) for trial in asked}
            yield from consecutive(jobs)
            for number in jobs:
                study.told(known, self.settings, folder, number)
            left -= len(jobs)

    def concluded(self, folder: Path) -> None:
        from memlab.sweep.trials import shown

        shown(folder, self)

    def _job(self, chosen: Mapping[str, object]) -> list[str]:
        return [*self.fixed, *(f"{key}={said(chosen[key])}" for key in self.space)]

    def _sampled(self, axis: Axis) -> tuple[str, ...]:
        """The choices of an axis, or the lower end of its range."""
        from optuna.distributions import FloatDistribution, IntDistribution

        match self.space[axis.key]:
            case FloatDistribution(low=low) | IntDistribution(low=low):
                return (str(low),)
        return axis.values


def search(
    asked: Sequence[Override], settings: Sweep, loader: ConfigLoader, workers: int
) -> Search:
    """The search over what some overrides leave open; Refused where there is nothing to search."""
    if find_spec("optuna") is None:
        raise Refused(MISSING)
    if settings.metric is None:
        raise Refused("a search needs sweep.metric, the name of a scalar that the run logs")
    fixed, varied = parted(asked)
    if not varied:
        raise Refused(
            "a search needs an axis, such as 'substrate.kill=interval(0.06,0.07)' or cue=mask,half"
        )
    space = {one.get_key_element(): distribution(one) for one in varied}
    axes = tuple(axis(one) for one in varied)
    listed = [one for one in axes if one.key in {o.get_key_element() for o in varied if choices(o)}]
    parallel = workers if settings.parallel == "auto" else settings.parallel
    return Search(fixed, axes, space, settings, parallel, checked_groups(listed, loader))


def said(value: object) -> str:
    """A value as the command line says it: the shortest that is read as the same number."""
    return repr(value) if isinstance(value, float) else str(value)


def consecutive(jobs: Mapping[int, list[str]]) -> Iterator[Batch]:
    """Batches of jobs whose numbers follow one another."""
    runs = groupby(enumerate(sorted(jobs)), key=lambda pair: pair[1] - pair[0])
    for _, run in runs:
        numbers = [number for _, number in run]
        yield Batch(numbers[0], [jobs[number] for number in numbers])


def choices(one: Override) -> bool:
    """Whether an axis is a list of choices and not a range."""
    return one.is_choice_sweep()


def axis(one: Override) -> Axis:
    """An axis with its choices, or its range as it was given."""
    text = str(one.input_line).partition("=")[2]
    return Axis(one.get_key_element(), values(one) if choices(one) else (text,))


def distribution(one: Override) -> "BaseDistribution":
    """Where the values of an axis come from; Refused for a range that is empty."""
    from optuna.distributions import CategoricalDistribution

    try:
        match one.value():
            case IntervalSweep() as found:
                return interval(found, str(one.input_line))
            case RangeSweep() as found:
                return stepped(found)
        return CategoricalDistribution(values(one))
    except ValueError as error:
        raise Refused(f"{one.input_line} is nothing to search in: {error}") from error


def interval(found: IntervalSweep, text: str) -> "BaseDistribution":
    """Between two ends; whole numbers if both ends were given as such."""
    from optuna.distributions import FloatDistribution, IntDistribution

    low, high, log = found.start or 0.0, found.end or 0.0, "log" in found.tags
    ends = INTERVAL.search(text)
    if isinstance(low, int) or (ends and all(WHOLE.fullmatch(end) for end in ends.groups())):
        return IntDistribution(round(low), round(high), log=log)
    return FloatDistribution(low, high, log=log)


def stepped(found: RangeSweep) -> "BaseDistribution":
    """The numbers of a range, its end left out."""
    from optuna.distributions import FloatDistribution, IntDistribution

    low, stop, step = found.start or 0, found.stop or 0, found.step
    if not step > 0 or not low < stop:
        raise ValueError("a range must go up")
    last = low + (math.ceil((stop - low) / step) - 1) * step
    if all(isinstance(x, int) for x in (low, stop, step)):
        return IntDistribution(int(low), int(last), step=int(step))
    return FloatDistribution(low, last, step=step)
