"""Models as files: one safetensors file, sealed by the SHA-256 of all its bytes; no pickle."""

import json
import math
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from numbers import Integral
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from safetensors import torch as safetensors
from sklearn.utils.validation import check_is_fitted
from torch import Generator

from memlab.cells import CELLS, PUBLISHED
from memlab.cells.cell import Cell, Tensors
from memlab.cells.checks import plain
from memlab.cells.estimator import CellRegressor
from memlab.cells.models import MODELS
from memlab.cells.optimisers import OPTIMISERS
from memlab.cells.training import Learned
from memlab.cells.turns import turn
from memlab.cells.values import Values
from memlab.checks import check_flag, check_number, check_whole

VERSION = 2
UNSEALED = "0" * 64  # stands where the digest will be, while that is computed
KINDS = {kind.__name__: kind for kind in MODELS.values()}
CELL_KINDS: dict[str, Callable[..., Cell]] = {
    kind.__name__: kind for kind in (*CELLS.values(), *PUBLISHED.values())
}
MOMENTS = tuple(moment for moments in OPTIMISERS.values() for moment in moments)


def save(model: CellRegressor, path: str | os.PathLike[str]) -> Path:
    """Write a model with its optimiser, masks, memory and generator; all of it or nothing."""
    check_is_fitted(model, "learned_")
    path = Path(path)
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            file.write(_sealed(_bytes(model)))
            file.flush()
            os.fsync(file.fileno())
        return partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> CellRegressor:
    """Read a model, which goes on with the same bits; ValueError if the file holds none."""
    path = Path(path)
    data = path.read_bytes()
    try:
        model: CellRegressor = _model(_opened(data), data)
    except Exception as cause:  # whatever it is, the file is not whole
        raise ValueError(f"{path} must be a model that memlab saved, but {cause}") from cause
    return model


def load_into(model: CellRegressor, path: str | os.PathLike[str]) -> CellRegressor:
    """Give a model what a saved one has learned; ValueError unless both are of the same cell.

    `transferred(load(path), n_outputs)` keeps the body of a saved one for another task.
    """
    found = load(path)
    model.check()
    held = found.learned_.cell
    sizes = (model.learned_.cell if hasattr(model, "learned_") else held).sizes()
    wanted = model.cell(sizes["i"], sizes["o"])
    if wanted != held:
        raise ValueError(f"{path} must hold {wanted}, got {held}")
    with turn(model):
        model.learned_ = found.learned_
    return model


def _bytes(model: CellRegressor) -> bytes:
    model.check()
    learned = model.learned_
    told = {
        "version": VERSION,
        "model": type(model).__name__,
        "parameters": {name: _plain(one) for name, one in model.get_params().items()},
        "cell": type(learned.cell).__name__,  # sizes of the model may have been set since
        "sizes": vars(learned.cell),
        "flat": learned.flat,
        "losses": learned.losses,
        "validation": learned.validation,
        "updates": learned.updates,
    }
    groups = {
        "parameters": learned.parameters,
        "masks": learned.masks,
        "moments": learned.moments,
        "memory": learned.memory,
        "random": {"generator": learned.generator},
    }
    tensors = {
        f"{group}/{name}": one.clone(memory_format=torch.contiguous_format)
        for group, members in groups.items()
        for name, one in members.items()
    }
    return safetensors.save(tensors, {"memlab": json.dumps(told), "sha256": UNSEALED})


def _plain(value: object) -> object:
    """Numbers of any kind as those of JSON."""
    value = plain(value)
    if value is None or isinstance(value, (bool, str)):
        return value
    return int(value) if isinstance(value, Integral) else float(value)  # type: ignore[arg-type]


def _sealed(data: bytes) -> bytes:
    return data.replace(UNSEALED.encode(), sha256(data).hexdigest().encode(), 1)


def _opened(data: bytes) -> dict[str, Any]:
    """What a file says of itself, once its seal is found whole."""
    length = int.from_bytes(data[:8], "little")
    if not 0 < length <= len(data) - 8:
        raise ValueError(f"its header would be of {length} bytes and the file has {len(data)}")
    told = json.loads(data[8 : 8 + length])["__metadata__"]
    digest = str(told["sha256"])
    if digest == UNSEALED or sha256(_unsealed(data, digest)).hexdigest() != digest:
        raise ValueError("its bytes are not those that were sealed by their SHA-256")
    found: dict[str, Any] = json.loads(told["memlab"])
    if found["version"] != VERSION:
        raise ValueError(f"it is of version {found['version']}; this memlab reads {VERSION}")
    return found


def _unsealed(data: bytes, digest: str) -> bytes:
    return data.replace(digest.encode(), UNSEALED.encode(), 1)


def _model(told: Mapping[str, Any], data: bytes) -> CellRegressor:
    model = KINDS[told["model"]](**told["parameters"])
    model.check()
    model.learned_ = _learned(told, safetensors.load(data))
    return model


def _learned(told: Mapping[str, Any], tensors: Tensors) -> Learned:
    groups: dict[str, Tensors] = {"masks": {}, "moments": {}}
    for name, one in tensors.items():
        group, _, member = name.partition("/")
        groups.setdefault(group, {})[member] = one
    cell: Cell = CELL_KINDS[told["cell"]](**told["sizes"])
    shapes = cell.shapes()
    _check("parameters", groups["parameters"], shapes, torch.float32)
    _check("masks", groups["masks"], {k: shapes[k] for k in groups["masks"]}, torch.bool)
    _check("moments", groups["moments"], _moments(groups["moments"], shapes), torch.float32)
    memory = {name: tuple(one.shape) for name, one in cell.blank(1, torch.zeros(1)).items()}
    _check("memory", groups["memory"], memory, torch.float32)
    generator = groups["random"]["generator"]
    Generator().set_state(generator)  # raises for what is none
    return Learned(
        cell,
        Values(_ordered(groups["parameters"], shapes)),
        _ordered(groups["masks"], shapes),
        groups["moments"],
        _ordered(groups["memory"], memory),
        generator,
        _flag("flat", told["flat"]),
        tuple(_loss("losses", one) for one in told["losses"]),
        tuple(_loss("validation", one) for one in told["validation"]),
        check_whole("its updates", told["updates"], 0),
    )


def _flag(name: str, value: object) -> bool:
    check_flag(f"its {name}", value)
    return bool(value)


def _loss(name: str, value: object) -> float:
    return check_number(f"its {name}", value, 0, math.inf, holds="at least 0")


def _moments(found: Tensors, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes that moments must have."""
    wanted = {}
    for name in found:
        parameter, _, moment = name.partition(".")
        if moment not in MOMENTS:
            raise ValueError(f"its optimiser has {moment!r}; known are {', '.join(MOMENTS)}")
        wanted[name] = () if moment == "step" else shapes[parameter]
    return wanted


def _check(
    group: str, found: Tensors, wanted: Mapping[str, tuple[int, ...]], dtype: torch.dtype
) -> None:
    if found.keys() != wanted.keys():
        raise ValueError(f"its {group} are {sorted(found)}, not {sorted(wanted)}")
    for name, one in found.items():
        if tuple(one.shape) != wanted[name] or one.dtype != dtype:
            raise ValueError(
                f"its {group} {name!r} are {one.dtype} of shape {tuple(one.shape)}, "
                f"not {dtype} of {wanted[name]}"
            )
        if not one.isfinite().all():
            raise ValueError(f"its {group} {name!r} are not all finite")


def _ordered(found: Tensors, order: Mapping[str, object]) -> Tensors:
    """In the order of the cell, which the compiled core counts on."""
    return {name: found[name] for name in order if name in found}
