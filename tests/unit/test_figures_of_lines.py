"""Patterns without a plane are shown in nearly square rows."""

import numpy as np
import pytest
import torch

from memlab.figures.style import folded, plane, raster
from memlab.figures.video import animation
from memlab.session import Film
from memlab.space import Space


@pytest.mark.parametrize(
    ("length", "rows", "columns"), [(7, 1, 7), (64, 8, 8), (500, 20, 25), (101, 10, 11), (34, 6, 6)]
)
def test_a_long_line_is_folded_nearly_square_and_a_short_one_is_not(length, rows, columns):
    assert raster(length) == (rows, columns)


@pytest.mark.parametrize("length", range(1, 400, 13))
def test_folding_keeps_every_value_in_order_and_adds_only_blanks(length):
    line = np.arange(length, dtype=np.float32)
    shown = folded(line).ravel()
    assert np.array_equal(shown[:length], line)
    assert np.isnan(shown[length:]).all()
    assert len(shown) < length + folded(line).shape[1]


def test_a_line_of_symbols_is_folded_like_any_other():
    response = torch.nn.functional.one_hot(torch.arange(36) % 3, 3).float()
    image = plane(response, Space((36,), 3))
    assert image.shape == (6, 6)
    assert image[0].tolist() == [0, 0.5, 1] * 2


def test_a_film_of_lines_becomes_a_moving_picture(tmp_path):
    film = Film("before", ("signs",), ("step",) * 3, torch.rand(3, 1, 101))
    assert animation(film, tmp_path / "film.gif").stat().st_size > 1000
