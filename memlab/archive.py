"""What a run recorded as one file: arrays in an .npz, the rest as JSON beside them; no pickle."""

import json
import os
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Any, TypeAlias, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from memlab.position import Position
from memlab.session import Exposure, Film, Forecast, Recall, Samples, Session, Snapshot
from memlab.space import Cue, Space
from memlab.substrate import Engram, Part, Role, Series

Array: TypeAlias = npt.NDArray[Any]
Kept: TypeAlias = dict[str, Tensor]  # name in the file -> array
Kind = TypeVar("Kind")

KINDS: tuple[type, ...] = (
    *(Session, Exposure, Recall, Forecast, Samples, Snapshot, Film, Cue, Space, Series),
    *(Position, Engram, Part, Role),
)


def save(value: object, path: Path, *, level: int = 1) -> Path:
    """Write a session, or another of ours, deflated at this level; it appears whole or not at all.

    Level 0 is five times as fast and the file two to three times as large.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            _write(value, file, level)
            file.flush()
            os.fsync(file.fileno())
        return partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load(path: Path) -> Session:
    """Read a session back; ValueError if the file holds none."""
    return read(path, Session)


def read(path: Path, kind: type[Kind]) -> Kind:
    """Read back what was saved; ValueError if the file holds nothing of this kind."""
    kinds = {known.__name__: known for known in (*KINDS, kind)}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            tree = json.loads(arrays["tree"].tobytes())
            tensors = {n: _laid_out(arrays[n], axes) for n, axes in tree["axes"].items()}
        found = _built(tree["value"], tensors, kinds)
    except Exception as cause:  # whatever it is, the file is not whole
        raise ValueError(
            f"{path} must be a {kind.__name__} that memlab saved, but {cause}"
        ) from cause
    if not isinstance(found, kind):
        raise ValueError(f"{path} must hold a {kind.__name__}, got {type(found).__name__}")
    return found


def _write(value: object, file: IO[bytes], level: int) -> None:
    kept: Kept = {}
    tree: dict[str, Any] = {"value": _plain(value, kept)}
    tree["axes"] = {name: _axes(tensor) for name, tensor in kept.items()}
    kept["tree"] = torch.frombuffer(bytearray(json.dumps(tree).encode()), dtype=torch.uint8)
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=level) as whole:
        for name, tensor in kept.items():
            bare = tensor.detach().permute(_axes(tensor)).cpu().numpy()
            with whole.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, bare, allow_pickle=False)


def _plain(value: Any, kept: Kept) -> Any:
    """A value as JSON; tensors go to ``kept`` and leave their name."""
    if isinstance(value, Tensor):
        name = f"a{len(kept)}"  # one per mention: equal sessions are equal files
        kept[name] = value
        return {"array": name}
    if is_dataclass(value):
        inner = {f.name: _plain(getattr(value, f.name), kept) for f in fields(value)}
        return {"kind": type(value).__name__, "fields": inner}
    if isinstance(value, tuple):
        return {"tuple": [_plain(v, kept) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[k, _plain(v, kept)] for k, v in value.items()]}
    if isinstance(value, Enum):
        return {"kind": type(value).__name__, "fields": {"value": value.value}}
    return [_plain(v, kept) for v in value] if isinstance(value, list) else value


def _axes(value: Tensor) -> list[int]:
    """The axes of an array as they lie in memory, the slowest first."""
    if value.is_contiguous():
        return list(range(value.ndim))
    return sorted(range(value.ndim), key=value.stride, reverse=True)


def _laid_out(bare: Array, axes: list[int]) -> Tensor:
    """An array as it was in memory: the last bits of what is computed from it depend on that."""
    return torch.from_numpy(bare).permute(np.argsort(axes).tolist())


def _built(tree: Any, tensors: dict[str, Tensor], kinds: dict[str, type]) -> Any:
    if isinstance(tree, list):
        return [_built(t, tensors, kinds) for t in tree]
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return tensors[tree["array"]]
    if "tuple" in tree:
        return tuple(_built(t, tensors, kinds) for t in tree["tuple"])
    if "dict" in tree:
        return {k: _built(t, tensors, kinds) for k, t in tree["dict"]}
    inner = {k: _built(t, tensors, kinds) for k, t in tree["fields"].items()}
    return kinds[tree["kind"]](**inner)
