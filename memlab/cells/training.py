"""Training by exact gradients through windows of time, whose states are carried on, detached."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Generator, Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.network import runner
from memlab.cells.optimisers import Rule, optimiser
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.cells.sequences import Lessons
from memlab.cells.values import Values
from memlab.checks import check_number, check_whole

STREAM_WINDOW = 50  # steps, where none are named: a whole stream would be a single update


@final
@dataclass(frozen=True)
class Recipe:
    """How is trained."""

    rule: Rule
    batch_size: int
    window: int | None
    validation_split: float
    backend: str

    def __post_init__(self) -> None:
        check_whole("batch_size", self.batch_size)
        if self.window is not None:
            check_whole("window", self.window)
        check_number("validation_split", self.validation_split, 0, 1, holds="in [0, 1)")


@final
@dataclass(frozen=True, eq=False)
class Learned:
    """All that a model is after training. Training makes another one, so nobody is surprised."""

    cell: Cell
    parameters: Values  # raw
    masks: Tensors  # bool, true where trainable; parameters without one are trainable
    moments: Tensors  # of the optimiser, "parameter.moment"
    memory: Tensors  # the state in which the last stream has ended, (1, …)
    generator: Tensor  # the state of the generator, uint8
    flat: bool = False  # targets came without the axis O
    losses: tuple[float, ...] = ()  # mean squared error of every epoch
    validation: tuple[float, ...] = ()
    updates: int = 0  # steps that the optimiser has taken


def begun(cell: Cell, random_state: int | None) -> Learned:
    """A cell with drawn parameters that has seen nothing."""
    generator = Generator()
    if random_state is None:
        generator.seed()
    else:
        generator.manual_seed(int(random_state))
    parameters, blank = cell.initial(generator), cell.blank(1, torch.zeros(1))
    return Learned(cell, Values(parameters), {}, {}, blank, generator.get_state())


def trained(learned: Learned, recipe: Recipe, lessons: Lessons) -> Iterator[Learned]:
    """What has been learned after each epoch, without end.

    A stream starts every epoch from ``learned.memory``. Sequences start from a blank state and
    come in a drawn order; the steps of each stay in theirs.
    """
    generator = Generator()
    generator.set_state(learned.generator)
    lessons, held = _split(lessons, recipe.validation_split, generator)
    training = Training(learned, recipe)
    while True:
        loss, memory = training.epoch(lessons, generator)
        judged: tuple[float, ...] = ()
        if held is not None:
            error, memory = training.error(held, memory)
            judged = (error,)
        learned = replace(
            learned,
            parameters=Values(training.parameters),
            moments=training.optimiser.moments(),
            memory=memory if lessons.stream else learned.cell.blank(1, lessons.x),
            generator=generator.get_state(),
            flat=lessons.flat,
            losses=(*learned.losses, loss),
            validation=(*learned.validation, *judged),
            updates=training.updates,
        )
        yield learned


@final
class Training:
    """Parameters on their way, and the optimiser that moves them."""

    def __init__(self, learned: Learned, recipe: Recipe) -> None:
        if isinstance(learned.cell, PublishedPmrc):
            raise ValueError(
                "equations of PMRC must be 'repaired' to be trained, got 'published', which move "
                "the units in place and have no gradient; build() and predict() take both"
            )
        self.cell, self.masks, self.recipe = learned.cell, learned.masks, recipe
        self.begin, self.updates = learned.memory, learned.updates
        self.run = runner(self.cell, recipe.backend)
        self.parameters = {
            name: one.clone().requires_grad_() for name, one in learned.parameters.items()
        }
        self.optimiser = optimiser(
            recipe.rule,
            self.parameters,
            self.masks,
            learned.moments,
            core=recipe.backend != "torch",
        )

    def epoch(self, lessons: Lessons, generator: Generator) -> tuple[float, Tensors]:
        """Mean squared error on the way through all lessons, and the state at the end."""
        total, counted, order = 0.0, 0, torch.randperm(len(lessons.x), generator=generator)
        for rows in torch.split(order, self.recipe.batch_size):
            state = self._start(lessons, len(rows))
            for window in self._windows(lessons.chosen(rows)):
                error, state = self._update(window, state)
                total, counted = total + error, counted + int(window.counts.sum())
        return total / counted, state

    def error(self, lessons: Lessons, state: Tensors) -> tuple[float, Tensors]:
        """Mean squared error without training, and the state at the end."""
        begin = state if lessons.stream else self._start(lessons, len(lessons.x))
        with torch.no_grad():
            y, state = self.run(self.cell, self.parameters, begin, lessons.x, _mask(lessons))
        return _error(y, lessons).item(), state

    def _update(self, window: Lessons, state: Tensors) -> tuple[float, Tensors]:
        """The window's sum of mean squared errors, and the state after it; then one update."""
        y, ended = self.run(self.cell, self.parameters, state, window.x, _mask(window))
        ended = {name: one.detach() for name, one in ended.items()}
        if not window.counts.any():
            return 0.0, ended
        error = _error(y, window)
        names = [*self.parameters]
        found = torch.autograd.grad(
            error, [*self.parameters.values()], allow_unused=True, materialize_grads=True
        )
        self._move(dict(zip(names, found, strict=True)), error.item())
        return error.item() * int(window.counts.sum()), ended

    def _move(self, gradients: Tensors, error: float) -> None:
        """One step of the optimiser, which leaves what is frozen as it is, to the last bit."""
        try:
            if not math.isfinite(error):
                raise FloatingPointError(f"a loss must stay finite, got {error}")
            self.optimiser.move(gradients)
            self.updates += 1
        except FloatingPointError as cause:
            rate = self.recipe.rule.learning_rate
            raise ValueError(
                f"loss and gradients must stay finite: {cause}; a smaller learning_rate (now "
                f"{rate}) or clip would help"
            ) from cause

    def _start(self, lessons: Lessons, batch: int) -> Tensors:
        return self.begin if lessons.stream else self.cell.blank(batch, lessons.x)

    def _windows(self, lessons: Lessons) -> Iterator[Lessons]:
        steps = lessons.x.shape[1]
        length = self.recipe.window or (STREAM_WINDOW if lessons.stream else steps)
        for start in range(0, steps, length):
            yield lessons.between(start, start + length)


def _mask(lessons: Lessons) -> Tensor | None:
    return None if lessons.known.all() else lessons.known


def _error(y: Tensor, lessons: Lessons) -> Tensor:
    """Mean squared error over outputs and the steps that count, of which there are some."""
    squares = (y - lessons.y).square().mean(-1) * lessons.counts
    return squares.sum() / lessons.counts.sum()


def _split(lessons: Lessons, share: float, generator: Generator) -> tuple[Lessons, Lessons | None]:
    """What is trained on; what is held out: drawn sequences, or the end of a stream."""
    if share == 0:
        return lessons, None
    parts = _parts(lessons, share, generator)
    for part, use in zip(parts, ("trained on", "held out"), strict=True):
        if not part.counts.any():
            raise ValueError(
                f"validation_split must leave a known target on both sides, got {share}, and what "
                f"is {use} has none"
            )
    return parts


def _parts(lessons: Lessons, share: float, generator: Generator) -> tuple[Lessons, Lessons]:
    whole = lessons.x.shape[1 if lessons.stream else 0]
    first = whole - round(share * whole)
    if not 0 < first < whole:
        raise ValueError(
            f"validation_split must leave something on both sides, got {share} of {whole} "
            f"{'steps' if lessons.stream else 'sequences'}"
        )
    if lessons.stream:
        return lessons.between(0, first), lessons.between(first, whole)
    order = torch.randperm(whole, generator=generator)
    return lessons.chosen(order[:first].sort().values), lessons.chosen(order[first:])
