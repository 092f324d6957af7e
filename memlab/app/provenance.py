"""What has to be known to repeat a run: code, machine, configuration."""

import hashlib
import json
import os
import platform
import subprocess
from pathlib import Path

import torch

from memlab.app.schema import Tree

SILENT = ("tracking", "name")  # keys that change nothing that is computed


def facts(config: Tree, device: torch.device) -> dict[str, str]:
    """Tags of a run: commit, configuration hash, device, threads, library and instruction set."""
    return {
        "memlab.git.commit": git("rev-parse", "HEAD") or "unknown",
        "memlab.git.dirty": str(bool(git("status", "--porcelain"))).lower(),
        "memlab.config_hash": config_hash(config),
        "memlab.device": device_name(device),
        "memlab.threads": str(torch.get_num_threads()),
        "memlab.torch": str(torch.__version__),
        "memlab.isa": str(torch.backends.cpu.get_cpu_capability()),
        "memlab.python": platform.python_version(),
        "memlab.host": f"{platform.node()} pid {os.getpid()}",
    }


def config_hash(config: Tree) -> str:
    """The same for two configurations that compute the same."""
    computing = {key: value for key, value in config.items() if key not in SILENT}
    return hashlib.sha256(json.dumps(computing, sort_keys=True).encode()).hexdigest()


def device_name(device: torch.device) -> str:
    """``cpu``, or the GPU by its name."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


def git(*arguments: str) -> str:
    """What git says about the folder this code lies in; empty where it says nothing."""
    folder = Path(__file__).resolve().parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
