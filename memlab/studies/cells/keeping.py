"""Scores that took long to measure, kept on disk so that nobody measures them again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias, final

import torch

from memlab.checkpoint import machine
from memlab.record.files import replaced
from memlab.record.identity import NATIVE, PACKAGE, hash_of

Scores: TypeAlias = dict[str, float]

OWN = ("abilities", "floors", "learners", "training", "measuring")  # modules that compute


@final
@dataclass(frozen=True)
class Kept:
    """A folder with a file for everything that was measured, named for all it follows from."""

    folder: Path

    def scores(self, facts: Mapping[str, object], measure: Callable[[], Scores]) -> Scores:
        """What is kept for these facts, this code and this machine; else measured, and kept."""
        whole = {**facts, "code": code(), "machine": machine(torch.device("cpu"))}
        digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
        file = self.folder / f"{digest[:32]}.json"
        if file.exists():
            found: Scores = json.loads(file.read_text(encoding="utf-8"))["scores"]
            return found
        scores = measure()
        self.folder.mkdir(parents=True, exist_ok=True)
        replaced(file, json.dumps({**whole, "scores": scores}, indent=1))
        return scores


@cache
def code() -> str:
    """A hash of the sources that can change a score: not of those that print and draw."""
    patterns, own = PACKAGE / "patterns", Path(__file__).parent
    files = [*(PACKAGE / "cells").rglob("*.py"), *NATIVE.glob("*.[ch]")]
    files += [PACKAGE / "draws.py", patterns / "series.py", patterns / "tasks.py"]
    files += [own / f"{name}.py" for name in OWN]
    files += PACKAGE.glob("_native*.so")
    return hash_of(files, PACKAGE.parent)
