"""Measure phase locking in synthetic EEG whose coupling and confounds are known.

Phase locking value, pairwise phase consistency and weighted phase lag index, each beside the same
of mispaired trials and beside what is expected; and what a published 0.78 against 0.62 can mean.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memlab.app.options import add_numbers, add_outputs

if TYPE_CHECKING:
    from memlab.coherence.study import Row

FORMS = """\
The results go to outputs/coherence/: rows.csv, rows.json, coherence.md and coherence.png, in a
folder named for trials, seed and replicates.
exit code: 0 done (whatever came out), 2 refused
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog="python -m memlab.coherence",
        description=__doc__,
        epilog=FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    numbers = (
        ("trials", 60, "trials of a recording, where they are not what is varied"),
        ("replicates", 20, "independent repetitions, at least 6"),
        ("seed", 1, "of all random draws"),
    )
    add_numbers(line, numbers)
    add_outputs(line)
    return line


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the recordings, print and keep what was measured; the exit code."""
    asked = parser().parse_args(arguments)
    name = f"trials_{asked.trials}-seed_{asked.seed}-replicates_{asked.replicates}"
    try:
        study(asked.trials, asked.replicates, asked.seed, asked.outputs / "coherence" / name)
    except (OSError, ValueError) as problem:
        sys.stdout.flush()
        sys.stderr.write(f"memlab.coherence: {problem}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nmemlab.coherence: interrupted; nothing was kept\n")
        return 130
    return 0


def study(trials: int, replicates: int, seed: int, folder: Path) -> None:
    """Measure all rows, with a bar while they come; nothing begins that could not be kept."""
    from rich.progress import track

    from memlab.app.progress import console
    from memlab.coherence.study import STUDY, studied

    coming = studied(trials, replicates, seed)
    folder.mkdir(parents=True, exist_ok=True)
    screen = console(stderr=True)
    total = sum(len(series.levels) * len(series.measures) for series in STUDY.values())
    quiet = not screen.is_terminal
    show(list(track(coming, "rows", total, console=screen, transient=True, disable=quiet)), folder)


def show(rows: "Sequence[Row]", folder: Path) -> None:
    """Print tables and verdict, and keep them with the figure."""
    from memlab.app.progress import console
    from memlab.coherence.study import STUDY
    from memlab.coherence.tables import frame, page, table
    from memlab.coherence.verdict import verdict
    from memlab.figures.coherence import coherence

    sentences = verdict(rows)
    lines = frame(rows)
    lines.to_csv(folder / "rows.csv", index=False)
    lines.to_json(folder / "rows.json", orient="records", indent=1)
    (folder / "coherence.md").write_text(page(rows, sentences), encoding="utf-8")
    coherence(rows).savefig(folder / "coherence.png")
    screen = console()
    for name in STUDY:
        screen.print(table(rows, name))
    for sentence in sentences:
        screen.print(f"• {sentence}", highlight=False)
    known = [row.holds for row in rows if row.holds is not None]
    screen.print(f"{sum(known)} of {len(known)} rows hold. Results: {folder}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
