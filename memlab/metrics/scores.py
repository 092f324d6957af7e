"""Scores of single answers, ``Answers -> (R, C)``; NaN where a cue leaves a score no meaning."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from memlab import similarity
from memlab.absent import Absent
from memlab.metrics.measure import Answers, Measure
from memlab.similarity import FAINT, centred, pearson_with_each

LIT = 0.5  # a value above this is on, in an answer as in a pattern
HAZE = 0.15  # above this the background is not dark
MANY = 4_000_000  # answers times patterns of a replicate that are compared at most
RECALLED = 0.95  # overlap from which on an item counts as recalled
FADED = 0.5  # below this share of the pattern's own brightness an answer counts as faded

Score: TypeAlias = Callable[[Answers], Measure]


def pearson(a: Answers) -> Tensor:
    """Pearson correlation over the whole pattern; 0 for a constant or blank answer."""
    return similarity.pearson(a.response, a.truth, (2,), a.valid)


def cosine(a: Answers) -> Tensor:
    """Uncentred cosine over the whole pattern. Rewards brightness anywhere; use beside Pearson."""
    return similarity.cosine(a.response, a.truth, (2,))


def hidden_pearson(a: Answers) -> Tensor:
    """Pearson correlation on the region the cue did not vouch for."""
    hidden = ~a.certain
    answer, truth = centred(a.response, hidden, (2,)), centred(a.truth, hidden, (2,))
    score = similarity.cosine(answer, truth, (2,))
    return torch.where(truth.norm(dim=2) < FAINT, torch.nan, score)


def skill(a: Answers) -> Tensor:
    """1 - squared error / variance of the pattern, on the region the cue did not vouch for.

    The best constant scores exactly 0, a constant of another level less.
    """
    hidden = ~a.certain
    error = ((a.response - a.truth).double().square() * hidden).sum(2)
    spread = centred(a.truth, hidden, (2,)).square().sum(2)
    return torch.where(spread < FAINT, torch.nan, 1 - error / spread)


def r2(a: Answers) -> Measure:
    """Share of the variance of a task's asked outputs that is explained, the mean over columns.

    1 - squared error / variance; below 0 the column's own mean would have been the better answer.
    """
    each = column_r2(a)
    return each if isinstance(each, Absent) else each.nanmean(2)


def column_r2(a: Answers) -> Measure:
    """1 - squared error / variance of every output of a task, ``(R, C, O)``."""
    if not a.space.outputs:
        return Absent("the patterns are no tasks, of inputs and outputs")
    hidden = columns(~a.certain, a).double()
    response, truth = columns(a.response, a).double(), columns(a.truth, a).double()
    error = ((response - truth).square() * hidden).sum(2)
    mean = (truth * hidden).sum(2, keepdim=True) / hidden.sum(2, keepdim=True).clamp(min=1)
    spread = ((truth - mean).square() * hidden).sum(2)
    return torch.where(spread < FAINT, torch.nan, 1 - error / spread)


def choice(a: Answers) -> Measure:
    """Share of a task's asked steps at which the largest output is the right one."""
    if len(a.space.outputs) < 2 or a.space.symbols != 2:
        return Absent("the patterns are no tasks that choose among symbols")
    asked = columns(~a.certain, a).all(-1)
    right = columns(a.response, a).argmax(-1) == columns(a.truth, a).argmax(-1)
    return _share(right & asked, asked)


def iou(a: Answers) -> Measure:
    """Places on in both over places on in either, at the threshold LIT."""
    return _where_lit(a, _iou)


def coverage(a: Answers) -> Measure:
    """Share of the pattern's lit places, beyond those the cue vouched for, that are lit."""
    return _where_lit(a, lambda lit, own, a: _share(lit, own & ~a.certain))


def background(a: Answers) -> Measure:
    """Share of the pattern's dark places, beyond those the cue vouched for, above HAZE."""
    return _where_lit(a, lambda _, own, a: _share(a.response > HAZE, ~own & ~a.certain))


def amplitude_ratio(a: Answers) -> Measure:
    """Brightness of the answer where the pattern is lit, over the pattern's own."""
    return _where_lit(a, _amplitude_ratio)


def faded(a: Answers) -> Measure:
    """1 where the answer has less than half the pattern's brightness: a ghost, not a memory."""
    ratio = amplitude_ratio(a)
    if isinstance(ratio, Absent):
        return ratio
    return torch.where(ratio.isnan(), torch.nan, (ratio < FADED).double())


def completion_specificity(a: Answers) -> Measure:
    """P(own place lit) - P(foreign place lit), over places of which the cue said nothing.

    Foreign places are lit in another presented pattern and dark in the one asked for.
    """
    if bool(a.given.all()):
        return Absent("the cue said something of every place; nothing was left to complete")
    if all(set(a.presented) <= {item} for item in a.items):
        return Absent("no other pattern was presented")
    return _where_lit(a, _specificity)


def identification(a: Answers) -> Measure:
    """Whether the answer is likest (Pearson) to its own pattern among all of the run.

    A tie is shared: an answer equally like all P patterns, such as a blank, scores 1 / P.
    """
    if a.known.shape[1] == 1:
        return Absent("the run has one pattern; there is nothing to tell it from")
    if len(a.items) * a.known.shape[1] > MANY:
        return _too_many(a)
    likeness = confusion(a)  # (R, C, P)
    best = likeness >= likeness.amax(2, keepdim=True) - FAINT
    own = best[:, torch.arange(len(a.items)), list(a.items)]
    return own.double() / best.sum(2)


def overlap(a: Answers) -> Tensor:
    """Hits less false alarms: the overlap m with the pattern, whatever share of it is on.

    m = Σ (ξ - f) s / (N f (1 - f)) for a decided answer s and a pattern ξ of activity f, both 0 or
    1; for f = 1/2 it is 1 - 2 · (share of wrong values). With several symbols, on is the right
    one's. Graded answers have their Pearson correlation instead.
    M. Tsodyks and M. Feigelman, Europhysics Letters 6, 101 (1988).
    """
    if a.space.symbols is None:
        return pearson(a).double()
    shape = (*a.truth.shape[:2], *a.space.response_shape)
    decided = a.space.as_response(a.space.decide(a.response.reshape(shape))).flatten(2).double()
    on = a.truth.double()
    if a.valid is not None:
        decided = decided * a.valid
    count, size = on.sum(2), on.shape[2] if a.valid is None else a.valid.sum(2)
    hits, alarms = (decided * on).sum(2) / count, (decided * (1 - on)).sum(2) / (size - count)
    return torch.where((count == 0) | (count == size), torch.nan, hits - alarms)


def success(a: Answers) -> Measure:
    """Whether an item was recalled: overlap of 0.95 or more, and no other pattern is as like.

    With one pattern in the run there is no other, and the overlap decides alone.
    """
    near = (overlap(a) >= RECALLED).double()
    if a.known.shape[1] == 1:
        return near
    if len(a.items) * a.known.shape[1] > MANY:
        return _too_many(a)
    known = confusion(a)  # (R, C, P)
    own = known[:, torch.arange(len(a.items)), list(a.items)]
    rivals = (known >= own[..., None] - FAINT).sum(2)  # itself among them
    return near * (rivals == 1)


def accuracy(a: Answers) -> Measure:
    """Share of values decided right where the cue did not vouch for them."""
    if a.space.symbols is None:
        return Absent("graded values are not right or wrong")
    shape = (*a.truth.shape[:2], *a.space.response_shape)
    truth = a.truth.reshape(shape)
    right = a.space.decide(a.response.reshape(shape)) == a.space.decide(truth)
    hidden = ~a.certain.reshape(*a.truth.shape[:2], a.space.size, -1)[..., 0]
    return _share(right.flatten(2), hidden)


def exact(a: Answers) -> Measure:
    """Whether every value that the cue did not vouch for is decided right."""
    share = accuracy(a)
    if isinstance(share, Absent):
        return share
    return torch.where(share.isnan(), torch.nan, (share == 1).double())


def probability(a: Answers) -> Measure:
    """What is given to the right symbols, on average, where the cue did not vouch for them."""
    if (a.space.symbols or 0) <= 2:
        return Absent("only of more than two symbols does an answer give every one its share")
    hidden = ~a.certain & (a.truth > 0)
    return (a.response * hidden).sum(2) / hidden.sum(2)  # NaN where nothing is hidden


def confusion(a: Answers) -> Tensor:
    """Pearson of every answer with every pattern of the run, ``(R, C, P)``.

    Of strings, up to the end of the one that was asked for; no two are the same so far.
    """
    if a.valid is not None:
        inside, known = a.valid.double(), a.patterns.double().mT
        return pearson_with_each(known, a.response.double(), inside, inside.sum(2, keepdim=True))
    pairs = zip(a.response, a.patterns, strict=True)
    return torch.stack([_unit(answer) @ _unit(known).T for answer, known in pairs])


def _too_many(a: Answers) -> Absent:
    pairs = f"{len(a.items):,} answers and {a.known.shape[1]:,} patterns"
    return Absent(f"{pairs} are too many to compare each with each")


SCORES: dict[str, Score] = {
    "pearson": pearson,
    "cosine": cosine,
    "hidden_pearson": hidden_pearson,
    "skill": skill,
    "r2": r2,
    "choice": choice,
    "iou": iou,
    "coverage": coverage,
    "background": background,
    "amplitude_ratio": amplitude_ratio,
    "faded": faded,
    "completion_specificity": completion_specificity,
    "identification": identification,
    "overlap": overlap,
    "success": success,
    "accuracy": accuracy,
    "exact": exact,
    "probability": probability,
}


def score(measure: str) -> Score:
    """The score of that name; KeyError names those there are."""
    if measure not in SCORES:
        raise KeyError(f"no measure {measure!r}; there are {sorted(SCORES)}")
    return SCORES[measure]


def _where_lit(a: Answers, rule: Callable[[Tensor, Tensor, Answers], Tensor]) -> Measure:
    """Apply a rule of (lit in the answer, lit in the pattern), where on and off mean something."""
    if a.space.symbols not in {None, 2}:
        return Absent(f"{a.space.symbols} symbols are not lit or dark")
    return rule(a.response > LIT, a.truth > LIT, a)


def _iou(lit: Tensor, own: Tensor, _: Answers) -> Tensor:
    return _share(lit & own, lit | own)


def _amplitude_ratio(_: Tensor, own: Tensor, a: Answers) -> Tensor:
    ours, pattern = (a.response * own).double().sum(2), (a.truth * own).double().sum(2)
    return torch.where(pattern < FAINT, torch.nan, ours / pattern)


def _specificity(lit: Tensor, own: Tensor, a: Answers) -> Tensor:
    known = a.patterns > LIT  # (R, P, N)
    others = [[p for p in set(a.presented) if p != item] for item in a.items]
    foreign = torch.stack([known[:, other].any(1) for other in others], dim=1) & ~own
    return _share(lit, own & ~a.given) - _share(lit, foreign & ~a.given)


def columns(values: Tensor, a: Answers) -> Tensor:
    """The outputs of a task at every step of all its sequences, ``(R, C, steps, O)``."""
    rows = values.reshape(*values.shape[:2], -1, a.space.shape[-1])
    return rows[..., a.space.inputs :]


def _share(part: Tensor, whole: Tensor) -> Tensor:
    size = whole.sum(2).double()
    return torch.where(size == 0, torch.nan, (part & whole).sum(2) / size)


def _unit(rows: Tensor) -> Tensor:
    """Rows ``(C, N)`` centred and of length 1; all 0 where a row is all but constant."""
    apart = rows.double() - rows.double().mean(1, keepdim=True)
    length = apart.norm(dim=1, keepdim=True)
    return torch.where(length < FAINT, 0.0, apart / length.clamp(min=FAINT))
