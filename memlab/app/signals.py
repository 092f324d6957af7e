"""Requests to end, as exceptions that let a run close itself."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import final


@final
class Interrupted(KeyboardInterrupt):
    """The request to end came as a signal other than Ctrl-C."""

    def __init__(self, signal: int) -> None:
        super().__init__(f"signal {signal}")
        self.signal = signal


def heed_termination() -> None:
    """Treat a request to end like Ctrl-C, so that runs are closed as KILLED."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)


@contextmanager
def final_warning() -> Iterator[None]:
    """Within the block a further signal, such as a second Ctrl-C, ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, _abandoned) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def exit_code(stop: KeyboardInterrupt) -> int:
    """What a process that was asked to end leaves with."""
    return 128 + (stop.signal if isinstance(stop, Interrupted) else signal.SIGINT)


def _terminated(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)


def _abandoned(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)
