"""A job in a process of its own, so that whatever brings it down costs that job alone."""

import faulthandler
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import current_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import final

from joblib.externals.loky.backend import get_context

from memlab.app.job import attempted
from memlab.app.signals import heed_termination
from memlab.app.task import Task

GOING = ".going"  # in a sweep's folder; where it is taken away, the jobs under way close their runs
GRACE = 15.0  # s they have for that
LOOK = 0.2  # s between two looks at it
POOLS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # of threads
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}  # idle threads that spin starve others
LOKY = get_context("loky")  # starts a fresh interpreter: a fork of a process with OpenMP hangs
TOLD = {"SIGSEGV": "segmentation fault", "SIGKILL": "often: out of memory", "SIGABRT": "abort"}


@final
class Worker:
    """A process that runs one job after the other; one that a job brought down is replaced."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._renew()

    def run(self, task: Task) -> str:
        """Run a job to its end; says how it was lost, if it could not write that down itself."""
        going = task.place.folder.parent / GOING
        if taken_away(going):
            return f"{platform.node()} does not see {going.parent}, which a cluster has to share"
        asked = 0  # requests to end
        try:
            self.line.send(task)
            while not self.line.poll(GRACE if asked else LOOK):
                if asked or taken_away(going):
                    self._end(asked)
                    asked += 1
            told: str = self.line.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            how = death(self.process.exitcode)
            self._renew()
            return how
        return told

    def close(self) -> None:
        """End the process, whatever it does."""
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    def _renew(self) -> None:
        current_process().daemon = False  # Dask's workers may not have children otherwise
        self.line, theirs = LOKY.Pipe()
        self.process = LOKY.Process(
            target=serve,
            args=(theirs, os.getpid(), self.threads),
            env=dict.fromkeys(POOLS, str(self.threads)) | PASSIVE,
            daemon=True,
        )
        self.process.start()
        theirs.close()

    def _end(self, asked: int) -> None:
        """Ask the process to close its run; the second time it is killed."""
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL if asked else signal.SIGTERM)


RESIDENTS: dict[int, Worker] = {}  # of the threads of this process that were handed jobs


def serve(line: Connection, parent: int, threads: int) -> None:
    """What the process does: one task after the other, until its parent ends or closes the line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it through its parent
    heed_termination()
    threading.Thread(target=outlived, args=(parent,), name="memlab-parent", daemon=True).start()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            line.send(attempt(line.recv(), threads))


def taken_away(going: Path) -> bool:
    """Whether a file is gone for certain; a disk that does not answer is no reason to end."""
    try:
        going.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def outlived(parent: int) -> None:
    """Wait for the end of the parent, and end this process with it."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os.kill(os.getpid(), signal.SIGKILL)


def attempt(task: Task, threads: int) -> str:
    """Run a job in this process; says what keeps it from using its folder, if so."""
    with stack_kept(stack_of(task.place.folder)):
        try:
            attempted(task)
        except KeyboardInterrupt:
            pass  # its outcome says so
        except OSError as error:
            return f"its folder could not be used: {error}"
        finally:
            restore(threads)
    return ""


def stack_of(folder: Path) -> Path:
    """The file that holds where a job's process crashed, if it did."""
    return folder.parent / f".stack-{folder.name}"


def stack_taken(folder: Path) -> str:
    """Where the process of the job in this folder crashed, as far as it could say; told once."""
    file = stack_of(folder)
    told = file.read_text(encoding="utf-8") if file.exists() else ""
    file.unlink(missing_ok=True)
    return told


@contextmanager
def stack_kept(file: Path) -> Iterator[None]:
    """Where the process crashes within the block, the file holds its stack."""
    try:
        stack = file.open("w", encoding="utf-8")
    except OSError:  # a full disk, most likely; the job has its own words for it
        yield
        return
    with stack:
        faulthandler.enable(stack)
        try:
            yield
        finally:
            faulthandler.disable()
    file.unlink(missing_ok=True)


def restore(threads: int) -> None:
    """Undo what a job with a number of threads of its own has set."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)


def isolated(task: Task, threads: int) -> str:
    """Run a job in a child of the process that was handed it; says how the child died."""
    mine = threading.get_ident()
    if mine not in RESIDENTS:
        RESIDENTS[mine] = Worker(threads)
    return RESIDENTS[mine].run(task)


def death(code: int | None) -> str:
    """How a process ended, from its exit code; a negative one is a signal."""
    if code is None or code >= 0:
        return f"its process ended with exit code {code}"
    name = signal.Signals(-code).name
    return f"its process was ended by {name}" + (f" ({TOLD[name]})" if name in TOLD else "")
