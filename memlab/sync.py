"""Bring to their stores all runs that have not arrived there, and close those that were killed."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from memlab.app.options import add_outputs
from memlab.app.progress import console
from memlab.record.mirror import Brought, brought
from memlab.record.outcome import Outcome
from memlab.record.unsettled import buried, unsettled


def synced(outputs: Path) -> int:
    """Bring everything, a line per run; the exit code: 0 if no run that has ended is left."""
    screen = console()
    killed = buried(outputs)
    for outcome in killed:
        screen.print(f"marked KILLED: {outcome.folder} ({outcome.process})", soft_wrap=True)
    found = []
    with Progress(console=console(stderr=True), transient=True) as progress:
        bar = progress.add_task("runs", total=sum(1 for _ in unsettled(outputs)) or 1)
        for one in brought(outputs):
            found.append(one)
            progress.advance(bar)
            screen.print(told(one), soft_wrap=True)
    screen.print(summary(found, killed), soft_wrap=True)
    return int(any(one.why for one in found))


def told(one: Brought) -> str:
    """What became of one run."""
    if one.alive is not None:
        return f"running:  {one.folder} ({one.alive})"
    if one.why:
        return f"not:      {one.folder}: {one.why}"
    return f"uploaded: {one.folder} to {one.uri}"


def summary(found: Sequence[Brought], killed: Sequence[Outcome]) -> str:
    """All of it in one sentence."""
    running = [str(one.alive) for one in found if one.alive is not None]
    failed = [one for one in found if one.why]
    done = len(found) - len(running) - len(failed)
    parts = [f"{done} run{'s' * (done != 1)} uploaded"]
    parts += [f"{len(killed)} marked KILLED"] * bool(killed)
    parts += [f"{len(running)} still running ({', '.join(running)})"] * bool(running)
    reasons = sorted({f"{one.uri}: {one.why}" if one.uri else one.why for one in failed})
    parts += [f"{len(failed)} not: {'; '.join(reasons)}"] * bool(failed)
    return ", ".join(parts)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m memlab.sync", description=__doc__)
    add_outputs(parser)
    return parser.parse_args()


def main() -> None:
    """Bring what is missing, and say what could not be brought."""
    asked = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not asked.outputs.is_dir():
        sys.exit(f"memlab.sync: --outputs must be a folder of results, got {asked.outputs}")
    try:
        code = synced(asked.outputs.resolve())
    except KeyboardInterrupt:
        sys.exit("memlab.sync: interrupted; the same command goes on")
    sys.exit(code)


if __name__ == "__main__":
    main()
