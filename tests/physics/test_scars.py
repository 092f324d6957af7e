"""What a scarred Gray-Scott medium does and does not remember: known results at 256 x 256.

Sources: the figures of B. Barzin's scarring study (2025), and our own controls of it.
"""

import numpy as np
import pytest
import torch
from scipy import ndimage

from memlab import native
from memlab.draws import Draws
from memlab.patterns.geometry import published
from memlab.similarity import cosine
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.gray_scott import GrayScott

pytestmark = pytest.mark.skipif(not native.available(), reason="takes minutes without the kernel")

DRAWS = Draws(seed=1, replicates=(0,))
SPACE = Space((256, 256), None)
FRONT = 0.0336  # cells per step along a scar
IGNITED = 120  # steps until a seed has become a front


def medium(steps=500):
    """The published medium, reading for so many steps."""
    return GrayScott(SPACE, size=256, kill=0.060, amplitude=1.0, write_steps=500, read_steps=steps)


def pattern(kind):
    """A published shape at its level, ``(1, 256, 256)``."""
    return 0.8 * published(kind, 256).float()[None]


def learned(kind):
    """The medium's memory of one shape."""
    values = pattern(kind)
    engram = medium().blank(DRAWS)
    item = Item(values, torch.ones_like(values, dtype=torch.bool), torch.ones(1))
    medium().write(engram, item, DRAWS.at(kind), Meter())
    return engram


def asked(engram, v, steps=500):
    """The answer to a field of v laid down as it is, ``(256, 256)``."""
    everywhere = torch.ones((1, 1, 256, 256), dtype=torch.bool)
    cue = Cue(v.reshape(1, 1, 256, 256), everywhere, everywhere)
    return medium(steps).read(engram, cue, DRAWS, Meter()).response[0, 0]


@pytest.mark.parametrize(("kind", "score"), [("square_spots", 0.949), ("ring", 0.966)])
def test_two_percent_of_the_pixels_bring_the_whole_pattern_back(kind, score):
    seeds = DRAWS.uniform("seeds", (256, 256)) < 0.02
    answer = asked(learned(kind), pattern(kind) * seeds)
    assert cosine(answer, pattern(kind)[0], (0, 1)).item() == pytest.approx(score, abs=0.004)


def test_a_learned_memory_is_a_painted_one():
    engram, values = learned("ring"), pattern("ring")
    painted = medium().painted(medium().blank(DRAWS), values[:, None])
    for rate in ("feed", "kill"):
        torch.testing.assert_close(engram[rate], painted[rate], rtol=0, atol=1e-7)


def test_a_gap_is_never_jumped():
    left = pattern("square_spots").clone()
    left[..., 128:] = 0
    answer = asked(learned("square_spots"), 0.15 / 0.8 * left)
    missing = pattern("square_spots")[0, :, 128:] > 0
    assert (answer[:, :128] > 0.5).sum() > 1000
    assert not (answer[:, 128:][missing] > 0.5).any()


def test_completion_is_a_flood_fill_along_the_scar():
    steps, lit = 1000, pattern("ring")[0].numpy() > 0
    y, x = np.mgrid[:256, :256] - 128
    wedge = lit & (np.arctan2(y, x) % (2 * np.pi) < np.pi / 2)
    answer = asked(learned("ring"), torch.from_numpy(0.8 * wedge).float(), steps).numpy() > 0.5
    reached = flooded(wedge, lit, FRONT * (steps - IGNITED))
    overlap = (answer & reached & lit).sum() / ((answer & lit) | reached).sum()
    assert overlap >= 0.94


def flooded(start, inside, distance):
    """The cells of ``inside`` within so many cells' way of ``start``, never leaving ``inside``.

    Grown by plus and square in turn: an octagon, which gains about a cell each time.
    """
    plus, square = ndimage.generate_binary_structure(2, 1), np.ones((3, 3), dtype=bool)
    for i in range(round(distance)):
        start = ndimage.binary_dilation(start, plus if i % 2 else square, mask=inside)
    return start
