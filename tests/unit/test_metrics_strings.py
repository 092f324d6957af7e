"""What follows the end of a string is neither right nor wrong."""

import pytest
import torch
from torch import Tensor

from memlab import nearest
from memlab.absent import Absent
from memlab.controls import Trial, mean
from memlab.draws import Draws
from memlab.metrics import scores
from memlab.metrics.measure import Answers, answers
from memlab.metrics.recognition import mean_familiarity
from memlab.metrics.scores import SCORES, confusion
from memlab.nearest import nearest_answer
from memlab.session import Session
from memlab.space import Cue, Space
from memlab.substrate import Meter
from memlab.substrates.notebook import Notebook
from tests.unit.sessions import asked_once

SPACE = Space((5,), 4, ends=True)
WORDS = torch.tensor([[[1.0, 2, 0, 0, 0], [1, 2, 3, 0, 0], [2, 0, 0, 0, 0], [1, 2, 3, 2, 0]]])
WHERE = {"arm": "written", "phase": "recall", "group": "targets"}


def first(strings: Tensor) -> Cue:
    """The first symbol, certain."""
    given = torch.zeros_like(strings, dtype=torch.bool)
    given[..., 0] = True
    return Cue(strings * given, given=given, certain=given)


def session(answer: Tensor, space: Space = SPACE) -> Session:
    return asked_once(lambda _: answer, patterns=WORDS, space=space, cue=first)


def laid_out(answer: Tensor, space: Space = SPACE) -> Answers:
    found = answers(session(answer, space), **WHERE)
    assert isinstance(found, Answers)
    return found


def told(*, wrong: tuple[tuple[int, int], ...] = ()) -> Tensor:
    """The right answers but for some places (string, place), without anything after an end."""
    response = SPACE.as_response(WORDS)
    for word, place in wrong:
        response[:, word, place] = torch.tensor([0.0, 0.0, 0.0, 1.0])
    return response


@pytest.mark.parametrize("measure", [n for n, s in SCORES.items() if n not in {"r2", "choice"}])
def test_no_score_depends_on_what_is_answered_after_the_end(measure):
    answer = told(wrong=((0, 1), (3, 3)))
    after = ~SPACE.valid(WORDS)[..., None].expand_as(answer)
    noise = torch.rand(answer.shape, generator=torch.Generator().manual_seed(0))
    one, other = (SCORES[measure](laid_out(x)) for x in (answer, torch.where(after, noise, answer)))
    if isinstance(one, Tensor):
        assert torch.equal(one, other)
        assert one.shape == (1, 4)


def test_right_up_to_the_end_is_right():
    a = laid_out(told())
    for measure in ("pearson", "hidden_pearson", "skill", "overlap", "accuracy", "identification"):
        assert SCORES[measure](a).tolist() == [pytest.approx([1, 1, 1, 1])], measure
    assert SCORES["success"](a).tolist() == [[1, 1, 1, 1]]


def test_only_places_up_to_the_end_are_counted():
    a = laid_out(told(wrong=((0, 2), (1, 1))))
    assert SCORES["accuracy"](a).tolist() == [[0.5, pytest.approx(2 / 3), 1, 1]]
    alarm = 1 / (3 * 3)  # one wrong symbol among those that were wrong at the three places
    assert float(SCORES["overlap"](a)[0, 0]) == pytest.approx(2 / 3 - alarm)


def test_a_string_is_exact_where_all_that_was_asked_is_right():
    a = laid_out(told(wrong=((0, 2), (1, 0))))
    assert SCORES["exact"](a).tolist() == [[0, 1, 1, 1]]  # of the second, the place was given


def test_probability_is_what_the_right_symbols_are_given_where_they_were_asked_for():
    answer = 0.6 * told(wrong=((0, 2),)) + 0.1  # .7 of each right symbol, .1 of the wrong one
    found = SCORES["probability"](laid_out(answer))
    assert found[0].tolist() == pytest.approx([0.4, 0.7, 0.7, 0.7])


def test_too_many_strings_are_not_compared_each_with_each(monkeypatch):
    monkeypatch.setattr(scores, "MANY", 15)
    found = [SCORES[name](laid_out(told())) for name in ("success", "identification")]
    assert all("too many to compare" in one.reason for one in found if isinstance(one, Absent))
    assert all(isinstance(one, Absent) for one in found)


def test_a_beginning_of_another_string_is_told_from_it_by_its_end():
    known = confusion(laid_out(told()))[0]
    assert known.argmax(1).tolist() == [0, 1, 2, 3]
    direct = torch.corrcoef(SPACE.as_response(WORDS)[0, :2, :3].flatten(1))
    assert float(known[0, 1]) == pytest.approx(float(direct[0, 1]))


def test_familiarity_ends_with_the_string():
    answer, noise = told(), told()
    noise[:, 2, 2:] = 0.3
    one, other = (mean_familiarity(session(x), **WHERE) for x in (answer, noise))
    assert torch.equal(one, other)


def test_without_ends_every_place_counts_as_before():
    a = laid_out(told(wrong=((0, 4),)), Space((5,), 4))
    assert a.valid is None
    assert SCORES["accuracy"](a)[0, 0] == 0.75
    assert bool(a.truth.sum(2).eq(5).all())


def test_the_mean_of_strings_is_of_those_that_get_so_far():
    nothing = Cue(torch.zeros_like(WORDS), *[torch.zeros_like(WORDS).bool()] * 2)
    found = mean(_trial(nothing))
    assert found[0, 0, 2].tolist() == pytest.approx([1 / 3, 0, 0, 2 / 3])
    assert found[0, 3, 4].tolist() == [1, 0, 0, 0]
    assert torch.equal(found.sum(-1), torch.ones(1, 4, 5))


def test_the_nearest_strings_are_mixed_as_far_as_each_goes():
    live = torch.ones(1, 4, dtype=torch.bool)
    found = nearest_answer(SPACE, WORDS, live, first(WORDS))
    assert found[0, 0, 3].tolist() == [0.5, 0, 0.5, 0]  # of the two that have a fourth place
    assert found[0, 0, 2].tolist() == pytest.approx([1 / 3, 0, 0, 2 / 3])
    assert found[0, 2].argmax(-1).tolist() == [2, 0, 0, 0, 0]


def test_many_strings_are_searched_in_parts_with_the_same_answers(monkeypatch):
    live = torch.ones(1, 4, dtype=torch.bool)
    whole = nearest_answer(SPACE, WORDS, live, first(WORDS))
    monkeypatch.setattr(nearest, "ROOM", 4)
    assert torch.equal(nearest_answer(SPACE, WORDS, live, first(WORDS)), whole)


def _trial(cue: Cue) -> Trial:
    draws, medium = Draws(0, (0,)), Notebook(SPACE)
    blank = medium.blank(draws)
    return Trial(medium, blank, blank, cue, cue, WORDS, WORDS, WORDS, draws, Meter())
