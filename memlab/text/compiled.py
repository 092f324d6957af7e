"""Trees of contexts as the C core takes them: addresses of checked arrays, and its answers."""

from typing import Any

import torch
from torch import Tensor

from memlab.native import ffi, lib
from memlab.text.contexts import Forest, Rule

LAWS = {
    "kneser_ney": "ML_KNESER_NEY",
    "witten_bell": "ML_WITTEN_BELL",
    "published": "ML_PUBLISHED",
}
TYPES = {
    torch.int32: "int32_t *",
    torch.int64: "int64_t *",
    torch.float32: "float *",
    torch.float64: "double *",
}


def address(name: str, array: Tensor, kind: torch.dtype) -> Any:
    """Where an array begins, which must be contiguous, on the CPU and of that type."""
    if array.dtype != kind or array.device.type != "cpu" or not array.is_contiguous():
        raise ValueError(
            f"{name} must be contiguous {str(kind).removeprefix('torch.')} on the CPU, got "
            f"{str(array.dtype).removeprefix('torch.')} with strides {array.stride()} on "
            f"{array.device}"
        )
    return ffi.cast(TYPES[kind], array.data_ptr())


def dims_of(forest: Forest) -> Any:
    """Its sizes."""
    c, room, slots = forest.contexts, forest.nodes.shape[1], forest.slots.shape[1]
    return ffi.new("ml_tree_dims *", (c.symbols, c.reach, c.whole, room, slots))


def tree_of(forest: Forest, r: int) -> Any:
    """The arrays of one replicate."""
    return ffi.new(
        "ml_tree *",
        (
            address("nodes", forest.nodes[r], torch.int32),
            address("traces", forest.traces[r], torch.float64),
            address("slots", forest.slots[r], torch.int32),
            address("used", forest.used[r : r + 1], torch.int64),
            address("scale", forest.scale[r : r + 1], torch.float64),
        ),
    )


def rule_of(rule: Rule) -> Any:
    """A rule."""
    law = getattr(lib, LAWS[rule.law])
    return ffi.new("ml_tree_rule *", (law, rule.discount, rule.strength, rule.start))


def check(status: int) -> None:
    """Turn a status into the exception that says what went wrong."""
    if status == lib.ML_NOT_FINITE:
        raise ValueError("weights must be finite numbers, and one was not")
    if status != lib.ML_OK:
        raise ValueError("a tree must be whole and every symbol in its alphabet, and one was not")
