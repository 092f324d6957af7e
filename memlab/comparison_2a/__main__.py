"""Repeat published comparison 2A: reaction-diffusion, Hopfield and oscillators as memories.

Each medium with its published defects, with storing, without it, and the cue alone, on the
spectrograms of three synthetic vowels; beside them two media that do store.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memlab.app.options import add_numbers, add_outputs

if TYPE_CHECKING:
    from memlab.comparison_2a.study import Row

FORMS = """\
The results go to outputs/comparison_2a/: rows.csv, rows.json, comparison_2a.md and
comparison_2a.png, in a folder named for size, seed and replicates.
exit code: 0 done (whatever came out), 2 refused
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog="python -m memlab.comparison_2a",
        description=__doc__,
        epilog=FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    numbers = (
        ("size", 128, "side of the field; networks have a half, oscillators a quarter of it"),
        ("replicates", 6, "independent repetitions, at least 6"),
        ("seed", 1, "of all random draws"),
    )
    add_numbers(line, numbers)
    add_outputs(line)
    return line


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the media, print and keep what came out; the exit code."""
    asked = parser().parse_args(arguments)
    name = f"size_{asked.size}-seed_{asked.seed}-replicates_{asked.replicates}"
    try:
        study(asked.size, asked.replicates, asked.seed, asked.outputs / "comparison_2a" / name)
    except (OSError, ValueError) as problem:
        sys.stdout.flush()
        sys.stderr.write(f"memlab.comparison_2a: {problem}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nmemlab.comparison_2a: interrupted; nothing was kept\n")
        return 130
    return 0


def study(size: int, replicates: int, seed: int, folder: Path) -> None:
    """Measure all rows, with a bar while they come; nothing begins that could not be kept."""
    from rich.progress import track

    from memlab.app.progress import console
    from memlab.comparison_2a.study import PARTS, studied

    coming = studied(size, replicates, seed)
    folder.mkdir(parents=True, exist_ok=True)
    screen = console(stderr=True)
    quiet = not screen.is_terminal
    parts = track(coming, "media", len(PARTS), console=screen, transient=True, disable=quiet)
    show([row for part in parts for row in part], folder)


def show(rows: "Sequence[Row]", folder: Path) -> None:
    """Print tables and verdict, and keep them with the figure."""
    from memlab.app.progress import console
    from memlab.comparison_2a.study import PARTS
    from memlab.comparison_2a.tables import frame, page, table
    from memlab.comparison_2a.verdict import verdict
    from memlab.figures.comparison_2a import comparison_2a

    sentences = verdict(rows)
    lines = frame(rows)
    lines.to_csv(folder / "rows.csv", index=False)
    lines.to_json(folder / "rows.json", orient="records", indent=1, double_precision=15)
    (folder / "comparison_2a.md").write_text(page(rows, sentences), encoding="utf-8")
    comparison_2a(rows).savefig(folder / "comparison_2a.png")
    screen = console()
    for name in PARTS:
        screen.print(table(rows, name))
    for sentence in sentences:
        screen.print(f"• {sentence}", highlight=False)
    known = [row.holds for row in rows if row.holds is not None]
    screen.print(f"{sum(known)} of {len(known)} rows hold. Results: {folder}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
