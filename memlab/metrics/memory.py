"""What the memory costs and how much it holds."""

import math

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Answers, Group, Measure, answers, averaged
from memlab.metrics.scores import LIT, identification
from memlab.session import Session

BINARY = 2  # symbols


def engram_bytes(session: Session, *, arm: str, phase: str) -> Measure:
    """Bytes of live memory at the end of a phase."""
    for snapshot in session.snapshots:
        if arm in snapshot.arms and snapshot.phase == phase:
            return snapshot.bytes.double()
    return Absent(f"no snapshot of the memory after {arm}/{phase}")


def final_bytes(session: Session, *, arm: str) -> Measure:
    """Bytes of live memory when an arm was over."""
    found = [snapshot for snapshot in session.snapshots if arm in snapshot.arms]
    return found[-1].bytes.double() if found else Absent(f"no snapshot of the memory in {arm!r}")


def information_by_values(session: Session, *, arm: str, phase: str, group: Group) -> Measure:
    """Bits about all patterns of a group that the answers hold beyond the cues, binary values.

    Per value I = H(x) + H(a) - H(x, a) between the pattern x and the decided answer a, counted
    where the cue did not vouch; 1 - H2((1 + m) / 2) at overlap m for balanced patterns, and 0 for a
    blank answer to sparse ones. The cue, read at half its own maximum, is taken off the same way.
    A cue whose answer holds less than itself counts against the others; only the sum is at least 0.
    """
    if session.space.symbols != BINARY:
        return Absent("only binary values are counted in bits of a symmetric channel")
    given = answers(session, arm, phase, group)
    mean = averaged(bits_beyond_cue, given)
    if isinstance(mean, Absent) or isinstance(given, Absent):
        return mean
    return (mean * len(given.items)).clamp(min=0)


def information_by_identity(session: Session, *, arm: str, phase: str, group: Group) -> Measure:
    """Bits by which the answers tell the patterns of a run apart, all cues together.

    Per cue log2 M + a log2 a + (1 - a) log2((1 - a) / (M - 1)) for accuracy a among M patterns.
    The cue alone may suffice for that: read it beside the identification of the control *cue*.
    """
    given = answers(session, arm, phase, group)
    a = averaged(identification, given)
    if isinstance(a, Absent) or isinstance(given, Absent):
        return a
    return _channel(a, given.known.shape[1]) * len(given.items)


def bits_per_byte(
    session: Session, *, arm: str, phase: str, group: Group, snapshot: str
) -> Measure:
    """Information by values over bytes of live memory at the end of the phase ``snapshot``."""
    bits = information_by_values(session, arm=arm, phase=phase, group=group)
    size = engram_bytes(session, arm=arm, phase=snapshot)
    if isinstance(bits, Absent):
        return bits
    if isinstance(size, Absent):
        return size
    return bits / size if bool((size > 0).all()) else Absent("the memory holds no bytes")


def _channel(a: Tensor, choices: int) -> Tensor:
    wrong = 1 - a
    bits = math.log2(choices) + torch.special.xlogy(a, a) / math.log(2)
    bits = bits + torch.special.xlogy(wrong, wrong / (choices - 1)) / math.log(2)
    return torch.where(a > 1 / choices, bits, 0.0)


def bits_beyond_cue(a: Answers) -> Tensor:
    """Bits that each answer ``(R, C)`` holds beyond its cue; see ``information_by_values``."""
    hidden = ~a.certain
    own = a.truth > LIT
    cue = a.cue > LIT * a.cue.amax(2, keepdim=True)
    return _bits(a.response > LIT, own, hidden) - _bits(cue, own, hidden)


def _bits(answer: Tensor, own: Tensor, within: Tensor) -> Tensor:
    """Mutual information of two binary patterns ``(R, C, N)`` in a region, in bits of all N."""
    n = within.sum(2).double()
    pairs = [(x, y) for x in (answer, ~answer) for y in (own, ~own)]
    shares = [(x & y & within).sum(2) / n.clamp(min=1) for x, y in pairs]
    both, false_on, missed, neither = shares
    bits = _entropy(both + false_on, missed + neither) + _entropy(both + missed, false_on + neither)
    bits = (bits - _entropy(*shares)) * n
    return torch.where(both * neither > false_on * missed, bits, 0.0)  # an inverse recalls nothing


def _entropy(*shares: Tensor) -> Tensor:
    return -sum((torch.special.xlogy(p, p) for p in shares), torch.zeros(())) / math.log(2)
