"""The nearest of some stored patterns, judged on what a cue gives."""

import torch
from torch import Tensor

from memlab.similarity import pearson
from memlab.space import Cue, Space


def nearest_answer(space: Space, stored: Tensor, live: Tensor, cue: Cue) -> Tensor:
    """The stored pattern nearest to each cue, as a response ``(R, C, *shape[, A])``.

    ``stored (R, P, *shape)``, ``live (R, P)`` bool. What is certain must agree (mean squared
    difference); without anything certain the best correlated on what is given wins, so that a
    faint cue finds its pattern. Equals are averaged; a cue that gives nothing gets the mean.
    """
    match = _agreement(stored, cue).masked_fill(~live[:, None], -torch.inf)
    best = (match == match.amax(-1, keepdim=True)) & live[:, None]
    share = best.double() / best.sum(-1, keepdim=True).clamp(min=1)
    responses = space.as_response(stored).double()  # (R, P, *shape[, A])
    mixed = torch.einsum("rcp,rpn->rcn", share, responses.flatten(2))
    return mixed.reshape(*match.shape[:2], *space.response_shape).to(cue.values.dtype)


def _agreement(stored: Tensor, cue: Cue) -> Tensor:
    """How well each stored pattern fits each cue, ``(R, C, P)``; higher is nearer."""
    flat = stored.flatten(2)[:, None]  # (R, 1, P, N)
    asked, given, certain = (
        x.flatten(2).unsqueeze(2) for x in (cue.values, cue.given, cue.certain)
    )  # (R, C, 1, N)
    apart = ((flat - asked).square() * certain).sum(-1) / certain.sum(-1).clamp(min=1)
    alike = pearson(flat * given, asked * given, (-1,))
    return torch.where(certain.any(-1), -apart, alike)
