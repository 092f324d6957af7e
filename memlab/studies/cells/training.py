"""How all are trained and judged: one recipe, whose rate was chosen with PMRC.

Adam, exact gradients through all steps of a sequence, their global norm clipped at 1, and a
learning rate that falls from 0.02 to 0 along a cosine. A task gives mini-batches of 32 sequences;
a stream gives an update after each of its steps, with the gradient through that step alone, while
the state runs on. All on one thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch
from torch import Generator, Tensor

from memlab.cells.tasks import Task, Trials, r2
from memlab.draws import Draws
from memlab.studies.cells.abilities import FIT, LOSS, PEAK
from memlab.studies.cells.learners import Learner

RATE = 0.02  # learning rate at the start
CLIP = 1.0  # norm of all gradients together
BLOCK = 100  # steps of a stream over which a loss is averaged


@final
class Teacher:
    """Moves the parameters of a learner, over a known number of updates."""

    def __init__(self, one: Learner, updates: int) -> None:
        self.parameters = one.parameters
        self.rule = torch.optim.Adam(one.parameters, lr=RATE)
        self.pace = torch.optim.lr_scheduler.CosineAnnealingLR(self.rule, updates)

    def correct(self, loss: Tensor) -> None:
        """One update; FloatingPointError for gradients that cannot be followed."""
        self.rule.zero_grad()
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        if not norm.isfinite():
            raise FloatingPointError(f"gradients must stay finite, got a norm of {norm.item()}")
        self.rule.step()
        self.pace.step()


def train(one: Learner, task: Task, generator: Generator, steps: int) -> None:
    """Fit to so many mini-batches of the task."""
    teacher = Teacher(one, steps)
    for _ in range(steps):
        trials = task.train(generator)
        error = one.answers(trials.x) - trials.target
        teacher.correct(error[trials.counts].square().mean())


@torch.no_grad()
def judged(one: Learner, trials: Trials) -> dict[str, float]:
    """R² on held-out sequences."""
    return {FIT: r2(one.answers(trials.x)[trials.counts], trials.target[trials.counts])}


def followed(one: Learner, stream: Trials) -> Tensor:
    """Squared errors ``(T,)`` along a stream that is learned as it runs, before each update."""
    steps, state, errors = stream.x.shape[1], one.blank(1), []
    teacher = Teacher(one, steps)
    for t in range(steps):
        y, state = one.walk(stream.x[:, t : t + 1], state)
        loss = (y - stream.target[:, t : t + 1]).square().mean()
        teacher.correct(loss)
        state = {name: value.detach() for name, value in state.items()}
        errors.append(loss.detach())
    return torch.stack(errors)


def losses(errors: Tensor, target: Tensor) -> dict[str, float]:
    """The last and the highest mean over 100 steps, in variances of the target."""
    blocks = errors.view(-1, BLOCK).mean(1) / target.var(correction=0)
    return {LOSS: float(blocks[-1]), PEAK: float(blocks.max())}


def generator_of(draws: Draws, name: str) -> Generator:
    """A generator of torch whose seed is drawn; of the first replicate."""
    return Generator().manual_seed(int(draws.integers(name, 2**63 - 1)[0]))


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread, so that the last bits do not depend on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
