"""One learner on one task, from one seed."""

from dataclasses import dataclass
from functools import partial
from typing import final

import torch

from memlab.cells.tasks import Trials, half, r2
from memlab.draws import Draws
from memlab.studies.cells.abilities import FIT, STREAM, task_of
from memlab.studies.cells.effort import Effort
from memlab.studies.cells.floors import FLOORS
from memlab.studies.cells.keeping import Kept, Scores
from memlab.studies.cells.learners import Learner, learner
from memlab.studies.cells.training import (
    followed,
    generator_of,
    judged,
    losses,
    one_thread,
    train,
)

LESSONS = 50  # mini-batches that a floor is fitted to
INPUTS = 4  # of the stream


@final
@dataclass(frozen=True)
class Trial:
    """A learner, or an answer without one, on a task. All of a seed see the same sequences."""

    task: str
    who: str
    effort: Effort

    def scores(self, kept: Kept, draws: Draws) -> Scores:
        """Every measure of the task from the seed of ``draws``, which are of one replicate."""
        (replicate,) = draws.replicates
        facts = {"task": self.task, "who": self.who, "seed": draws.seed, "replicate": replicate}
        return kept.scores({**facts, **self._length()}, partial(self._measured, draws))

    def _length(self) -> dict[str, object]:
        """How long is trained, as far as it matters."""
        if self.task == STREAM:
            return {"stream": self.effort.stream}
        return {} if self.who in FLOORS else {"steps": self.effort.steps_of(self.task)}

    def _measured(self, draws: Draws) -> Scores:
        own = draws.at("abilities", self.task)
        with one_thread():
            if self.task == STREAM:
                return self._on_stream(own)
            return self._on_sequences(own)

    def _on_stream(self, own: Draws) -> Scores:
        stream = half(generator_of(own, "stream"), self.effort.stream)
        if self.who in FLOORS:
            lesson = half(generator_of(own, "lesson"), self.effort.stream)
            errors = (FLOORS[self.who](lesson, stream) - stream.target).square().flatten()
        else:
            errors = followed(self._learner(INPUTS, own), stream)
        return losses(errors, stream.target)

    def _on_sequences(self, own: Draws) -> Scores:
        task = task_of(self.task)
        lessons, asked = generator_of(own, "lessons"), task.held(generator_of(own, "held out"))
        if self.who in FLOORS:
            taught = joined([task.train(lessons) for _ in range(LESSONS)])
            answers = FLOORS[self.who](taught, asked)
            return {FIT: r2(answers[asked.counts], asked.target[asked.counts])}
        one = self._learner(task.inputs, own)
        train(one, task, lessons, self.effort.steps_of(self.task))
        return judged(one, asked)

    def _learner(self, inputs: int, own: Draws) -> Learner:
        return learner(self.who, inputs, generator_of(own.at(self.who), "parameters"))


def joined(lessons: list[Trials]) -> Trials:
    """Mini-batches as one."""
    x, target, counts = (
        torch.cat(parts)
        for parts in zip(*((one.x, one.target, one.counts) for one in lessons), strict=True)
    )
    return Trials(x, target, counts)
