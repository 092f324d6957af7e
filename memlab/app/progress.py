"""The run as the terminal shows it: one line that is polled, or silence where nobody looks."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, final

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from memlab.app.pipe import silence

if TYPE_CHECKING:
    from memlab.runner import Progress

PLAIN_WIDTH = 120  # columns of a table that goes to a file or a pipe


@final
class Terminal(Console):
    """A console that stays quiet once nobody reads, where rich would end the process."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        silence(sys.stderr if self.stderr else sys.stdout)


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, or wide enough for our tables where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    return Terminal(stderr=stderr, width=None if stream.isatty() else PLAIN_WIDTH)


@contextmanager
def live(progress: "Progress", title: str, *, quiet: bool) -> Iterator[None]:
    """Show how far a run is on stderr while the block runs; nothing for a job of a sweep."""
    if quiet:
        yield
        return
    screen = console(stderr=True)
    screen.print(title, highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        yield
        return
    began = time.monotonic()
    with Live(
        get_renderable=lambda: line(progress, time.monotonic() - began),
        console=screen,
        refresh_per_second=5,
        transient=True,
    ):
        yield


def line(progress: "Progress", elapsed: float) -> Table:
    """Bar, acts done, time left, step rate and what happens now."""
    meter = progress.meter
    ticks = progress.ticks - progress.earlier_ticks + (meter.ticks if meter is not None else 0)
    row = Table.grid(padding=(0, 2))
    if progress.done and progress.done == progress.total:
        row.add_row("[dim]measuring, drawing and logging …[/]")
        return row
    row.add_row(
        ProgressBar(total=max(progress.total, 1), completed=progress.done, width=30),
        f"{progress.done}/{progress.total} acts",
        remaining(progress, elapsed),
        f"{ticks / elapsed:,.0f} steps/s" if elapsed > 0 and ticks else "",
        f"[dim]{escape(progress.label)}[/]",
    )
    return row


def remaining(progress: "Progress", elapsed: float) -> str:
    """The time left if the acts to come take as long as those that this process did."""
    done = progress.done - progress.earlier
    if not done:
        return "–:––:–– left"
    seconds = elapsed * (progress.total - progress.done) / done
    return f"{timedelta(seconds=round(seconds))} left"
