"""Runs that are under way or not yet in their store: few at any time, so that a start finds them.

A run has an entry from before it computes until its store has taken all of it. What a process
leaves behind when it dies is found by its entry, not by a search through all results.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from memlab.record.files import replaced
from memlab.record.outcome import Outcome, Status, found

OPEN = "open"  # below the folder of all results


def opened(outputs: Path, folder: Path) -> None:
    """Enter a run by its folder."""
    entry = _entry(outputs, folder)
    entry.parent.mkdir(parents=True, exist_ok=True)
    replaced(entry, _name(outputs, folder))


def settled(outputs: Path, folder: Path) -> None:
    """Strike a run out: it has ended, and its store has it."""
    _entry(outputs, folder).unlink(missing_ok=True)


def unsettled(outputs: Path) -> Iterator[Path]:
    """The folders of all runs that are entered."""
    for entry in sorted((outputs / OPEN).glob("[!.]*")):
        try:
            folder = outputs / entry.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # settled a moment ago
        if folder.is_dir():
            yield folder
        else:  # the user has thrown it away
            entry.unlink(missing_ok=True)


def buried(outputs: Path) -> list[Outcome]:
    """Mark every run whose process is gone as KILLED, in its folder; returns those."""
    outcomes = [found(folder) for folder in unsettled(outputs)]
    return [dead(outcome).save() for outcome in outcomes if outcome is not None and outcome.stale]


def dead(outcome: Outcome) -> Outcome:
    """The outcome of a run whose process ended without a word."""
    message = f"its process ({outcome.process}) ended without a word: kill -9, or a power cut"
    return outcome.ended(Status.KILLED, message)


def _entry(outputs: Path, folder: Path) -> Path:
    return outputs / OPEN / hashlib.sha256(_name(outputs, folder).encode()).hexdigest()[:16]


def _name(outputs: Path, folder: Path) -> str:
    """A run's folder as it is entered: relative below the results, so that all can be moved."""
    return str(folder.relative_to(outputs) if folder.is_relative_to(outputs) else folder)
