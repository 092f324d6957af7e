"""The series of a run as curves: few points, known early, the same however often one looks."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from memlab.record.journal import Point
from memlab.runner import Progress

POINTS = 1000  # about how many a run may leave, over all curves


@final
@dataclass
class Curves:
    """Follows a run: every call of ``fresh`` gives the points that appeared since the last one.

    The acts of a phase follow one another on one curve. Of one act the first points are all kept,
    then every second, fourth, … one, so that long acts stay cheap and nothing depends on when
    somebody looked.
    """

    progress: Progress
    seen: int = 0  # finished series already taken
    early: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # points taken live
    offset: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # where an act begins

    def fresh(self) -> list[Point]:
        """The new points of the acts that are done and of the one that runs."""
        meter, label = self.progress.meter, self.progress.label
        points = list(self._finished())
        if meter is not None and meter is self.progress.meter:
            for name, measured in list(meter.points.items()):
                taken = list(measured)  # none yet where the first one is just being added
                steps, values = [step for step, _ in taken], [value for _, value in taken]
                points += self._new(f"{name}/{label}", steps, values, last=False)
        return points

    def _finished(self) -> Iterator[Point]:
        done = len(self.progress.series)
        for key, series in self.progress.series[self.seen : done]:
            steps = series.steps.tolist()
            yield from self._new(key, steps, list(series.values.unbind(dim=-1)), last=True)
            self.early.pop(key, None)
            self.offset[curve_name(key)] += steps[-1] + 1 if steps else 0
        self.seen = done

    def _new(
        self, key: str, steps: list[int], values: list[Tensor], *, last: bool
    ) -> Iterator[Point]:
        first, limit = self.early[key], max(4, POINTS // max(self.progress.total, 1))
        self.early[key], name = len(steps), curve_name(key)
        indices = [index for index in range(first, len(steps)) if kept(index, limit)]
        if last and steps and not kept(len(steps) - 1, limit):
            indices.append(len(steps) - 1)  # a curve ends where its act did
        for index in indices:
            value = float(torch.nanmean(values[index].float()))
            if math.isfinite(value):
                yield Point(name, self.offset[name] + steps[index], value)


def kept(index: int, limit: int) -> bool:
    """Whether the point at this index is one of the thinned curve."""
    level = (index // limit).bit_length()
    return index % (1 << level) == 0 if level else True


def curve_name(key: str) -> str:
    """``similarity/interfered+2 · acquire · ring`` → ``similarity/interfered/acquire``."""
    measure, _, label = key.partition("/")
    arm, *rest = label.split(" · ")
    name = "/".join([measure, arm.split("+")[0], *rest[:1]])
    return "".join(c if c.isalnum() or c in "_-./ " else "-" for c in name)
