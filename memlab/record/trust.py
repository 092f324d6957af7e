"""Whether a store answers, as far as this process knows, and when to ask it again."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import final

from memlab.record.store import why

FIRST, LONGEST = 0.1, 10.0  # s before a store that failed is asked again
HOPELESS = {  # error codes of MLflow that no waiting changes
    "INVALID_PARAMETER_VALUE",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "CUSTOMER_UNAUTHORIZED",
    "ENDPOINT_NOT_FOUND",
    "NOT_IMPLEMENTED",
    "INVALID_STATE",
}


@final
@dataclass
class Trust:
    """What one process thinks of one store; all its runs share it."""

    failures: int = 0  # since its last answer
    again: float = 0.0  # when it may be asked, on the monotonic clock
    reason: str = ""
    hopeless: bool = False  # waiting changes nothing
    lost: bool = False  # a run has ended without it
    luck: random.Random = field(default_factory=random.Random)  # so that not all ask at once

    @property
    def due(self) -> bool:
        """Whether it may be asked now."""
        return time.monotonic() >= self.again

    def answered(self) -> None:
        """It took something."""
        self.failures, self.again, self.hopeless, self.lost = 0, 0.0, False, False

    def failed(self, error: Exception) -> None:
        """It did not; every failure in a row doubles the time until it is asked again."""
        delay = min(LONGEST, FIRST * 2.0**self.failures) * self.luck.uniform(0.5, 1.0)
        self.failures = min(self.failures + 1, 30)
        self.again = time.monotonic() + delay
        self.reason, self.hopeless = why(error), hopeless(error)


_known: dict[str, Trust] = {}
_lock = threading.Lock()


def trust(uri: str) -> Trust:
    """What this process thinks of a store."""
    with _lock:
        return _known.setdefault(uri, Trust())


def code(error: Exception) -> str:
    """MLflow's code of an error, empty for other errors; MLflow need not be imported to ask."""
    return str(vars(error).get("error_code", ""))


def hopeless(error: Exception) -> bool:
    """Whether it is of no use to try again in a moment."""
    known = isinstance(error, (ValueError, TypeError)) or code(error) in HOPELESS
    return known or "database schema" in str(error)
