"""What a job computes, as a key: equal for two jobs whose results must be equal."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
NATIVE = PACKAGE.parent / "native"  # its sources, in a checkout; a wheel has only the library

LIBRARIES = ("torch", "numpy", "scipy", "pillow", "scikit-learn")  # whose versions may matter
GPUS = Path("/proc/driver/nvidia")

# keys that change nothing that is computed: where results go, how they are looked at
SILENT = ("tracking", "name", "outputs", "resume", "checkpoint", "sweep")


def key(config: Mapping[str, Any], launch: Path) -> str:
    """The key of a configuration under this code, started in this folder: 32 hex digits."""
    parts = (config_hash(config), code_hash(), data_hash(config, launch), *arithmetic(config))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def config_hash(config: Mapping[str, Any]) -> str:
    """The same for two configurations that compute the same."""
    computing = {name: value for name, value in config.items() if name not in SILENT}
    return hashlib.sha256(json.dumps(computing, sort_keys=True).encode()).hexdigest()


def arithmetic(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What computes beside our own code: the libraries' versions, and a GPU that may be used."""
    gpu = config.get("device") != "cpu" and GPUS.exists()
    return (*(f"{name} {version(name)}" for name in LIBRARIES), "gpu" if gpu else "cpu")


@cache
def code_hash() -> str:
    """A hash of every source file that can change a result."""
    files = [*PACKAGE.rglob("*.py"), *NATIVE.glob("*.[ch]")]
    files += PACKAGE.glob("_native*.so")  # it may be older than its sources
    return hash_of(files, PACKAGE.parent)


def data_hash(config: Mapping[str, Any], launch: Path) -> str:
    """A hash of the user's own patterns, which may change while their file's name stays."""
    path = config.get("patterns", {}).get("path")
    own = launch / Path(path).expanduser() if isinstance(path, str) else None
    if own is not None and own.is_file():
        return hash_of([own], own.parent)
    if own is None or not own.is_dir():
        return ""
    return hash_of((file for file in own.iterdir() if file.is_file()), own)


def hash_of(files: Iterable[Path], root: Path) -> str:
    """A hash of the names and bytes of files."""
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(f"{file.relative_to(root)}\0{file.stat().st_size}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()
