"""How far a sweep is, read from the folders of its jobs, whoever runs them and wherever."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import final

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from memlab.app.pipe import written
from memlab.app.progress import console
from memlab.record.outcome import OUTCOME, Outcome, Status, found

EVERY = 0.5  # s between two looks
PLAIN_EVERY = 10.0  # s between two plain lines, where there is no terminal
OVER = {status for status in Status if status is not Status.RUNNING}


@final
@dataclass
class Watch:
    """What is known of a sweep's jobs; those whose end was seen are not looked at again."""

    folder: Path
    total: int
    began: float = field(default_factory=time.time)
    over: dict[int, Outcome] = field(default_factory=dict)
    running: dict[int, Outcome] = field(default_factory=dict)
    reused: int = 0  # jobs that had been done before

    def look(self) -> None:
        """Read the folders of the jobs that are not known to be over."""
        self.running = {}
        for number in range(self.total):
            if number not in self.over:
                self._look_at(number)

    def _look_at(self, number: int) -> None:
        file = self.folder / str(number) / OUTCOME
        if not file.exists() or file.stat().st_mtime < self.began:
            return
        outcome = found(file.parent)
        if outcome is None:
            return
        if outcome.status is Status.RUNNING:
            self.running[number] = outcome
        else:
            self.over[number] = outcome
            self.reused += outcome.reused

    def line(self) -> str:
        """Done, running, failed, rate and time left, in words."""
        failed = sum(outcome.code != 0 for outcome in self.over.values())
        elapsed = time.time() - self.began
        computed = len(self.over) - self.reused
        parts = [f"{len(self.over)}/{self.total} done", f"{len(self.running)} running"]
        parts += [f"{self.reused} reused"] * bool(self.reused) + [f"{failed} failed"] * bool(failed)
        if computed:
            rate = computed / elapsed
            parts.append(f"{rate:.2g} jobs/s" if rate < 10 else f"{rate:,.0f} jobs/s")
            left = timedelta(seconds=round((self.total - len(self.over)) / rate))
            parts.append(f"{left} left")
        return " · ".join(parts)


@contextmanager
def watched(folder: Path, total: int) -> Iterator[Watch]:
    """Show on stderr how far the jobs of a sweep are while the block runs."""
    watch, over = Watch(folder, total), threading.Event()
    show = on_terminal if sys.stderr.isatty() else in_plain_lines
    thread = threading.Thread(target=show, args=(watch, over), name="memlab-watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
        watch.look()
        written(f"{watch.line()}\n", sys.stderr)


def on_terminal(watch: Watch, over: threading.Event) -> None:
    """One line that is redrawn."""
    with Live(console=console(stderr=True), auto_refresh=False, transient=True) as screen:
        while not over.wait(EVERY):
            watch.look()
            row = Table.grid(padding=(0, 2))
            bar = ProgressBar(total=max(watch.total, 1), completed=len(watch.over), width=30)
            row.add_row(bar, watch.line())
            screen.update(row, refresh=True)


def in_plain_lines(watch: Watch, over: threading.Event) -> None:
    """A line now and then, if anything has changed."""
    told = ""
    while not over.wait(PLAIN_EVERY):
        watch.look()
        line = watch.line()
        if line != told:
            written(f"{line}\n", sys.stderr)
        told = line
