"""Workers of sweeps that stand by, so that a sweep of a warm interpreter has warm workers.

They are forked before anything runs, from a process of one thread, and behave as loky's: children
of the process that sweeps, which see a line and are told apart from it by their death.
"""

import multiprocessing
import os
import sys
from contextlib import suppress

from memlab.sweep import worker

COUNT = 3  # of a sweep: one worker per core, and one that takes the place of a dead one


class Spare:
    """A process that waits until it is told what to be; it looks like a ``Process``."""

    def __init__(self, others):
        self.line, theirs = multiprocessing.Pipe()
        self.exitcode = None
        self.pid = os.fork()
        if self.pid == 0:
            for one in (self, *others):
                one.line.close()
            with suppress(EOFError):
                wait(theirs)
            sys.stdout.flush()
            os._exit(0)
        theirs.close()

    def start(self):
        self.line.send(self.task)

    def is_alive(self):
        if self.exitcode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.exitcode = os.waitstatus_to_exitcode(status) if pid else None
        return self.exitcode is None

    def join(self):
        if self.exitcode is None:
            self.exitcode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self):
        """What is closed here is the end of the line that went to the other process."""


class StandBy:
    """Hands out spares as loky's context makes processes, and loky's own when there are none."""

    def __init__(self, loky):
        self.loky = loky
        self.spares = []
        for _ in range(COUNT):
            self.spares.append(Spare(self.spares))

    def Pipe(self):  # noqa: N802  a context's names
        if not self.spares:
            return self.loky.Pipe()
        spare = self.spares.pop()
        return spare.line, spare

    def Process(self, target, args, env, daemon):  # noqa: N802
        theirs, *rest = args
        if not isinstance(theirs, Spare):
            return self.loky.Process(target=target, args=args, env=env, daemon=daemon)
        theirs.task = (target, rest, env)
        return theirs


def wait(line):
    """Be what one is told to be."""
    target, arguments, environment = line.recv()
    os.environ.update(environment)
    target(line, *arguments)


def stand_by():
    """Let this process sweep with workers that are there already."""
    worker.LOKY = StandBy(worker.LOKY)
