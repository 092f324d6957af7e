"""Words repeated, and pieces of a text."""

import pytest
import torch

from memlab.draws import Draws
from memlab.patterns.letters import Repetition, Text

DRAWS = Draws(seed=2, replicates=(0, 1))


def test_a_word_follows_the_warm_up_again_and_again():
    source = Repetition(letters=6, warm_up=2, word=3, copies=4)
    lines = source.draw(5, DRAWS)
    assert lines.shape == (2, 5, 14)
    assert source.space.check(lines) is lines
    assert lines[..., :2].unique(dim=1).tolist() == [[[0, 1]], [[0, 1]]]
    copies = lines[..., 2:].unflatten(-1, (4, 3))
    assert torch.equal(copies, copies[..., :1, :].expand_as(copies))
    assert len(copies[0, :, 0].unique(dim=0)) == 5
    assert torch.equal(lines[:, :3], source.draw(3, DRAWS))


def test_more_words_than_there_are_are_refused():
    with pytest.raises(ValueError, match="only 3 distinct ones of 4"):
        Repetition(letters=3, warm_up=1, word=1, copies=2).draw(4, DRAWS)


def test_a_text_is_cut_into_pieces_whatever_it_encodes(tmp_path):
    file = tmp_path / "text"
    file.write_bytes(b"abcdefabc\xff\xfe\x00xy")
    source = Text(file, length=3)
    pieces = source.draw(3, DRAWS)
    assert source.space.symbols == 256
    assert {bytes(int(b) for b in row) for row in pieces[0]} == {b"abc", b"def", b"\xff\xfe\x00"}
    with pytest.raises(ValueError, match=r"holds 3 different pieces of 3 bytes.*needs 4"):
        source.draw(4, DRAWS)


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty file"), (b"ab", "one piece of length=3 bytes")]
)
def test_a_text_without_a_piece_is_refused(content, why, tmp_path):
    (tmp_path / "text").write_bytes(content)
    with pytest.raises(ValueError, match=why):
        Text(tmp_path / "text", length=3)


def test_a_text_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="path must be a file that can be read"):
        Text(tmp_path / "nowhere", length=3)
