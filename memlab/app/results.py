"""What a run leaves behind: tables and figures in its folder, the tables on the terminal."""

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.app.drawing import PAGE, PICTURES, lacking
from memlab.app.progress import console
from memlab.figures.video import animation
from memlab.record.place import Place
from memlab.report import (
    Report,
    curve_frame,
    reference_frame,
    reference_table,
    scalar_frame,
    scalar_table,
    verdict_frame,
    verdict_table,
)
from memlab.session import Session

FRAMES = (3, 4)  # axes of a film that can be drawn: (S, panels, N) or (S, panels, H, W)
Drawing = Callable[[Session, Report], Figure | Absent]


def keep_tables(session: Session, report: Report, folder: Path) -> None:
    """Write every table as CSV and JSON, and all of them as one Markdown page; curves as CSV."""
    tables = folder / "tables"
    tables.mkdir(exist_ok=True)
    frames = {
        "measures": scalar_frame(report),
        "claims": verdict_frame(report),
        "references": reference_frame(report),
    }
    curves = curve_frame(session)
    if len(curves):
        curves.to_csv(tables / "curves.csv", index=False)
    page = []
    for name, frame in frames.items():
        frame.to_csv(tables / f"{name}.csv", index=False)
        frame.to_json(tables / f"{name}.json", orient="records", indent=1)
        page += [f"## {name}", "", markdown(frame.columns.tolist(), frame.values.tolist()), ""]
    (folder / PAGE).write_text("\n".join(page), encoding="utf-8")


def markdown(headings: list[str], rows: list[list[object]]) -> str:
    """A table in Markdown."""
    cells = [headings, ["---"] * len(headings), *[[cell(value) for value in row] for row in rows]]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in cells)


def cell(value: object) -> str:
    """A value of a table, short; nothing for what is missing."""
    if value is None or value != value:  # noqa: PLR0124  NaN is what pandas makes of None
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def keep_pictures(
    figures: Mapping[str, Drawing], session: Session, report: Report, folder: Path
) -> None:
    """Draw every figure and film of planes or lines that the run's folder does not have yet."""
    where = folder / PICTURES
    where.mkdir(exist_ok=True)
    for name in lacking(figures, folder):
        keep_figure(figures[name](session, report), where / f"{name}.png")
    for film in session.films:
        video = where / f"video_{film.phase}.gif"
        if film.frames.ndim in FRAMES and not video.exists():
            animation(film, partial(video)).rename(video)


def keep_figure(drawn: Figure | Absent, path: Path) -> None:
    """Write a figure as PNG; for one without meaning, say why in a note."""
    if isinstance(drawn, Absent):
        path.with_suffix(".txt").write_text(f"not drawn: {drawn.reason}\n", encoding="utf-8")
    else:
        drawn.savefig(partial(path))
        partial(path).rename(path)


def partial(path: Path) -> Path:
    """Where a picture is written until it is whole."""
    return path.with_name(f".{path.name}")


def show(report: Report, place: Place, seconds: float) -> None:
    """Print the tables and where everything is; nothing for a job of a sweep."""
    if place.sweep is not None:
        return
    screen = console()
    for table, rows in (
        (scalar_table(report), report.scalars),
        (verdict_table(report), report.verdicts),
        (reference_table(report), report.references),
    ):
        if rows:
            screen.print(table)
    screen.print(f"Done in {seconds:.0f} s. Results: {place.folder}", soft_wrap=True)


def show_link(place: Place, link: str, late: str) -> None:
    """Print where a run is tracked, or why it is not yet; nothing for a job of a sweep."""
    if place.sweep is not None:
        return
    if late:
        text = f"Not tracked yet: {late}. All of it is in {place.folder}; the next run uploads it."
        console(stderr=True).print(f"{text} Or now: python -m memlab.sync", soft_wrap=True)
    elif link:
        text = f"Tracked in {link}; look at it: python -m memlab.ui"
        console().print(text, soft_wrap=True)
