"""Files that are whole or not there, and locks that die with their process."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

WITHOUT = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # a file system that has no locks


class Busy(Exception):
    """Another process holds the lock."""


def replaced(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write a small file so that every reader sees the old text or the new, never a part.

    The bytes are on the disk before the name is, so that a power cut leaves one of the two as well.
    ``mode`` says who may read it, less what the user's umask takes away.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        known = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(known, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[IO[str]]:
    """Hold a file's lock, the file opened for reading and writing.

    Where another process holds it, ``waiting`` is called once and the lock waited for; without
    ``waiting`` Busy is raised.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if waiting is None:
                raise Busy(path) from error
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in WITHOUT:
                raise
        yield file
