"""What has to be known to repeat a run: code, machine, configuration."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from memlab.record.files import replaced
from memlab.record.identity import code_hash, config_hash, data_hash
from memlab.session import Session

FACTS = "facts.json"
ROOT = Path(__file__).resolve().parents[2]  # a checkout's folder, or where packages are installed


def facts(config: Mapping[str, Any], device: torch.device, launch: Path) -> dict[str, str]:
    """Tags of a run started in a folder: code, configuration, data, machine and libraries."""
    return {
        "memlab.git.commit": git("rev-parse", "HEAD") or "unknown",
        "memlab.git.dirty": str(bool(git("status", "--porcelain"))).lower(),
        "memlab.config_hash": config_hash(config),
        "memlab.code_hash": code_hash(),
        "memlab.data_hash": data_hash(config, launch),
        "memlab.device": device_name(device),
        "memlab.threads": str(torch.get_num_threads()),
        "memlab.torch": str(torch.__version__),
        "memlab.numpy": np.__version__,
        "memlab.isa": str(torch.backends.cpu.get_cpu_capability()),
        "memlab.python": platform.python_version(),
        "memlab.host": f"{platform.node()} pid {os.getpid()}",
        "memlab.launch": str(launch),
    }


def keep_facts(known: Mapping[str, str], folder: Path) -> None:
    """Write the facts of a run into its folder."""
    replaced(folder / FACTS, json.dumps(known, indent=1))


def kept_facts(folder: Path) -> dict[str, str]:
    """The facts in a run's folder, none where there are none that can be read."""
    try:
        tree = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in tree.items()}


def fingerprints(session: Session) -> dict[str, str]:
    """Tags that are equal for two runs that were taught the same and were asked the same."""
    cues = (
        part
        for recall in session.recalls
        for part in (recall.cue.values, recall.cue.given, recall.cue.certain)
    )
    return {"memlab.patterns_sha": digest([session.patterns]), "memlab.cues_sha": digest(cues)}


def digest(tensors: Iterable[Tensor]) -> str:
    """The first 16 hex digits of the SHA-256 of all bytes, one tensor after the other."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(tensor.contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def device_name(device: torch.device) -> str:
    """``cpu``, or the GPU by its name."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


@cache
def git(*arguments: str) -> str:
    """What git says about the checkout this code lies in; empty where it lies in none.

    An installed package may lie inside somebody else's repository, which says nothing of it.
    """
    if not (ROOT / ".git").exists():
        return ""
    try:
        answer = subprocess.run(
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
