"""What can be read off a Hatchling: synapses of chosen pairs, activity, surprise."""

import torch
from torch import Tensor

from memlab.bdh.hatchling import Hatchling
from memlab.bdh.running import Pass, neurons
from memlab.similarity import pearson


def synapses(model: Hatchling, passed: Pass, layer: int, pairs: Tensor) -> Tensor:
    """σ_ij of pairs ``(P, 2)`` of neurons (i after, j before) in a layer: ``(R, B, T, P)``.

    σ_ij(t) = Σ_(τ < t) u^(t-τ) y_(τ, l-1, i) x_(τ, l, j): what token t finds, after all before it;
    the rotation is left out. ρ = E σ would be exact without layer norms. Layers count from 0, and
    nothing fires below the first. No array of n × n values is made.
    """
    if not 1 <= layer < model.layers:
        raise ValueError(f"layer must be in [1, {model.layers - 1}], got {layer}")
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not pairs.numel():
        raise ValueError(f"pairs must be (P, 2), one or more, got {tuple(pairs.shape)}")
    if int(pairs.min()) < 0 or int(pairs.max()) >= model.neurons:
        raise ValueError(f"neurons must be in 0 … {model.neurons - 1}, got {pairs.aminmax()}")
    after = neurons(passed.layers[layer - 1].y)[..., pairs[:, 0]]
    before = neurons(passed.layers[layer].x)[..., pairs[:, 1]]
    kept = model.kept(before)[pairs[:, 1] // model.per_head]
    sigma, found = torch.zeros_like(before[:, :, 0]), []
    for written in (after * before).unbind(2):
        found.append(sigma)
        sigma = kept * (sigma + written)
    return torch.stack(found, 2)


def active_share(activity: Tensor) -> Tensor:
    """The share ``(R, B, T)`` of neurons above 0, of ``activity (R, heads, B, T, N)``."""
    return (activity > 0).float().mean((1, 4))


def surprise_and_activity(surprisal: Tensor, active: Tensor) -> Tensor:
    """Pearson over all tokens ``(R,)`` of surprisal and active share, each ``(R, B, T)``."""
    return pearson(surprisal.flatten(1), active.flatten(1), (1,))
