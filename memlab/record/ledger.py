"""Which folder holds what was computed: every computation has one line, found by its key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, final

from memlab.record.files import locked
from memlab.record.outcome import Outcome, Status, found

LEDGER = "ledger"  # below the folder of all results
NEEDED = ("config.yaml", "session.npz")  # to show a run again, and to repeat it


@final
@dataclass(frozen=True)
class Claim:
    """The right to compute something, and where it was tried before."""

    key: str
    outputs: Path
    line: IO[str]
    before: Path | None  # the folder of the last attempt

    def finished(self, here: Path) -> Outcome | None:
        """What the last attempt left, or lies ``here`` (a ledger may be lost), if it is whole."""
        for folder in (self.before, here):
            outcome = None if folder is None else found(folder)
            if folder is not None and outcome is not None and self._whole(folder, outcome):
                return outcome
        return None

    def _whole(self, folder: Path, outcome: Outcome) -> bool:
        """Whether a folder has all that was computed under this key."""
        same = (outcome.key, outcome.status) == (self.key, Status.FINISHED)
        return same and not outcome.reused and all((folder / name).exists() for name in NEEDED)

    def note(self, folder: Path) -> None:
        """Remember the folder of this attempt."""
        near = folder.is_relative_to(self.outputs)  # so that all results can move together
        self.line.truncate(0)
        self.line.write(str(folder.relative_to(self.outputs) if near else folder))
        self.line.flush()


@contextmanager
def claimed(outputs: Path, key: str, waiting: Callable[[], None]) -> Iterator[Claim]:
    """Let nobody else on this machine compute this key meanwhile; ``waiting`` says one does."""
    with locked(outputs / LEDGER / key[:2] / key, waiting) as line:
        line.seek(0)
        folder = line.read()
        yield Claim(key, outputs, line, outputs / folder if folder else None)
