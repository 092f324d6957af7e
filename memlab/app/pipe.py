"""Writing to a terminal that may have stopped listening, as ``memlab … | head`` does."""

import os
from typing import IO


def written(text: str, stream: IO[str]) -> None:
    """Write and flush; that nobody reads any more is no error."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        silence(stream)


def silence(stream: IO[str]) -> None:
    """Send everything that a stream still holds, and all that follows, to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
