"""Which process did something, and whether it is still there: host, boot, pid and its start."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import final

import psutil

BOOT = Path("/proc/sys/kernel/random/boot_id")


@final
@dataclass(frozen=True)
class Process:
    """A process that no later one can be mistaken for."""

    host: str
    boot: str  # of the host: a pid means nothing after a restart
    pid: int
    started: str  # since boot where the system says so: a pid is used again

    @property
    def gone(self) -> bool:
        """Whether it is certain that the process has ended; other hosts cannot be asked."""
        if self.host != platform.node():
            return False
        return self.boot != boot() or start(self.pid) != self.started

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}"


def here() -> Process:
    """This process."""
    pid = os.getpid()
    return Process(platform.node(), boot(), pid, start(pid) or "")


def boot() -> str:
    """What names this run of the machine; no clock is asked where there is another way."""
    if BOOT.exists():
        return BOOT.read_text(encoding="ascii").strip()
    return str(round(psutil.boot_time(), -1))


def start(pid: int) -> str | None:
    """When a process started; None if there is none, or only its exit code is left."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return None if words[0] in "ZX" else words[19]  # clock ticks since boot
    except FileNotFoundError:
        if BOOT.exists():
            return None
    except ProcessLookupError:
        return None
    try:
        return str(round(psutil.Process(pid).create_time()))
    except psutil.Error:
        return None
