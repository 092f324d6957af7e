"""One job, from a composed configuration to its outcome, whichever way it ends."""

import logging
import os
import sys

from memlab.app.outcome import Outcome, Place, Status
from memlab.app.pipe import written
from memlab.app.refusal import FULL, explained
from memlab.app.schema import Refused, Tree, checked

log = logging.getLogger(__name__)


def attempted(config: Tree, place: Place, *, full: bool) -> Outcome:
    """Run a job; what goes wrong is told on one screen and in the job's log, not raised.

    Only an interrupt passes through, and with ``full`` every exception does.
    """
    try:
        outcome = completed(config, place)
    except KeyboardInterrupt:
        unfinished(place, Status.KILLED, "interrupted").save()
        written(f"\ninterrupted; what was recorded is in {place.folder}\n", sys.stderr)
        raise
    except Exception as error:
        status = Status.REFUSED if isinstance(error, Refused) else Status.FAILED
        outcome = unfinished(place, status, explained(error, tuple(place.choices)))
        log.exception("%s: %s", status, outcome.message)
        if full:
            raise
    outcome.save()
    if outcome.status is not Status.FINISHED:
        written(f"{told(outcome)}\n", sys.stderr)
    return outcome


def completed(config: Tree, place: Place) -> Outcome:
    """Check cheaply, then import what computes and hand over."""
    settings = checked(config)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # idle threads that spin starve the rest
    from memlab.app.laboratory import conducted  # torch and all it brings: 2 s

    return conducted(settings, config, place)


def unfinished(place: Place, status: Status, message: str) -> Outcome:
    """The outcome of a job that has no results."""
    return Outcome(status, str(place.folder), place.overrides, dict(place.choices), message=message)


def told(outcome: Outcome) -> str:
    """The message of a job that did not finish, and where to look for more."""
    if outcome.status is Status.REFUSED:
        return f"{outcome.message}\n\n{FULL}"
    return f"FAILED: {outcome.message}\n\nThe trace is in {outcome.folder}/memlab.log; {FULL}"
