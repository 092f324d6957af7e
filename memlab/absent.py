"""What stands where a number would mean nothing."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Absent:
    """No value, and why. Never a zero in disguise."""

    reason: str
