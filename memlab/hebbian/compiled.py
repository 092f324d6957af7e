"""Hebbian layers in C: the same steps as ``stable.step``, and the same winners as in torch."""

from dataclasses import replace

import torch
from torch import Tensor

from memlab.hebbian.features import shares
from memlab.hebbian.stable import Stable, Traces, step
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
    layer is not on the CPU. The two differ by rounding.
    """
    if batches.ndim < 3 or not batches.shape[1]:
        raise ValueError(f"batches must be (R, T, …), one or more, got {tuple(batches.shape)}")
    worth = torch.as_tensor(salience, dtype=torch.float32, device=features.device)
    worth = worth.expand(batches.shape[:2])
    if core and available() and features.device.type == "cpu":
        each = shares(batches.flatten(0, 1), features.shape[1])
        return _in_c(layer, traces, features, each.view(*batches.shape[:2], -1), worth)
    for nth, batch in enumerate(batches.unbind(1)):
        traces, _ = step(layer, traces, features, batch, salience=worth[:, nth])
    return traces


def _in_c(
    layer: Stable, traces: Traces, features: Tensor, share: Tensor, salience: Tensor
) -> Traces:
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
    if status != lib.ML_OK:
        raise FloatingPointError(
            f"the layer must stay finite and did not in {sizes[1]} steps; take a lower rate"
        )
    return after


def _rule(layer: Stable) -> object:
    rates = (layer.rate, layer.threshold_rate, layer.mean_rate, layer.decay, layer.consolidation)
    return ffi.new("ml_layer_rule *", (getattr(lib, LAWS[layer.rule]), *rates))
