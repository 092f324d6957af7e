"""One job, from a composed configuration to its outcome, whichever way it ends."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from memlab.app.drawing import drawable
from memlab.app.pipe import written
from memlab.app.refusal import FULL, explained
from memlab.app.schema import Refused, Settings, Tree, checked
from memlab.app.signals import heed_termination
from memlab.app.task import Task
from memlab.record import identity
from memlab.record.attempts import cleared
from memlab.record.ledger import claimed
from memlab.record.outcome import Outcome, Status, found
from memlab.record.place import LOG, Place
from memlab.record.process import here

log = logging.getLogger(__name__)


def attempted(task: Task, *, full: bool = False) -> Outcome:
    """Run a job; what goes wrong is told on one screen and in the job's log, not raised.

    Only an interrupt passes through, and with ``full`` every exception does.
    """
    heed_termination()
    place = task.place
    place.folder.mkdir(parents=True, exist_ok=True)
    with logged(place.folder / LOG):
        try:
            return completed(task)
        except KeyboardInterrupt:
            unfinished(place, Status.KILLED, "interrupted")
            if place.sweep is None:
                written(f"\ninterrupted; what was recorded is in {place.folder}\n", sys.stderr)
            raise
        except Exception as error:
            status = Status.REFUSED if isinstance(error, Refused) else Status.FAILED
            outcome = unfinished(place, status, explained(error, tuple(place.choices)))
            log.exception("%s: %s", status, outcome.message)
            if full:
                raise
    if place.sweep is None:
        written(f"{told(outcome)}\n", sys.stderr)
    return outcome


def completed(task: Task) -> Outcome:
    """The outcome of an equal job that is done, or else of this one."""
    place = task.place
    settings = checked(anchored(task.config, place.launch))
    with claimed(place.outputs, identity.key(task.config, place.launch), waiting(place)) as claim:
        done = claim.finished(place.folder) if settings.resume else None
        if done is not None:
            return reused(settings, done, place)
        cleared(place.folder, place.outputs)
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # idle threads that spin starve others
        from memlab.app.laboratory import conducted  # torch and all it brings: 2 s

        return conducted(settings, task, claim)


def anchored(config: Tree, launch: Path) -> Tree:
    """The configuration with the user's own patterns where the command was called, wherever we are.

    A process of a cluster runs in another folder, which may hold patterns of the same name.
    """
    patterns: object = config.get("patterns")
    path = patterns.get("path") if isinstance(patterns, dict) else None
    if not isinstance(patterns, dict) or not isinstance(path, str):
        return config
    return config | {"patterns": patterns | {"path": str(launch / Path(path).expanduser())}}


def reused(settings: Settings, done: Outcome, place: Place) -> Outcome:
    """The outcome of an earlier job that computed the same, as this job's."""
    again = replace(done, overrides=place.overrides, factors=place.choices, reused=True)
    if Path(done.folder) != place.folder:
        there = found(place.folder)
        if there is not None and not there.reused:
            cleared(place.folder, place.outputs)  # what another key has computed here
        again.save(place.folder)
    from memlab.app.laboratory import adopted, shown_again

    late = adopted(settings, done, place)
    if place.sweep is None or drawable(settings, Path(done.folder)):
        shown_again(settings, done, place, late)
    return again


def waiting(place: Place) -> Callable[[], None]:
    """Says on the terminal that another process is at the same job."""

    def say() -> None:
        text = "the same run is under way in another process; waiting for it"
        log.info(text)
        if place.sweep is None:
            written(f"{text} (resume=false computes another)\n", sys.stderr)

    return say


def unfinished(place: Place, status: Status, message: str) -> Outcome:
    """How a job ended that has no results, added to what it said of itself before."""
    begun = found(place.folder)
    if begun is None or begun.process != here():
        begun = Outcome(status, str(place.folder), place.overrides, place.choices)
    if begun.status is Status.FINISHED:  # what was given up came after it: the wait for a store
        return begun
    ended = begun.ended(status, message)
    try:
        return ended.save()
    except OSError as error:  # a full disk, most likely; the message is still told
        log.warning("how the job ended could not be written down: %s", error)
        return ended


def told(outcome: Outcome) -> str:
    """The message of a job that did not finish, and where to look for more."""
    if outcome.status is Status.REFUSED:
        return f"{outcome.message}\n\n{FULL}"
    return f"FAILED: {outcome.message}\n\nThe trace is in {outcome.folder}/{LOG}; {FULL}"


@contextmanager
def logged(file: Path) -> Iterator[None]:
    """Everything that is logged meanwhile goes to this file, which is made when something is."""
    handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    level = root.level
    logging.raiseExceptions = False  # a log that cannot be written is no reason for traces
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        with suppress(OSError):  # a full disk, of which more is told elsewhere
            handler.close()
