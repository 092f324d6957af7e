"""The nearest of some stored patterns, judged on what a cue gives."""

import math

import torch
from torch import Tensor

from memlab.similarity import FAINT
from memlab.space import Cue, Space

DECIMALS = 9
ROOM = 2**22  # values of patterns, or patterns times cues, that are held at once


def nearest_answer(space: Space, stored: Tensor, live: Tensor, cue: Cue) -> Tensor:
    """The stored pattern nearest to each cue, as a response ``(R, C, *shape[, A])``.

    ``stored (R, P, *shape)``, ``live (R, P)`` bool. What is certain must agree (mean squared
    difference); without anything certain the best correlated on what is given wins, so that a
    faint cue finds its pattern. Equals are averaged; a cue that gives nothing gets the mean.
    """
    values = stored.shape[1] * math.prod(space.response_shape)
    some = max(1, ROOM // max(1, values))  # replicates whose answers fit beside each other
    each = [
        _of_some(space, stored[r : r + some], live[r : r + some], _rows(cue, r, r + some))
        for r in range(0, len(stored), some)
    ]
    return torch.cat(each).to(cue.values.dtype)


def _of_some(space: Space, stored: Tensor, live: Tensor, cue: Cue) -> Tensor:
    """The same for a few replicates, a block of cues at a time."""
    responses = space.as_response(stored).flatten(2).double()  # (R, P, N[ A])
    block = max(1, ROOM // max(1, stored.shape[0] * stored.shape[1]))
    mixed = []
    for first in range(0, cue.count, block):
        match = _agreement(stored, cue.part(first, first + block))
        match = match.masked_fill(~live[:, None], -torch.inf)
        best = (match == match.amax(-1, keepdim=True)) & live[:, None]
        share = best.double() / best.sum(-1, keepdim=True).clamp(min=1)
        mixed.append(torch.einsum("rcp,rpn->rcn", share, responses))
    return torch.cat(mixed, dim=1).reshape(len(stored), cue.count, *space.response_shape)


def _rows(cue: Cue, first: int, last: int) -> Cue:
    """The cues of some replicates."""
    return Cue(*(x[first:last] for x in (cue.values, cue.given, cue.certain)))


def _agreement(stored: Tensor, cue: Cue) -> Tensor:
    """How well each stored pattern fits each cue, ``(R, C, P)`` float64; higher is nearer.

    Differences and correlations are taken apart into matrix products. They are rounded far above
    what float64 loses, so that equals stay equal.
    """
    known = stored.flatten(2).double().transpose(1, 2)  # (R, N, P)
    asked, given, certain = (x.flatten(2).double() for x in (cue.values, cue.given, cue.certain))
    vouched, whole = certain * asked, given * asked  # (R, C, N)
    apart = (
        certain @ known.square() - 2 * (vouched @ known) + (vouched * asked).sum(-1, keepdim=True)
    )
    apart = apart / certain.sum(-1, keepdim=True).clamp(min=1)
    alike = _correlation(known, given, whole)
    return torch.where(certain.any(-1, keepdim=True), -apart, alike).round(decimals=DECIMALS)


def _correlation(known: Tensor, given: Tensor, whole: Tensor) -> Tensor:
    """Pearson of each cue with each pattern where the cue gives something, 0 elsewhere in both."""
    size = given.shape[2]
    sums, squares = given @ known, given @ known.square()  # (R, C, P)
    own = whole.sum(-1, keepdim=True)
    product = whole @ known - own * sums / size
    spread = (squares - sums.square() / size).clamp(min=0).sqrt()
    own_spread = (whole.square().sum(-1, keepdim=True) - own.square() / size).clamp(min=0).sqrt()
    faint = (spread < FAINT) | (own_spread < FAINT)
    return torch.where(faint, 0.0, product / torch.where(faint, 1.0, spread * own_spread))
