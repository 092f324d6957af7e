"""Pictures and tables of a finished run, made from its session when they are asked for."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from memlab.app.schema import Settings

if TYPE_CHECKING:
    from memlab.report import Report

PAGE = "report.md"  # the last table to be written
SESSION = "session.npz"
PICTURES = "figures"
ENDINGS = (".png", ".txt")  # drawn, or a note why not


def wanted(settings: Settings) -> bool:
    """Whether a job draws; ``auto`` is a run that belongs to no sweep."""
    return settings.sweep.figures != "never"


def lacking(names: Iterable[str], folder: Path) -> list[str]:
    """The figures a run's folder has neither drawn nor said to be without meaning."""
    where = folder / PICTURES
    return [n for n in names if not any((where / f"{n}{end}").exists() for end in ENDINGS)]


def incomplete(settings: Settings, folder: Path) -> bool:
    """Whether a finished run should show more than its folder holds."""
    pictures = wanted(settings) and lacking(settings.figures, folder)
    return bool(pictures) or not (folder / PAGE).exists()


def drawable(settings: Settings, folder: Path) -> bool:
    """Whether a finished run should show more, and still has what that is made from."""
    return incomplete(settings, folder) and (folder / SESSION).exists()


def drawn(settings: Settings, folder: Path) -> "Report":
    """Everything that is said of a finished run; what its folder lacks is drawn and written."""
    from memlab import archive
    from memlab.app.assembly import prepared
    from memlab.app.results import keep_pictures, keep_tables
    from memlab.report import evaluate

    instruments = prepared(settings)
    session = archive.load(folder / SESSION)
    report = evaluate(session, instruments.scalars, instruments.claims, instruments.references)
    if not (folder / PAGE).exists():
        keep_tables(session, report, folder)
    if wanted(settings):
        keep_pictures(instruments.figures, session, report, folder)
    return report
