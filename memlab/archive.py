"""A session as one file: arrays in an .npz, the rest as JSON beside them; no pickle."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from memlab.session import Exposure, Film, Recall, Session, Snapshot
from memlab.space import Cue, Space
from memlab.substrate import Series

Array: TypeAlias = npt.NDArray[Any]

KINDS = {k.__name__: k for k in (Session, Exposure, Recall, Snapshot, Film, Cue, Space, Series)}


def save(session: Session, path: Path) -> Path:
    """Write a session; the file appears whole or not at all."""
    arrays: dict[str, Array] = {}
    tree = json.dumps(_plain(session, arrays))
    arrays["tree"] = np.frombuffer(tree.encode(), dtype=np.uint8)
    partial = path.with_name(path.name + ".partial")
    with ZipFile(partial, "w", ZIP_DEFLATED, compresslevel=1) as file:
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return partial.replace(path)


def load(path: Path) -> Session:
    """Read a session back; ValueError if the file holds none."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            session = _built(json.loads(arrays["tree"].tobytes()), arrays)
    except (OSError, KeyError, ValueError, EOFError) as cause:
        raise ValueError(f"{path} must be a session that memlab saved, but {cause}") from cause
    if not isinstance(session, Session):
        raise ValueError(f"{path} must hold a Session, got {type(session).__name__}")
    return session


def _plain(value: Any, arrays: dict[str, Array]) -> Any:
    """A value as JSON; tensors go to ``arrays`` and leave their key."""
    if isinstance(value, Tensor):
        key = f"a{len(arrays)}"
        arrays[key] = value.detach().cpu().numpy()
        return {"array": key}
    if is_dataclass(value):
        inner = {f.name: _plain(getattr(value, f.name), arrays) for f in fields(value)}
        return {"kind": type(value).__name__, "fields": inner}
    if isinstance(value, tuple):
        return {"tuple": [_plain(v, arrays) for v in value]}
    if isinstance(value, dict):
        return {"dict": {k: _plain(v, arrays) for k, v in value.items()}}
    return [_plain(v, arrays) for v in value] if isinstance(value, list) else value


def _built(tree: Any, arrays: Any) -> Any:
    if isinstance(tree, list):
        return [_built(t, arrays) for t in tree]
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return torch.from_numpy(arrays[tree["array"]])
    if "tuple" in tree:
        return tuple(_built(t, arrays) for t in tree["tuple"])
    if "dict" in tree:
        return {k: _built(t, arrays) for k, t in tree["dict"].items()}
    return KINDS[tree["kind"]](**{k: _built(t, arrays) for k, t in tree["fields"].items()})
