"""What a number in a protocol may be. Taken strictly: true is not 1, and "3" is not 3."""

from typing import Annotated, TypeAlias

from pydantic import Field

LONGEST = 100_000  # presentations in one phase; each is logged on its own

Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=LONGEST)]
Steps: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=10_000_000)]
