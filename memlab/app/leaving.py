"""Leaving the process with the right exit code, whatever still runs in it."""

import atexit
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from memlab.app.pipe import written


@contextmanager
def leaving() -> Iterator[None]:
    """Let the block, left by ``sys.exit``, end the process even if a daemon thread lives on.

    A store that does not answer can hold the thread of tracking for minutes. Python would be
    taken down beneath it, and a thread that dies so within PyTorch, whose C++ frames may not be
    unwound, aborts the process (CPython issue 87135). Entered before anything else is imported:
    what is registered first is called last at exit.
    """
    last = _Last()
    atexit.register(last)
    try:
        yield
    except SystemExit as end:
        last.code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


@final
class _Last:
    """The last thing a process does."""

    code = 1  # of an exception that nobody caught

    def __call__(self) -> None:
        if any(thread.daemon for thread in threading.enumerate()):
            for stream in (sys.stdout, sys.stderr):
                written("", stream)
            os._exit(self.code)
