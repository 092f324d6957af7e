"""Compare settings: a sweep, the runs of a store, or single runs, in tables and a figure.

WHAT is a sweep or a run (its folder, or the start of its name below outputs), the id of an MLflow
run, a tag (KEY=VALUE, as memlab.sweep=NAME), or a filter of MLflow's in quotes. Runs that differ in
their seed alone are one setting; every setting is set against the baseline, paired by seed, or by
replicate where there is one seed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from memlab.app.options import add_outputs

EXAMPLES = """\
examples:
  python -m memlab.compare substrate-seed_1a2b3c4d
  python -m memlab.compare outputs/runs/RUN_A outputs/runs/RUN_B --measures 'after/*'
  python -m memlab.compare memlab.sweep=substrate-seed_1a2b3c4d --baseline notebook
  python -m memlab.compare "params.protocol = 'single' and metrics.\\`recall/pearson\\` > 0.5"
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog="python -m memlab.compare",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("what", nargs="*", metavar="WHAT", help="a sweep, run, tag or filter")
    line.add_argument("--baseline", default="", metavar="SETTING", help="default: the first")
    line.add_argument(
        "--measures",
        default="",
        metavar="A,B",
        help="names or patterns such as 'after/*'; default: the main ones",
    )
    line.add_argument("--all", action="store_true", help="every measure")
    line.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="of the runs")
    line.add_argument("--query", action="append", default=[], help="a filter of MLflow's")
    line.add_argument(
        "--store",
        default="",
        metavar="STORE",
        help="address or SQLite file (default: mlflow.db below outputs)",
    )
    add_outputs(line)
    line.add_argument(
        "--save",
        type=Path,
        metavar="FOLDER",
        help="write comparison.md, .csv, .json, .html and .png there",
    )
    return line


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare what the command line names; the exit code."""
    line = parser()
    asked = line.parse_args(arguments)
    if not (asked.what or asked.tag or asked.query):
        line.error("name what to compare: a sweep, runs, a tag or a query (see --help)")
    from memlab.app.schema import Refused

    try:
        show(asked)
    except (Refused, OSError, ValueError) as problem:
        sys.stdout.flush()
        sys.stderr.write(f"memlab.compare: {problem}\n")
        return 2
    return 0


def show(asked: argparse.Namespace) -> None:
    """Print the comparison and keep it where a folder is given."""
    from memlab.app.progress import console
    from memlab.compare.comparison import compared, measured
    from memlab.compare.measures import chosen
    from memlab.compare.measures import main as main_measures
    from memlab.compare.settings import settings
    from memlab.compare.sources import Place, gathered
    from memlab.compare.tables import tables

    place = Place(asked.outputs.resolve(), asked.store or str(asked.outputs / "mlflow.db"))
    found = gathered([*asked.what, *asked.tag], asked.query, place)
    several = settings(found.trials)
    known = measured(several)
    patterns = [one.strip() for one in asked.measures.split(",") if one.strip()]
    some = chosen(patterns, known) if patterns else known if asked.all else main_measures(known)
    comparison = compared(several, asked.baseline, some)
    screen = console()
    screen.print(tables(comparison))
    for note in found.notes:
        screen.print(note)
    if len(some) < len(known):
        rest = len(known) - len(some)
        screen.print(f"{rest} more measures: --all, or --measures 'recall/*,memory/bytes'.")
    if asked.save is not None:
        from memlab.compare.keeping import kept  # matplotlib

        kept(comparison, asked.save, "comparison", found.notes)
        screen.print(f"Kept in {asked.save}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
