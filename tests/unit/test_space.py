"""Spaces check their patterns and decide their answers."""

import pytest
import torch

from memlab.archive import read, save
from memlab.space import Cue, Space, joined


def test_a_space_refuses_values_out_of_its_alphabet():
    with pytest.raises(ValueError, match=r"values must lie in \[0, 1\], got \[0, 2\]"):
        Space((2,)).check(torch.tensor([0.0, 2.0]))


def test_a_binary_space_refuses_grey():
    with pytest.raises(ValueError, match="whole symbols"):
        Space((2,)).check(torch.tensor([0.0, 0.5]))


def test_a_space_refuses_another_shape():
    with pytest.raises(ValueError, match="must end in"):
        Space((3,)).check(torch.zeros(2, 4))


def test_nan_is_in_no_space():
    patterns = torch.zeros(2, 3, 2)
    patterns[1, 2, 0] = torch.nan
    with pytest.raises(ValueError, match=r"pattern \[1, 2\] holds NaN"):
        Space((2,), None).check(patterns)


def test_no_pattern_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one pattern"):
        Space((2,)).check(torch.zeros(3, 0, 2))


def test_a_binary_answer_is_decided_at_one_half():
    decided = Space((3,)).decide(torch.tensor([0.2, 0.5, 0.7]))
    assert decided.tolist() == [0, 0, 1]


def test_deciding_a_certain_answer_gives_the_pattern_back():
    pattern = torch.tensor([[0.0, 3.0, 1.0]])
    space = Space((3,), 4)
    assert torch.equal(space.decide(space.as_response(pattern)), pattern)


def test_a_cue_refuses_parts_of_different_shapes():
    with pytest.raises(ValueError, match="one shape"):
        Cue(torch.zeros(1, 1, 3), torch.ones(1, 1, 2), torch.ones(1, 1, 3))


def test_joined_cues_can_be_parted_again():
    cues = [
        Cue(torch.rand(2, 1, 3), torch.ones(2, 1, 3).bool(), torch.zeros(2, 1, 3).bool())
        for _ in range(3)
    ]
    assert torch.equal(joined(cues).part(1, 2).values, cues[1].values)


STRINGS = Space((4,), 5, ends=True)


def test_what_follows_the_end_of_a_string_is_padding():
    strings = torch.tensor([[1.0, 2, 0, 0], [3, 0, 0, 0], [1, 2, 3, 0]])
    assert STRINGS.check(strings) is strings
    assert STRINGS.valid(strings).tolist() == [
        [True, True, True, False],
        [True, True, False, False],
        [True, True, True, True],
    ]
    assert bool(Space((4,), 5).valid(strings).all())


@pytest.mark.parametrize(
    ("string", "why"),
    [
        ([0, 0, 0, 0], "is empty"),
        ([1, 2, 3, 4], "does not end within 4 symbols"),
        ([1, 0, 2, 0], "goes on after its end"),
    ],
)
def test_a_string_that_is_none_is_refused(string, why):
    with pytest.raises(ValueError, match=rf"pattern \[1\] {why}"):
        STRINGS.check(torch.tensor([[1.0, 0, 0, 0], string]))


@pytest.mark.parametrize("space", [((2, 2), 5), ((4,), 2), ((4,), None)])
def test_strings_have_one_axis_and_an_alphabet(space):
    with pytest.raises(ValueError, match="a string needs one axis"):
        Space(*space, ends=True)


def test_an_alphabet_has_a_letter_of_its_own_for_every_symbol_but_the_end():
    space = Space((4,), 4, ends=True, alphabet="xyz")
    assert space.spelled(torch.tensor([2.0, 1, 0, 3])) == ["y", "x", "·", "z"]
    assert Space((4,), 12, ends=True).spelled(torch.tensor([11.0, 0])) == ["11", "·"]
    for alphabet in ("xy", "xyy", "wxyz"):
        with pytest.raises(ValueError, match="a letter of its own for each symbol"):
            Space((4,), 4, ends=True, alphabet=alphabet)
    with pytest.raises(ValueError, match="an alphabet is one of strings"):
        Space((4,), 4, alphabet="xyz")


def test_what_is_kept_of_strings_can_still_be_spelled(tmp_path):
    space = Space((4,), 4, ends=True, alphabet="aé_")
    assert read(save(space, tmp_path / "kept.npz"), Space) == space
