"""How like the pattern an answer is, and whether it is the right one."""

from collections.abc import Sequence

from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Group, Measure, answers, averaged
from memlab.metrics.scores import confusion, score
from memlab.session import Session
from memlab.similarity import cosine

CHANCE = 0.01  # a score at or below this is no more than chance gives, and divides nothing


def likeness(
    session: Session,
    *,
    arm: str,
    phase: str,
    group: Group,
    measure: str = "pearson",
    control: str | None = None,
) -> Measure:
    """Mean score of the medium's answers, or of a control's, over the cues of a group."""
    return averaged(score(measure), answers(session, arm, phase, group, control))


def control_likeness(
    session: Session, *, arm: str, phase: str, group: Group, control: str, measure: str = "pearson"
) -> Measure:
    """Mean score of a control's answers over the cues of a group."""
    return averaged(score(measure), answers(session, arm, phase, group, control))


def cross_cosine(session: Session, *, arm: str, phase: str, asked: int, other: int) -> Measure:
    """Cosine of the answer to one item's cue with another item: how much of the other shows."""
    return averaged(
        lambda a: cosine(a.response, a.patterns[:, [other]], (2,)),
        answers(session, arm, phase, asked),
    )


def ratio(
    session: Session,
    *,
    over: Sequence[str],
    under: Sequence[str],
    group: Group,
    measure: str = "pearson",
) -> Measure:
    """Score at (arm, phase) ``over`` as a multiple of that at ``under``, where that is one."""
    above = likeness(session, arm=over[0], phase=over[1], group=group, measure=measure)
    below = likeness(session, arm=under[0], phase=under[1], group=group, measure=measure)
    if isinstance(above, Absent):
        return above
    if isinstance(below, Absent):
        return below
    low = int((below <= CHANCE).sum())
    if low:
        where = "/".join(under)
        return Absent(f"{where} scored {CHANCE} or less in {low} of {len(below)} replicates")
    return above / below


def cue_dependence(session: Session, *, arm: str, phase: str, group: Group) -> Measure:
    """Identification under the right cue less that under another item's cue.

    0 means that the medium gives the same answer whatever it is asked.
    """
    right = likeness(session, arm=arm, phase=phase, group=group, measure="identification")
    wrong = control_likeness(
        session,
        arm=arm,
        phase=phase,
        group=group,
        control="wrong_cue",
        measure="identification",
    )
    if isinstance(right, Absent):
        return right
    return wrong if isinstance(wrong, Absent) else right - wrong


def cue_by_memory(session: Session, *, arm: str, phase: str, group: Group) -> Tensor | Absent:
    """Pearson of the answer to every cue of a group with every pattern, ``(R, C, P)``."""
    given = answers(session, arm, phase, group)
    return given if isinstance(given, Absent) else confusion(given)
