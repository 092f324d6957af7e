"""A folder that holds one attempt at a job, and any earlier ones below it, whole."""

from dataclasses import replace
from pathlib import Path

from memlab.record.outcome import found
from memlab.record.unsettled import opened, settled

CHECKPOINT = "checkpoint.npz"
EARLIER = "earlier"
STAYS = {EARLIER, CHECKPOINT, ".hydra"}


def cleared(folder: Path, outputs: Path) -> None:
    """Make room for a new attempt: what the last one left goes below ``earlier``."""
    last = found(folder)
    if last is None:
        return
    count = sum(1 for _ in (folder / EARLIER).glob("*"))
    place = folder / EARLIER / str(count + 1)
    place.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name not in STAYS:
            path.rename(place / path.name)
    replace(last, folder=str(place)).save()
    opened(outputs, place)  # its store may not have all of it
    settled(outputs, folder)
