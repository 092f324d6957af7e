"""Strings in figures: text, and what of it is wrong."""

import torch

from memlab.figures.gallery import gallery
from memlab.figures.style import BAD, INK, PALE
from memlab.report import Report
from memlab.space import Cue, Space
from tests.unit.sessions import asked_once

SPACE = Space((16,), 5, ends=True, alphabet="ab$_")
WORDS = torch.tensor([[[1.0, 2, 3, 3] + [0] * 12, [4, 1] + [0] * 14, [2] * 14 + [0] * 2]])
EMPTY = Report({}, (), (), exploratory=True)


def first(strings):
    given = torch.zeros_like(strings, dtype=torch.bool)
    given[..., 0] = True
    return Cue(strings * given, given=given, certain=given)


def drawn(wrong=None):
    """The gallery of answers that are right, but for the second symbol of each."""
    answer = WORDS.clone()
    if wrong is not None:
        answer[..., 1] = wrong
    answer[:, 1, 3:] = 2  # after the end
    session = asked_once(
        lambda _: SPACE.as_response(answer), patterns=WORDS, space=SPACE, cue=first
    )
    return gallery(session, EMPTY, arm="written", phase="recall", controls=[])


def letters(figure, place):
    """What is written in a tile, letter by letter, and in which ink."""
    return [(text.get_text(), text.get_color()) for text in figure.axes[place].texts]


def test_a_string_is_written_up_to_its_end():
    figure = drawn()
    assert letters(figure, 3) == [("_", INK), ("a", INK), ("·", INK)]
    assert letters(figure, 4) == [("_", INK), ("_", PALE), ("_", PALE)]
    assert letters(figure, 5) == letters(figure, 3)
    figure.canvas.draw()


def test_wrong_letters_are_red_and_a_dollar_is_a_letter():
    figure = drawn(wrong=3)
    assert letters(figure, 2)[:3] == [("a", INK), (r"\$", BAD), (r"\$", INK)]
    figure.canvas.draw()


def test_a_long_string_is_folded():
    heights = {round(text.get_position()[1], 2) for text in drawn().axes[6].texts}
    assert heights == {-0.5, -1.5}


def test_the_score_of_a_string_ends_with_it():
    assert drawn().axes[5].get_xlabel() == "r = 1.00"
    assert drawn().axes[4].get_xlabel() == "33% given"
