"""A comparison on disk: Markdown, CSV, JSON, a page of HTML, and its figures."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.compare import page
from memlab.compare.comparison import Comparison, Difference
from memlab.compare.measures import main
from memlab.compare.tables import (
    HEADINGS,
    comma_separated,
    markdown,
    overview_rows,
    records,
    row,
    verdict_rows,
)
from memlab.compare.words import notes
from memlab.figures.comparison import curve_figure, settings_figure


def kept(
    comparison: Comparison, folder: Path, name: str, further: Sequence[str] = ()
) -> dict[str, bytes]:
    """Write a comparison into a folder; gives back its figures, title -> PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = comparison.narrowed(main(list(comparison.measures)))
    pictures = dict(drawn(shown))
    texts = {
        "md": markdown(comparison, further),
        "csv": comma_separated(comparison),
        "json": json.dumps(records(comparison), indent=1) + "\n",
        "html": page.page(
            f"{' against '.join(comparison.names[:3])}",
            [*figures(pictures), *told(comparison, further)],
        ),
    }
    for kind, text in texts.items():
        (folder / f"{name}.{kind}").write_text(text, encoding="utf-8")
    for number, png in enumerate(pictures.values()):
        (folder / f"{name}{'_curves' * bool(number)}.png").write_bytes(png)
    return pictures


def drawn(comparison: Comparison) -> Iterator[tuple[str, bytes]]:
    """The figures that have a meaning here, with their titles."""
    for title, figure in (
        ("every setting", settings_figure(comparison)),
        ("what was varied", curve_figure(comparison)),
    ):
        if not isinstance(figure, Absent):
            yield title, png(figure)


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG."""
    into = io.BytesIO()
    figure.savefig(into, format="png")
    return into.getvalue()


def figures(pictures: dict[str, bytes]) -> list[str]:
    """Pictures as a section of a page."""
    return [page.section("Figures", *(page.picture(one, name) for name, one in pictures.items()))]


def told(comparison: Comparison, further: Sequence[str] = ()) -> list[str]:
    """The tables of a comparison as sections of a page: the main measures, the rest folded."""
    first = main(list(comparison.measures))
    rest = [name for name in comparison.measures if name not in first]
    others = [part for name in rest for part in measure(comparison, name)]
    return [
        page.section(
            "At a glance",
            page.table(("setting", *first), overview_rows(comparison.narrowed(first)), long=first),
        ),
        claims(comparison),
        page.section(
            "Every measure",
            page.listed([*notes(comparison), *further]),
            *(part for name in first for part in measure(comparison, name)),
            page.folded(f"{len(rest)} more measures", *others) if rest else "",
        ),
    ]


def measure(comparison: Comparison, name: str) -> list[str]:
    """One measure in every setting."""
    entries = comparison.measures[name]
    shown = [isinstance(e.difference, Difference) and e.difference.shown for e in entries.values()]
    rows = [row(setting, entry) for setting, entry in entries.items()]
    return [page.heading(name), page.table(HEADINGS, rows, strong=shown)]


def claims(comparison: Comparison) -> str:
    """The verdicts of every setting."""
    if not comparison.verdicts:
        return ""
    headings = ("setting", *comparison.verdicts)
    return page.section(
        "Claims",
        page.paragraph("In how many runs of a setting each claim got which verdict.", "soft"),
        page.table(headings, verdict_rows(comparison), long=headings[1:]),
    )
