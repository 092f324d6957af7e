"""What was asked, what was answered, and what every control answered."""

import math
from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from memlab.absent import Absent
from memlab.figures.letters import LINE, lines_of, text
from memlab.figures.style import CEILING, FLOOR, INK, MEDIUM, plane, raster, sheet, tile, words
from memlab.metrics.measure import asked
from memlab.report import Report
from memlab.session import Recall, Session
from memlab.similarity import pearson
from memlab.space import END

ROWS = 8  # items at most
ACROSS = 10  # columns at most; more are folded into bands below one another
COLUMN, HEAD, NOTE = 1.12, 0.6, 0.25  # inches


def gallery(
    session: Session,
    _: Report,
    *,
    arm: str,
    phase: str,
    controls: Sequence[str] | None = None,
) -> Figure | Absent:
    """Rows are items, columns target, cue, answer and controls, of the first replicate."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    wanted = (*session.floors, *session.ceilings) if controls is None else controls
    shown = [name for name in wanted if name in recall.controls and name != "cue"]
    rows, names = min(len(recall.items), ROWS), ("target", "cue", "answer", *shown)
    bands = math.ceil(len(names) / ACROSS)
    across = math.ceil(len(names) / bands)
    legend = f"first replicate; r = Pearson{f'; {END} is an end' if session.space.ends else ''}"
    title = f"Asked and answered: {words(arm)}, {words(phase)} ({legend})"
    height = bands * (_height(session, recall) * rows + HEAD / 2) + HEAD / 2
    figure = sheet(COLUMN * across + 0.9, height, title)
    grid = figure.subplots(rows * bands, across, squeeze=False).reshape(bands, rows, across)
    for row in range(rows):
        for place, (image, note) in enumerate(_tiles(session, recall, shown, row)):
            axes = grid[place // across, row, place % across]
            if session.space.ends:
                text(axes, image, recall.truth[0, row], session.space, note)
                axes.set_ylim(bottom=-_lines(session, recall))
            else:
                tile(axes, plane(image, session.space), note)
        label = words(session.names[recall.items[row]])
        for axes in grid[:, row, 0]:
            axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8.5)
    for axes, name in zip(grid[:, 0].flat, names, strict=False):
        axes.set_title(words(name), fontsize=8.5, loc="center", color=_ink(session, name))
    for axes in grid[-1, :, len(names) - across * (bands - 1) :].flat:
        axes.remove()
    return figure


def _height(session: Session, recall: Recall) -> float:
    """Of one row with its note, in inches; lines need less."""
    if session.space.ends:
        return NOTE + LINE * _lines(session, recall)
    if len(session.space.shape) > 1:
        return NOTE + COLUMN
    rows, columns = raster(session.space.size)
    return NOTE + (0.45 if rows == 1 else COLUMN * rows / columns)


def _lines(session: Session, recall: Recall) -> int:
    """Of text, that the longest string shown takes."""
    return lines_of(recall.truth[0, :ROWS], session.space)


def _tiles(
    session: Session, recall: Recall, shown: list[str], row: int
) -> list[tuple[Tensor, str]]:
    """Image and note of every column of one item."""
    space, own = session.space, recall.truth[0, row]
    truth, valid = space.as_response(own).flatten(), space.valid(own)
    within = valid.repeat_interleave(space.symbols or 1) if space.ends else None

    def note(response: Tensor) -> str:
        return f"r = {float(pearson(response[0, row].flatten(), truth, (0,), within)):.2f}"

    unknown = torch.nan if space.ends else 0
    cue = torch.where(recall.cue.given[0, row], recall.cue.values[0, row], unknown)
    share = float(recall.cue.given[0, row][valid].float().mean())
    answers = [recall.response, *(recall.controls[name] for name in shown)]
    asked_for = [(recall.truth[0, row], ""), (cue, f"{share:.0%} given")]
    return asked_for + [(answer[0, row], note(answer)) for answer in answers]


def _ink(session: Session, column: str) -> str:
    if column == "answer":
        return MEDIUM
    if column in session.ceilings:
        return CEILING
    return FLOOR if column in session.floors and column != "cue" else INK
