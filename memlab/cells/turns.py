"""Changes of one model take turns: one that would undo another is refused, not waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakSet

# Kept here and not in the models: a lock in one could be neither copied nor pickled, and a copy
# that was made in the middle of a training would never be free.
BUSY: WeakSet[object] = WeakSet()
DOOR = Lock()


@contextmanager
def turn(model: object) -> Iterator[None]:
    """The time in which nobody else changes a model; RuntimeError if somebody does already."""
    with DOOR:
        if model in BUSY:
            name = type(model).__name__
            raise RuntimeError(
                f"one call at a time may change a model, and this {name} is being trained by "
                f"another; wait for that one, or train a copy (copy.deepcopy)"
            )
        BUSY.add(model)
    try:
        yield
    finally:
        with DOOR:
            BUSY.discard(model)
