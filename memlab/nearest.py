"""The nearest of some stored patterns, judged on what a cue gives."""

import math

import torch
from torch import Tensor

from memlab.similarity import FAINT, pearson_with_each
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


def mixed(space: Space, stored: Tensor, share: Tensor) -> Tensor:
    """Patterns ``(R, P, *shape)`` in shares ``(R, C, P)``, a response ``(R, C, *shape[, A])``.

    At a place of a string only those count that get so far; where none does, it has ended.
    """
    responses = space.as_response(stored).double().flatten(2)
    whole = torch.einsum("rcp,rpn->rcn", share, responses)
    whole = whole.reshape(*share.shape[:2], *space.response_shape)
    if not space.ends:
        return whole
    valid = space.valid(stored).double()  # (R, P, N)
    reached = (share @ valid)[..., None]
    far = torch.einsum("rcp,rpna->rcna", share, space.as_response(stored) * valid[..., None])
    return torch.where(reached > 0, far / reached.clamp(min=FAINT), whole)


def _of_some(space: Space, stored: Tensor, live: Tensor, cue: Cue) -> Tensor:
    """The nearest patterns of a few replicates, a block of cues at a time."""
    block, found = max(1, ROOM // max(1, live.numel())), []
    for first in range(0, cue.count, block):
        match = _agreement(stored, cue.part(first, first + block))
        match = match.masked_fill(~live[:, None], -torch.inf)
        best = (match == match.amax(-1, keepdim=True)) & live[:, None]
        share = best.double() / best.sum(-1, keepdim=True).clamp(min=1)
        near = (share > 0).any(0).any(0)  # of many patterns few are nearest to any cue
        found.append(mixed(space, stored[:, near], share[..., near]))
    return torch.cat(found, dim=1)


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
    alike = pearson_with_each(known, whole, given, given.shape[2])
    return torch.where(certain.any(-1, keepdim=True), -apart, alike).round(decimals=DECIMALS)
