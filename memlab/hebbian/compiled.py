"""Hebbian layers in C: the same steps as ``stable.step``, and the same winners as in torch."""

from dataclasses import replace

import torch
from torch import Tensor

from memlab.hebbian.features import shares
from memlab.hebbian.stable import ACTIVITY, Stable, Traces, lost, step
from memlab.native import available, ffi, lib, pointer, team_of

LAWS = {"row_norm": "ML_ROW_NORM", "oja": "ML_OJA"}


def learned(
    layer: Stable,
    traces: Traces,
    features: Tensor,
    batches: Tensor,
    *,
    salience: Tensor | float = 1.0,
    core: bool = True,
) -> Traces:
    """What is remembered after T batches ``(R, T, …)`` of tokens, one after the other.

    Batches may be as short as one token: a stream. ``salience (R, T)`` or one for all, as in
    ``stable.step``, which is taken T times where C is not built, not asked for (``core``), or the
    layer is not on the CPU. The two differ by rounding. FloatingPointError as there, with the step.
    """
    if batches.ndim < 3 or not batches.shape[1]:
        raise ValueError(f"batches must be (R, T, …), one or more, got {tuple(batches.shape)}")
    worth = torch.as_tensor(salience, dtype=torch.float32, device=features.device)
    worth = worth.expand(batches.shape[:2])
    if core and available() and features.device.type == "cpu":
        each = shares(batches.flatten(0, 1), features.shape[1]).view(*batches.shape[:2], -1)
        after, finite = _in_c(layer, traces, features, each, worth)
        if not finite:
            raise _where_lost(layer, traces, features, each, worth)
        return after
    for nth, batch in enumerate(batches.unbind(1)):
        traces, _ = step(layer, traces, features, batch, salience=worth[:, nth], nth=nth + 1)
    return traces


def _in_c(
    layer: Stable, traces: Traces, features: Tensor, share: Tensor, salience: Tensor
) -> tuple[Traces, bool]:
    """What is remembered, and whether that is finite."""
    replicates, vocabulary, count = features.shape
    after = replace(traces, **{name: one.clone() for name, one in vars(traces).items()})
    sizes = (replicates, share.shape[1], vocabulary, count, layer.units, layer.winners)
    dims = ffi.new("ml_layer_dims *", (*sizes, min(team_of(0, None), replicates)))
    work = torch.empty(lib.ml_layer_work(dims))
    weights = (replicates, layer.units, count)
    features, share, salience = (one.contiguous() for one in (features, share, salience))
    status = lib.ml_layer_learn(
        dims,
        _rule(layer),
        pointer("features", features, features.shape),
        pointer("share", share, (replicates, sizes[1], vocabulary)),
        pointer("salience", salience, share.shape[:2]),
        pointer("slow", after.slow, weights),
        pointer("fast", after.fast, weights),
        pointer("mean", after.mean, (replicates, count)),
        pointer("threshold", after.threshold, (replicates, layer.units)),
        pointer("work", work, work.shape),
    )
    return after, bool(status == lib.ML_OK)


def _where_lost(
    layer: Stable, traces: Traces, features: Tensor, share: Tensor, salience: Tensor
) -> FloatingPointError:
    """What is told of a layer in which a step fails: each is taken again, one by one."""
    steps, found = share.shape[1], []
    for replicate in range(len(features)):
        own = slice(replicate, replicate + 1)
        now = replace(traces, **{name: one[own] for name, one in vars(traces).items()})
        for n in range(steps):
            at = (own, slice(n, n + 1))
            now, finite = _in_c(layer, now, features[own], share[at], salience[at])
            if not finite:
                found.append((n + 1, replicate, _lacking(now)))
                break
    nth, replicate, array = min(found)
    return lost(array, replicate, layer, nth)


def _lacking(traces: Traces) -> str:
    """The first array that is not finite; where all are, the activity was not."""
    bad = (name for name, values in vars(traces).items() if not bool(values.isfinite().all()))
    return next(bad, ACTIVITY)


def _rule(layer: Stable) -> object:
    rates = (layer.rate, layer.threshold_rate, layer.mean_rate, layer.decay, layer.consolidation)
    return ffi.new("ml_layer_rule *", (getattr(lib, LAWS[layer.rule]), *rates))
