"""Run a study: measurements that are known, published or aimed at, each held to that.

A study prints its tables and what they bear out, and keeps both, with a figure.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from memlab.app.options import add_numbers, add_outputs
from memlab.cli import INTERRUPTED
from memlab.studies.cells.outline import OUTLINE as CELLS
from memlab.studies.coherence.outline import OUTLINE as COHERENCE
from memlab.studies.comparison_2a.outline import OUTLINE as COMPARISON_2A
from memlab.studies.outline import Choice, Outline
from memlab.studies.plastic_tree.outline import OUTLINE as PLASTIC_TREE

STUDIES = {
    "cells": CELLS,
    "coherence": COHERENCE,
    "comparison_2a": COMPARISON_2A,
    "plastic_tree": PLASTIC_TREE,
}
FORMS = """\
The results go to outputs/{name}/, in a folder named for {numbers}, seed and replicates:
rows.csv, rows.json, {name}.md and {name}.png.
exit code: 0 done (whatever came out), 2 refused, 130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog="python -m memlab.studies",
        description=__doc__,
        epilog="python -m memlab.studies STUDY --help tells the options and results of one",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    studies = line.add_subparsers(title="studies", metavar="STUDY", dest="name")
    for name, outline in STUDIES.items():
        one = studies.add_parser(
            name,
            help=outline.sentence,
            description=outline.told,
            epilog=FORMS.format(name=name, numbers=", ".join(n for n, _, _ in outline.numbers)),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        repeated = ("replicates", outline.replicates, "independent repetitions, at least 6")
        add_choices(one, outline.choices)
        add_jobs(one, outline)
        add_numbers(one, (*outline.numbers, repeated, ("seed", 1, "of all random draws")))
        add_outputs(one)
    return line


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print and keep what came out; the exit code."""
    line = parser()
    asked = line.parse_args(arguments)
    if asked.name is None:
        line.print_help()
        return 0
    outline = STUDIES[asked.name]
    try:
        run(outline, asked)
    except (OSError, ValueError, FloatingPointError) as problem:
        sys.stdout.flush()
        sys.stderr.write(f"memlab.studies: {problem}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"\nmemlab.studies: interrupted; {outline.interrupted}\n")
        return INTERRUPTED
    return 0


def run(outline: Outline, asked: argparse.Namespace) -> None:
    """Measure all rows, with a bar while they come; nothing begins that could not be kept."""
    from memlab.draws import Draws
    from memlab.report import ENOUGH
    from memlab.studies.results import keep, measured, show

    study = outline.study(asked)
    if asked.replicates < ENOUGH:
        raise ValueError(f"replicates must be at least {ENOUGH}, got {asked.replicates}")
    if asked.jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {asked.jobs}")
    folder = asked.outputs / asked.name / named(outline, asked)
    folder.mkdir(parents=True, exist_ok=True)
    rows = measured(study, Draws(asked.seed, tuple(range(asked.replicates))), asked.jobs)
    keep(study, rows, folder)
    show(study, rows, folder)


def named(outline: Outline, asked: argparse.Namespace) -> str:
    """The folder of these results: what was chosen, unless it is all, and every number."""
    given = vars(asked)
    some = [it.of(given[it.name]) for it in outline.choices]
    words = ["+".join(x) for x, it in zip(some, outline.choices, strict=True) if x != it.names]
    numbers = [*(name for name, _, _ in outline.numbers), "seed", "replicates"]
    return "-".join([*words, *(f"{name}_{given[name]}" for name in numbers)])


def add_choices(parser: argparse.ArgumentParser, choices: Sequence[Choice]) -> None:
    """Options that take some of the names that there are."""
    for it in choices:
        parser.add_argument(
            f"--{it.name}",
            nargs="+",
            choices=it.names,
            default=it.names,
            metavar="NAME",
            help=f"those {it.told}: some of {', '.join(it.names)} (default: all)",
        )


def add_jobs(parser: argparse.ArgumentParser, outline: Outline) -> None:
    """``--jobs``, where it changes how long a study takes and nothing else."""
    parser.set_defaults(jobs=1)
    if outline.side_by_side:
        cores = len(os.sched_getaffinity(0))
        told = "processes side by side; change no number (default: a core each, %(default)s)"
        parser.add_argument("--jobs", type=int, default=cores, metavar="N", help=told)


if __name__ == "__main__":
    sys.exit(main())
