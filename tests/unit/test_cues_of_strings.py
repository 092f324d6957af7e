"""A prefix: how much of a string it gives, and what it never gives away."""

import pytest
import torch
from pydantic import ValidationError

from memlab.cues import Box, Half, Mask, Wrong
from memlab.cues_of_strings import Prefix
from memlab.draws import Draws
from memlab.space import Space

SPACE = Space((6,), 9, ends=True)
WORDS = torch.tensor([[3.0, 1, 4, 1, 5, 0], [2, 7, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0]])
DRAWS = Draws(0, (0, 1, 2))


def counts(length, words=WORDS, space=SPACE):
    cue = Prefix(length).cue(words, words.flip(0), space, DRAWS)
    given = cue.given[:, 0].flatten(1).int()
    assert (given.diff(dim=1) <= 0).all()  # what is given comes before what is not
    assert torch.equal(cue.given, cue.certain)
    assert torch.equal(cue.values[:, 0], words * cue.given[:, 0])
    return given.sum(1).tolist()


@pytest.mark.parametrize(
    ("length", "known"),
    [
        (0, [0, 0, 0]),
        (1, [1, 1, 1]),
        (3, [3, 2, 1]),
        (4, [4, 2, 1]),
        (0.5, [2, 1, 1]),
        (0.2, [1, 1, 1]),
        (0.99, [4, 1, 1]),
    ],
)
def test_a_prefix_gives_so_many_letters_and_never_the_end(length, known):
    assert counts(length) == known


def test_a_share_is_rounded_down_only_where_it_is_broken():
    words = torch.cat([torch.ones(3, 100), torch.zeros(3, 1)], 1)
    assert counts(0.29, words, Space((101,), 3, ends=True)) == [29, 29, 29]


def test_a_prefix_of_what_is_no_string_is_of_all_its_values():
    planes = torch.rand(3, 2, 4)
    assert counts(3, planes, Space((2, 4), None)) == [3, 3, 3]
    assert counts(0.5, planes, Space((2, 4), None)) == [4, 4, 4]
    assert counts(7, planes, Space((2, 4), None)) == [7, 7, 7]


@pytest.mark.parametrize("length", [8, 100])
def test_a_prefix_that_leaves_nothing_to_ask_for_is_refused(length):
    with pytest.raises(ValueError, match=f"below 8, all values of a pattern, got {length}"):
        counts(length, torch.rand(3, 2, 4), Space((2, 4), None))
    with pytest.raises(ValueError, match=f"below 5, all letters of the longest .* got {length}"):
        counts(length)


@pytest.mark.parametrize("kind", [Mask(1.0), Half("left"), Wrong(), Box(0.0)])
def test_no_mask_gives_padding_which_would_tell_how_long_a_string_is(kind):
    cue = kind.cue(WORDS, WORDS.flip(0), SPACE, DRAWS)
    shown = WORDS.flip(0) if isinstance(kind, Wrong) else WORDS
    assert not (cue.given[:, 0] & ~SPACE.valid(shown)).any()
    assert cue.given.any(-1).all() or isinstance(kind, Half)


@pytest.mark.parametrize("length", [-1, 0.0, 1.0, 1.5, True, "3", None, float("nan")])
def test_what_is_neither_a_number_of_symbols_nor_a_share_is_refused(length):
    with pytest.raises(ValidationError, match="length"):
        Prefix(length=length)
