"""What several commands ask for in the same words."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path


def add_numbers(parser: ArgumentParser, wanted: Sequence[tuple[str, int, str]]) -> None:
    """Options that take a whole number each: name, default, what it is."""
    for name, default, told in wanted:
        parser.add_argument(
            f"--{name}",
            type=int,
            default=default,
            metavar="N",
            help=f"{told} (default: %(default)s)",
        )


def add_outputs(parser: ArgumentParser) -> None:
    """``--outputs``, the folder of all results."""
    parser.add_argument(
        "--outputs",
        type=Path,
        default=Path("outputs"),
        help="the folder of all results (default: %(default)s)",
    )
