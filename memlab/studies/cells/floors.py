"""Answers without a trained network, fitted to what a cell is trained on."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import pad

from memlab.cells.readout import Normal
from memlab.cells.tasks import Trials

RIDGE = 1e-10  # mean variances of what is regressed on

Answers: TypeAlias = Callable[[Trials, Trials], Tensor]  # taught, asked -> outputs (B, T, 1)


def linear(taught: Trials, asked: Trials, lags: int) -> Tensor:
    """The best linear function of the input and of those of the last ``lags`` steps."""
    seen = _lagged(taught.x, lags)[taught.counts]
    sums = Normal.of(seen[None], taught.target[taught.counts][None], torch.ones(1, len(seen)))
    weights, offset = sums.solved(RIDGE)
    return _lagged(asked.x, lags) @ weights[0].mT + offset[0]


def persistence(_: Trials, asked: Trials) -> Tensor:
    """The first input as it is, as if nothing changed."""
    return asked.x[..., :1].double()


def mean(taught: Trials, asked: Trials) -> Tensor:
    """The mean of what was taught."""
    return taught.target[taught.counts].double().mean().expand(asked.target.shape)


def _lagged(x: Tensor, lags: int) -> Tensor:
    """Inputs ``(B, T, I)`` beside those before them, ``(B, T, I (lags + 1))`` float64; 0 before."""
    steps = x.shape[1]
    return torch.cat([pad(x.double(), (0, 0, lag, 0))[:, :steps] for lag in range(lags + 1)], -1)


FLOORS: dict[str, Answers] = {
    "linear, 10 lags": partial(linear, lags=10),
    "linear, no memory": partial(linear, lags=0),
    "persistence": persistence,
    "mean": mean,
}
