"""Compute a finished run once more and compare: equal to the last bit, or what differs first."""

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from memlab.app.options import add_outputs
from memlab.app.pipe import written
from memlab.app.signals import exit_code, heed_termination

if TYPE_CHECKING:
    from memlab.app.repetition import Original
    from memlab.record.difference import Comparison

EQUAL, DIFFERENT, CANNOT = 0, 1, 2  # exit codes
FORMS = """\
RUN is one of
  a run's folder
  its name below outputs/runs, or the start of it
  SWEEP/NUMBER, a job of a sweep below outputs/sweeps; the start of SWEEP will do
  the id of an MLflow run, whose folder may be gone if its artifacts are there

exit code: 0 equal (to the tolerance), 1 different, 2 the run cannot be computed again
"""
RUN_ID = re.compile("[0-9a-f]{32}")
TOLERANCE = 1e-5  # of single precision after many steps


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m memlab.reproduce",
        description=__doc__,
        epilog=FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="which run; see below")
    add_outputs(parser)
    parser.add_argument(
        "--store",
        metavar="URI",
        help="the MLflow store of a run id (default: mlflow.db in the folder of all results)",
    )
    parser.add_argument(
        "--tolerance",
        type=portion,
        default=TOLERANCE,
        help="gap that still counts as equal, as a part of the largest value of its array; "
        "0 wants every bit (default: %(default)s)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the new folder also if the run is equal"
    )
    return parser.parse_args(words)


def portion(text: str) -> float:
    """A tolerance as it was typed."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 0 and below 1, got {text}")
    return value


def main() -> None:
    """Leave with 0 if the run came out as before."""
    asked = arguments()
    from memlab.app.refusal import shortened
    from memlab.app.repetition import Impossible
    from memlab.record.lookup import Unknown

    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    heed_termination()
    try:
        code = reproduced(asked)
    except (Impossible, Unknown) as error:
        written(f"memlab.reproduce: {error}\n", sys.stderr)
        code = CANNOT
    except KeyboardInterrupt as stop:
        written("\ninterrupted; nothing is left of it\n", sys.stderr)
        code = exit_code(stop)
    except Exception as error:
        written(f"different: this time it failed: {shortened(error)}\n", sys.stderr)
        code = DIFFERENT
    sys.exit(code)


def reproduced(asked: argparse.Namespace) -> int:
    """Compute the run that was asked for again, compare, and tell; returns the exit code."""
    with TemporaryDirectory() as empty:
        run = sought(asked, Path(empty))
        from memlab.app.repetition import repeated  # torch from here on: the run is there
        from memlab.app.reproduction import introduce, say, show_changes
        from memlab.record.difference import compared

        introduce(run)
        with fresh(asked.outputs.resolve()) as folder:
            known = repeated(run, folder)
            comparison = compared(run.folder, folder)
        show_changes(run.facts, known)
    code = concluded(comparison, asked.tolerance)
    if code == EQUAL and not asked.keep:
        removed(folder)
    else:
        say(f"The new run is in {folder}")
    return code


@contextmanager
def fresh(outputs: Path) -> Iterator[Path]:
    """A folder for the new run, taken away again if an exception ends it."""
    name = time.strftime("%Y-%m-%d_%H-%M-%S") + f"_{os.getpid()}"
    folder = outputs / "reproductions" / name
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        removed(folder)
        raise


def removed(folder: Path) -> None:
    """Take the new run away, and the folder of all such if it was the only one."""
    shutil.rmtree(folder)
    with suppress(OSError):
        folder.parent.rmdir()


def concluded(found: "Comparison", tolerance: float) -> int:
    """Say whether the runs are equal; the exit code."""
    from memlab.app.reproduction import show_close, show_different, show_equal

    beyond = [one for one in found.differences if one.relative > tolerance]
    if not found.differences:
        show_equal(found)
        return EQUAL
    if tolerance > 0 and not beyond:
        show_close(found, tolerance)
        return EQUAL
    show_different(found, (beyond or found.differences)[0])
    return DIFFERENT


def sought(asked: argparse.Namespace, empty: Path) -> "Original":
    """The run that was asked for; what only MLflow has goes into an empty folder."""
    from memlab.app.repetition import original
    from memlab.record.lookup import one_run
    from memlab.record.provenance import kept_facts

    if not RUN_ID.fullmatch(asked.run):
        folder = one_run(asked.run, asked.outputs.resolve())
        return original(folder, kept_facts(folder))
    from memlab.record.tracked import tracked

    uri = asked.store or f"sqlite:///{asked.outputs.resolve()}/mlflow.db"
    return original(*tracked(asked.run, uri, empty))


if __name__ == "__main__":
    main()
