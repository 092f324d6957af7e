"""What several commands ask for in the same words."""

from argparse import ArgumentParser
from pathlib import Path


def add_outputs(parser: ArgumentParser) -> None:
    """``--outputs``, the folder of all results."""
    parser.add_argument(
        "--outputs",
        type=Path,
        default=Path("outputs"),
        help="the folder of all results (default: %(default)s)",
    )
