"""Which folder holds what was computed: every computation has one line, found by its key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, final

from memlab.record.files import locked
from memlab.record.outcome import Outcome, Status, found

LEDGER = "ledger"  # below the folder of all results


@final
@dataclass(frozen=True)
class Claim:
    """The right to compute something, and where it was tried before."""

    key: str
    line: IO[str]
    before: Path | None  # the folder of the last attempt

    def finished(self) -> Outcome | None:
        """What the last attempt left, if it is whole."""
        outcome = None if self.before is None else found(self.before)
        if outcome is None or (outcome.key, outcome.status) != (self.key, Status.FINISHED):
            return None
        return outcome

    def note(self, folder: Path) -> None:
        """Remember the folder of this attempt."""
        self.line.truncate(0)
        self.line.write(str(folder))
        self.line.flush()


@contextmanager
def claimed(outputs: Path, key: str, waiting: Callable[[], None]) -> Iterator[Claim]:
    """Let nobody else on this machine compute this key meanwhile; ``waiting`` says one does."""
    with locked(outputs / LEDGER / key[:2] / key, waiting) as line:
        line.seek(0)
        folder = line.read()
        yield Claim(key, line, Path(folder) if folder else None)
