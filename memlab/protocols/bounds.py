"""What a number in a protocol may be. Taken strictly: true is not 1, and "3" is not 3."""

from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import Field

LONGEST = 100_000  # presentations in one phase; each is logged on its own

Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=LONGEST)]
Gap: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=LONGEST)]  # presentations
Steps: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=10_000_000)]
Part: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Number: TypeAlias = (
    Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True, allow_inf_nan=False)]
)


def rising(name: str, values: tuple[float, ...]) -> None:
    """Raise ValueError unless the values of an axis go up; an empty axis does."""
    if any(a >= b for a, b in pairwise(values)):
        raise ValueError(f"{name} must go up, each value above the one before, got {list(values)}")
