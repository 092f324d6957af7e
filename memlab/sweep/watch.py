"""How far a sweep is, read from the folders of its jobs, whoever runs them and wherever."""

import os
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import final

from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from memlab.app.pipe import written
from memlab.app.progress import console
from memlab.record.outcome import OUTCOME, Outcome, Status, found

EVERY = 0.5  # s between two looks
PLAIN_EVERY = 10.0  # s between two plain lines, where there is no terminal
FEW = 4  # running jobs that are named


@final
@dataclass
class Watch:
    """What is known of a sweep's jobs; those whose end was seen are not looked at again.

    A file that was there before the first look counts only if it says that the job is done; no
    clock is asked whether it is new.
    """

    folder: Path
    total: int  # a search finds out that some have to be done again
    keys: Collection[str] = ()  # what tells the jobs apart
    began: float = field(default_factory=time.monotonic)
    first: float | None = None  # the last look at which no job had begun, s; workers start before
    over: dict[int, bool] = field(default_factory=dict)  # number -> whether it failed
    running: dict[int, str] = field(default_factory=dict)  # number -> what it was asked
    reused: int = 0  # jobs that had been done before
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)  # file: inode, time
    looked: float = field(default_factory=time.monotonic)  # when the folders were last read

    def __post_init__(self) -> None:
        self.look()
        self.over = {number: failed for number, failed in self.over.items() if not failed}
        self.reused = len(self.over)
        self.running = {}
        self.first = None

    def look(self) -> list[str]:
        """Read what has changed; returns a line for every job that failed since the last look."""
        failed, before = [], self.looked
        self.looked = time.monotonic()
        for number in self._numbers():
            outcome = self._changed(number)
            if outcome is None:
                continue
            if self.first is None and not outcome.reused:
                self.first = before
            if outcome.status is Status.RUNNING:
                self.running[number] = self._asked(outcome)
                continue
            self.running.pop(number, None)
            self.over[number] = outcome.code != 0
            self.reused += outcome.reused
            if outcome.code:
                first = outcome.message.partition("\n")[0]
                failed.append(f"{outcome.status}: {self._asked(outcome)}: {first}")
        return failed

    def line(self) -> str:
        """Done, running, failed, rate and time left, in words."""
        failed, now = sum(self.over.values()), time.monotonic()
        elapsed = now - self.began
        computed = len(self.over) - self.reused
        parts = [f"{len(self.over)}/{self.total} done", f"{len(self.running)} running"]
        parts += [f"{self.reused} reused"] * bool(self.reused) + [f"{failed} failed"] * bool(failed)
        if computed > 0 and self.first is not None and now > self.first:
            rate = computed / (now - self.first)
            parts.append(f"{rate:.2g} jobs/s" if rate < 10 else f"{rate:,.0f} jobs/s")
            left = max(0, self.total - len(self.over)) / rate
            parts.append(f"{brief(left)} left" if left else f"took {brief(elapsed)}")
        return " · ".join(parts)

    def names(self) -> list[str]:
        """The jobs that run, if they are few."""
        return list(self.running.values()) if len(self.running) <= FEW else []

    def _numbers(self) -> list[int]:
        """The jobs that have begun and are not known to be over."""
        with os.scandir(self.folder) as entries:
            numbers = [int(entry.name) for entry in entries if entry.name.isdecimal()]
        return sorted(number for number in numbers if number not in self.over)

    def _changed(self, number: int) -> Outcome | None:
        """What a job says of itself, if it has said something since the last look."""
        folder = self.folder / str(number)
        try:
            file = os.stat(f"{folder}/{OUTCOME}")  # noqa: PTH116  half the time of a Path
        except FileNotFoundError:
            return None
        mark = (file.st_ino, file.st_mtime_ns)
        if self.seen.get(number) == mark:
            return None
        self.seen[number] = mark
        return found(folder)

    def _asked(self, outcome: Outcome) -> str:
        words = [word for word in outcome.overrides if word.partition("=")[0] in self.keys]
        return " ".join(words) or Path(outcome.folder).name


def brief(seconds: float) -> str:
    """A time as hours, minutes and seconds."""
    return str(timedelta(seconds=round(seconds)))


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Show on stderr how far the jobs of a sweep are while the block runs."""
    over = threading.Event()
    show = on_terminal if sys.stderr.isatty() else in_plain_lines
    thread = threading.Thread(target=show, args=(watch, over), name="memlab-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        told(watch.look())
        written(f"{watch.line()}\n", sys.stderr)


def on_terminal(watch: Watch, over: threading.Event) -> None:
    """One line that is redrawn, the jobs that run below it, failures above."""
    screen = console(stderr=True)
    with Live(console=screen, auto_refresh=False, transient=True) as live:
        while not over.wait(EVERY):
            for line in watch.look():
                screen.print(line, markup=False, highlight=False, soft_wrap=True)
            live.update(drawn(watch), refresh=True)


def drawn(watch: Watch) -> Table:
    """Bar and line, and what runs now."""
    row = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=max(watch.total, 1), completed=len(watch.over), width=30)
    row.add_row(bar, watch.line())
    for name in watch.names():
        row.add_row("", f"[dim]{escape(name)}[/]")
    return row


def in_plain_lines(watch: Watch, over: threading.Event) -> None:
    """A line now and then, if anything has changed, and every failure at once."""
    before, then = "", time.monotonic()
    while not over.wait(EVERY):
        told(watch.look())
        state = f"{len(watch.over)} {len(watch.running)}"
        if state != before and time.monotonic() - then >= PLAIN_EVERY:
            before, then = state, time.monotonic()
            written(f"{watch.line()}\n", sys.stderr)


def told(lines: list[str]) -> None:
    """Lines on stderr as they are."""
    for line in lines:
        written(f"{line}\n", sys.stderr)
