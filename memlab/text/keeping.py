"""Trees as files: the arrays of what is alive and what they are read by, sealed by a digest."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch

from memlab.text.alphabet import Alphabet
from memlab.text.contexts import FIRST, NODE, TRACE, Contexts, Forest, Rule
from memlab.text.tree import copied

VERSION = 1


def save(
    path: str | os.PathLike[str], forest: Forest, rule: Rule, decay: float, alphabet: Alphabet
) -> None:
    """Write a tree to one .npz file; it appears whole or not at all."""
    used = int(forest.used[0])
    arrays = {
        "nodes": forest.nodes[0, :used].numpy(),
        "traces": forest.traces[0, :used].numpy() * float(forest.scale[0]),
    }
    told = {
        "version": VERSION,
        "contexts": asdict(forest.contexts),
        "rule": asdict(rule),
        "decay": decay,
        "characters": alphabet.characters,
        "declared": alphabet.declared,
        "digest": _digest(arrays),
    }
    words = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
    path = Path(path)
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            np.savez_compressed(file, told=words, nodes=arrays["nodes"], traces=arrays["traces"])
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> tuple[Forest, Rule, float, Alphabet]:
    """Read a tree back; ValueError if the file is not one, or not whole."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            told = json.loads(kept["told"].tobytes())
            arrays = {name: kept[name] for name in ("nodes", "traces")}
        return _built(told, arrays)
    except FileNotFoundError:
        raise
    except Exception as cause:  # whatever it is, the file is not whole
        raise ValueError(f"{path} must be a tree that memlab saved, but {cause}") from cause


def _built(
    told: Mapping[str, Any], arrays: dict[str, np.ndarray]
) -> tuple[Forest, Rule, float, Alphabet]:
    if told["version"] != VERSION:
        raise ValueError(f"its version must be {VERSION}, got {told['version']}")
    if told["digest"] != _digest(arrays):
        raise ValueError("its arrays are not those that were written")
    nodes, traces = arrays["nodes"], arrays["traces"]
    if nodes.shape != (len(traces), len(NODE)) or traces.shape[1:] != (len(TRACE),):
        raise ValueError(f"its arrays do not fit, got {nodes.shape} and {traces.shape}")
    if nodes.dtype != np.int32 or traces.dtype != np.float64 or len(nodes) < FIRST:
        raise ValueError(f"its arrays must be int32 and float64, got {nodes.dtype}, {traces.dtype}")
    alphabet = Alphabet(told["characters"], declared=told["declared"])
    contexts = Contexts(**told["contexts"])
    if contexts.symbols != alphabet.size:
        raise ValueError(f"it must have {alphabet.size} symbols, got {contexts.symbols}")
    bare = Forest(
        contexts,
        torch.from_numpy(nodes)[None].contiguous(),
        torch.from_numpy(traces)[None].contiguous(),
        torch.zeros((1, 1 << len(nodes).bit_length()), dtype=torch.int32),
        torch.tensor([len(nodes)]),
        torch.ones(1, dtype=torch.float64),
    )
    return copied(bare, faint=0.0), Rule(**told["rule"]), told["decay"], alphabet


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    sha = sha256()
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(np.ascontiguousarray(arrays[name]).tobytes())
    return sha.hexdigest()
