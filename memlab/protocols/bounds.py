"""What a number in a protocol may be. Taken strictly: true is not 1, and "3" is not 3."""

from typing import Annotated, TypeAlias

from pydantic import Field

LONGEST = 5000  # presentations in one phase; planning a run compares every act with all before it

Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=LONGEST)]
Steps: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=10_000_000)]
