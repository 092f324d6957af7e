"""A folder that holds one attempt at a job, and any earlier ones below it, whole."""

from pathlib import Path

from memlab.record.outcome import OUTCOME, found
from memlab.record.unsettled import opened, settled

CHECKPOINT = "checkpoint.npz"
EARLIER = "earlier"
STAYS = {EARLIER, CHECKPOINT, ".hydra"}
FIRST = "session.npz"  # without it nobody takes what is left for a whole run


def cleared(folder: Path, outputs: Path) -> None:
    """Make room for a new attempt: what the last one left goes below ``earlier``.

    It may be killed anywhere. Its outcome is moved last and says that all of it has arrived; until
    then the same call goes on into the same place, where nothing else ever goes.
    """
    if found(folder) is None:
        return
    place = unfilled(folder / EARLIER)
    place.mkdir(parents=True, exist_ok=True)
    opened(outputs, place)  # its store may not have all of it
    for path in sorted(folder.iterdir(), key=turn):
        if path.name not in STAYS:
            path.rename(place / path.name)
    settled(outputs, folder)


def unfilled(earlier: Path) -> Path:
    """Where the next attempt goes: the last place if only a part is there, else a new one."""
    numbers = [int(path.name) for path in earlier.glob("*") if path.name.isdecimal()]
    last = earlier / str(max(numbers, default=0))
    part = last.is_dir() and not (last / OUTCOME).exists()
    return last if part else earlier / str(max(numbers, default=0) + 1)


def turn(path: Path) -> tuple[bool, bool, str]:
    """When a file of an attempt is moved: the session first, the outcome last."""
    return (path.name == OUTCOME, path.name != FIRST, path.name)
