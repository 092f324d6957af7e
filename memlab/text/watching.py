"""How far a long list is, shown while it is gone through."""

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from memlab.app.progress import console

T = TypeVar("T")


def watched(things: Iterable[T], told: str, *, shown: bool) -> Iterable[T]:
    """The same things, beside a line on stderr that counts them if it is to be ``shown``."""
    return _counted(things, told) if shown else things


def _counted(things: Iterable[T], told: str) -> Iterator[T]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    total = len(things) if isinstance(things, Sized) else None
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True)) as line:
        yield from line.track(things, total=total, description=told)
