"""Draw the figures and write the tables that runs lack, from their sessions."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from memlab.app.options import add_outputs
from memlab.app.pipe import written
from memlab.app.progress import console

FORMS = """\
RUN is one of
  a run's folder, or that of a sweep
  a name below outputs/runs or outputs/sweeps, or the start of one
  SWEEP/NUMBER, one job of a sweep

What a run has already is left as it is; delete it to have it drawn again. Of a run
that failed, what it had recorded until then is drawn.
exit code: 0 all drawn, 1 some could not be, 2 no such run
"""


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m memlab.draw",
        description=__doc__,
        epilog=FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="which runs; see below")
    add_outputs(parser)
    return parser.parse_args()


def main() -> None:
    """Leave with 0 if every run has all its figures."""
    asked = arguments()
    from memlab.record.lookup import Unknown

    try:
        folders = chosen(asked.runs, asked.outputs.resolve())
    except Unknown as error:
        written(f"memlab.draw: {error}\n", sys.stderr)
        sys.exit(2)
    try:
        failed = drawn(folders, asked.outputs.resolve())
    except KeyboardInterrupt:
        written("\ninterrupted; what was drawn stays\n", sys.stderr)
        sys.exit(130)
    told = f"{len(folders) - len(failed)} of {len(folders)} runs have their figures"
    where = folders[0] / "figures" if len(folders) == 1 else f"{common(folders)}/…/figures"
    console().print(f"{told}: {where}", soft_wrap=True, highlight=False)
    written("".join(f"{line}\n" for line in failed), sys.stderr)
    sys.exit(1 if failed else 0)


def chosen(runs: Sequence[str], outputs: Path) -> list[Path]:
    """The folders of all runs that were asked for, each once."""
    from memlab.record.lookup import holder, job_folders

    folders = [holder(folder) for run in runs for folder in job_folders(run, outputs)]
    return list(dict.fromkeys(folders))


def drawn(folders: Sequence[Path], outputs: Path) -> list[str]:
    """Draw what each run lacks and bring it to its store; a line for each that could not be."""
    from memlab.record.mirror import brought

    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        found = {folder: lack(folder, outputs) for folder in bar.track(folders)}
        late = [one for one in brought(outputs) if one.why and one.folder in folders]
    failed = [f"not drawn: {folder}: {why}" for folder, why in found.items() if why]
    return failed + [f"not in its store yet: {one.folder}: {one.why}" for one in late]


def lack(folder: Path, outputs: Path) -> str:
    """Draw what a run lacks; why it cannot be, if so."""
    from memlab.app.drawing import SESSION, drawn, incomplete
    from memlab.app.repetition import Impossible, configured, renewed
    from memlab.app.schema import Refused, checked
    from memlab.record.mirror import amended
    from memlab.record.outcome import Status, found

    outcome = found(folder)
    if outcome is None:
        return "not a finished run"
    kept = outcome.status is Status.FAILED and (folder / SESSION).exists()
    if outcome.status is not Status.FINISHED and not kept:
        return f"the run is {outcome.status}"
    try:
        settings = checked(renewed(configured(folder)))
        if incomplete(settings, folder):
            drawn(settings, folder)
            amended(outputs, folder)
    except (Impossible, Refused, OSError, ValueError) as error:
        return str(error)
    return ""


def common(folders: Sequence[Path]) -> Path:
    """The deepest folder that holds all of them."""
    first, *rest = folders
    return next(one for one in first.parents if all(one in other.parents for other in rest))


if __name__ == "__main__":
    main()
