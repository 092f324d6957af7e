"""Tasks learned in turn: what each does to those before it, and to those still to come.

R(i, j) is the score on task j when i tasks have been learned, of T; R(0, j) is that of a medium
which has learned nothing. D. Lopez-Paz and M. Ranzato, NeurIPS (2017).
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.ladder import rungs
from memlab.metrics.measure import Measure, answered, averaged, members
from memlab.metrics.scores import score
from memlab.session import Recall, Session

SKILL = "skill"  # 1 where all is right, 0 where the best constant would do as well


@final
@dataclass(frozen=True)
class Results:
    """R ``(R, rows, T)``, and how many tasks had been learned at every row."""

    learned: tuple[int, ...]
    values: Tensor

    @property
    def tasks(self) -> int:
        """The number of tasks T."""
        return self.values.shape[2]

    @property
    def own(self) -> Tensor:
        """R(j, j) ``(R, T)``: each task when it has just been learned."""
        return torch.stack([self.at(j)[:, j - 1] for j in range(1, self.tasks + 1)], 1)

    @property
    def last(self) -> Tensor:
        """R(T, j) ``(R, T)``."""
        return self.at(self.tasks)

    def at(self, learned: int) -> Tensor:
        """The row ``(R, T)`` after so many tasks."""
        return self.values[:, self.learned.index(learned)]


def results(session: Session, *, arm: str, measure: str = SKILL) -> Results | Absent:
    """The scores of an arm; every task's is the mean over its items."""
    found = rungs(session, "learned", arm=arm)
    if not found:
        return Absent(f"no arm {arm!r} of tasks that are learned in turn")
    rows = [_row(session, recall, measure) for recall in found]
    values = [row for row in rows if not isinstance(row, Absent)]
    if len(values) < len(rows):
        return next(row for row in rows if isinstance(row, Absent))
    return Results(tuple(int(r.at["learned"]) for r in found), torch.stack(values, 1))


def average(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """ACC: the mean over all tasks of R(T, j)."""
    found = results(session, arm=arm, measure=measure)
    return found if isinstance(found, Absent) else found.last.mean(1)


def incremental_average(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """AIA: the mean over i of the mean of R(i, j) over the tasks j ≤ i."""
    found = _course(session, arm, measure)
    if isinstance(found, Absent):
        return found
    each = [found.at(i)[:, :i].mean(1) for i in range(1, found.tasks + 1)]
    return torch.stack(each, 1).mean(1)


def backward_transfer(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """BWT: the mean over j < T of R(T, j) - R(j, j); negative is forgetting."""
    found = _course(session, arm, measure)
    return found if isinstance(found, Absent) else (found.last - found.own)[:, :-1].mean(1)


def forward_transfer(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """FWT: the mean over j ≥ 2 of R(j - 1, j) - R(0, j); what earlier tasks teach of a new one."""
    found = _course(session, arm, measure)
    if isinstance(found, Absent):
        return found
    each = [(found.at(j - 1) - found.at(0))[:, j - 1] for j in range(2, found.tasks + 1)]
    return torch.stack(each, 1).mean(1)


def forgetting_first(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """The mean over j < T of R(j, j) - R(T, j): from when a task was just learned (Avalanche)."""
    found = backward_transfer(session, arm=arm, measure=measure)
    return found if isinstance(found, Absent) else -found


def forgetting_max(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """The mean over j < T of max R(l, j) - R(T, j), j ≤ l < T: from when a task was known best.

    A. Chaudhry et al., ECCV (2018). Mammoth counts l = T too and so never falls below 0.
    """
    found = _course(session, arm, measure)
    if isinstance(found, Absent):
        return found
    each = [
        torch.stack([found.at(i)[:, j - 1] for i in range(j, found.tasks)], 1).amax(1)
        for j in range(1, found.tasks)
    ]
    return (torch.stack(each, 1) - found.last[:, :-1]).mean(1)


def learning_accuracy(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """Plasticity: the mean of R(j, j) over all tasks."""
    found = _course(session, arm, measure)
    return found if isinstance(found, Absent) else found.own.mean(1)


def retention(session: Session, *, arm: str, measure: str = SKILL) -> Measure:
    """Stability: the mean over j < T of R(T, j) / R(j, j), where every task was learned at all."""
    found = _course(session, arm, measure)
    if isinstance(found, Absent):
        return found
    own = found.own[:, :-1]
    if bool((own <= 0).any()):
        return Absent("a task was no better than a constant when it had just been learned")
    return (found.last[:, :-1] / own).mean(1)


def intransigence(
    session: Session, *, arm: str, joint: str = "joint", measure: str = SKILL
) -> Measure:
    """The mean of a(j) - R(j, j): how much less is learned of a task than with all at once, a.

    A. Chaudhry et al., ECCV (2018), with all tasks in place of those up to j.
    """
    found, best = _course(session, arm, measure), results(session, arm=joint, measure=measure)
    if isinstance(found, Absent):
        return found
    return best if isinstance(best, Absent) else (best.last - found.own).mean(1)


def gain(session: Session, *, arm: str, over: str = "plain", measure: str = SKILL) -> Measure:
    """How much higher ACC is in one arm than in another."""
    here, there = (average(session, arm=one, measure=measure) for one in (arm, over))
    if isinstance(here, Absent):
        return here
    return there if isinstance(there, Absent) else here - there


def _course(session: Session, arm: str, measure: str) -> Results | Absent:
    """Results with a row before the first task and after each."""
    found = results(session, arm=arm, measure=measure)
    if isinstance(found, Absent):
        return found
    if found.learned != tuple(range(found.tasks + 1)):
        return Absent(f"arm {arm!r} does not learn one task after another")
    return found


def _row(session: Session, recall: Recall, measure: str) -> Tensor | Absent:
    """The mean score on every task ``(R, T)``."""
    tasks = [name for name in session.groups if name.startswith("task ")]
    each = [
        averaged(score(measure), answered(session, recall, recall.of(members(session, name))))
        for name in tasks
    ]
    found = [one for one in each if not isinstance(one, Absent)]
    if len(found) < len(each):
        return next(one for one in each if isinstance(one, Absent))
    return torch.stack(found, 1)
