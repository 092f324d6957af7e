"""What a metric gives, and the answers of a session laid out for scoring."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

from torch import Tensor

from memlab.absent import Absent
from memlab.session import Recall, Session
from memlab.space import Space

Measure: TypeAlias = Tensor | Absent  # (R,), one value per replicate
Group: TypeAlias = str | int | Sequence[int]  # a group's name, an item's index, or several


@final
@dataclass(frozen=True)
class Answers:
    """The cues of one group in one recall with one set of answers, flattened.

    N is the number of values of a pattern; with more than two symbols it is values × symbols, the
    truth being 1 at the right symbol. What follows the end of the string that was asked for is 0 in
    all of them, and certain: no answer is right or wrong there.
    """

    space: Space
    items: tuple[int, ...]  # (C)
    presented: tuple[int, ...]
    truth: Tensor  # (R, C, N)
    response: Tensor  # (R, C, N)
    cue: Tensor  # (R, C, N), 0 where not given
    given: Tensor  # (R, C, N) bool
    certain: Tensor  # (R, C, N) bool
    known: Tensor  # (R, P, *shape) the patterns of the whole session
    valid: Tensor | None = None  # (R, C, N) bool, what of strings is no padding; None: no strings

    @property
    def patterns(self) -> Tensor:
        """The patterns of the whole session ``(R, P, N)``, flat; of many, more than fits."""
        return _flat(self.known, self.space)


def answers(
    session: Session, arm: str, phase: str, group: Group, control: str | None = None
) -> Answers | Absent:
    """What the medium, or a control, answered to the cues of a group."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    at = recall.of(members(session, group))
    if not at:
        return Absent(f"{group!r} was not asked for in {arm}/{phase}")
    return answered(session, recall, at, control)


def answered(
    session: Session, recall: Recall, at: Sequence[int], control: str | None = None
) -> Answers | Absent:
    """What the medium, or a control, answered to the cues at these places of a recall."""
    response = recall.response if control is None else recall.controls.get(control)
    if response is None:
        where = f"{recall.arms[0]}/{recall.phase}"
        return Absent(recall.absent.get(control or "", f"no control {control!r} at {where}"))
    space, at = session.space, list(at)
    given = Answers(
        space,
        items=tuple(recall.items[c] for c in at),
        presented=recall.presented,
        truth=_flat(recall.truth[:, at], space),
        response=response[:, at].flatten(2).float(),
        cue=_flat(recall.cue.values[:, at], space) * _spread(recall.cue.given[:, at], space),
        given=_spread(recall.cue.given[:, at], space),
        certain=_spread(recall.cue.certain[:, at], space),
        known=session.patterns,
    )
    return _of_strings(given, recall.truth[:, at]) if space.ends else given


def asked(session: Session, arm: str, phase: str) -> Recall | Absent:
    """The recall of a phase in an arm."""
    try:
        return session.recall(arm, phase)
    except KeyError as missing:
        return Absent(str(missing.args[0]))


def members(session: Session, group: Group) -> tuple[int, ...]:
    """The item indices of a group; KeyError names the groups there are."""
    if isinstance(group, int):
        return (group,)
    if not isinstance(group, str):
        return tuple(group)
    if group not in session.groups:
        raise KeyError(f"no group {group!r}; this run has {sorted(session.groups)}")
    return session.groups[group]


def averaged(score: Callable[[Answers], Measure], given: Answers | Absent) -> Measure:
    """The mean score ``(R,)`` over the cues at which it has a meaning."""
    scores = score(given) if isinstance(given, Answers) else given
    if isinstance(scores, Absent):
        return scores
    means = scores.double().nanmean(dim=1)
    empty = int(means.isnan().sum())
    if empty:
        return Absent(f"no cue at which it is defined in {empty} of {len(means)} replicates")
    return means


def gain(
    session: Session,
    *,
    of: Callable[[Session], Measure],
    over: Callable[[Session], Measure],
    log: bool = False,
) -> Measure:
    """One metric less another; as ``log`` the logarithm of their ratio."""
    first, second = of(session), over(session)
    if isinstance(first, Absent):
        return first
    if isinstance(second, Absent):
        return second
    return (first / second).log() if log else first - second


def _of_strings(a: Answers, truth: Tensor) -> Answers:
    """The answers without what follows the end of each true string ``(R, C, N)``."""
    valid = _spread(a.space.valid(truth), a.space)
    return replace(
        a,
        truth=a.truth * valid,
        response=a.response * valid,
        cue=a.cue * valid,
        given=a.given & valid,
        certain=a.certain | ~valid,
        valid=valid,
    )


def _flat(patterns: Tensor, space: Space) -> Tensor:
    """Patterns ``(R, C, *shape)`` as vectors ``(R, C, N)``."""
    return space.as_response(patterns).flatten(2).float()


def _spread(mask: Tensor, space: Space) -> Tensor:
    """A mask ``(R, C, *shape)`` as ``(R, C, N)``."""
    repeats = math.prod(space.response_shape) // space.size
    return mask.flatten(2).repeat_interleave(repeats, dim=-1)
