"""A matrix under sparse keys holds, in the laboratory, what is known of the bare sum."""

import pytest
import torch

from memlab.draws import Draws
from memlab.patterns.pairs import Pairs
from memlab.space import Cue, Item
from memlab.substrate import Meter
from memlab.substrates.linear_attention import LinearAttention

DRAWS = Draws(seed=5, replicates=(0, 1, 2, 3))


def named(count, **settings):
    """Which of so many pairs are named right after all were written, oldest first, ``(R, T)``."""
    source = Pairs(keys=count, values=count, repeat=False)
    medium = LinearAttention(source.space, **settings)
    pairs = source.draw(count, DRAWS.at("patterns"))
    engram = medium.blank(DRAWS.at("blank"))
    for values in pairs.unbind(1):
        whole = torch.ones_like(values, dtype=torch.bool)
        medium.write(engram, Item(values, whole, torch.ones(len(values))), DRAWS, Meter())
    given = torch.tensor([True, False]).expand(pairs.shape)
    answer = medium.read(engram, Cue(pairs * given, given, given), DRAWS, Meter())
    return answer.response[:, :, 1].argmax(-1) == pairs[..., 1]


@pytest.mark.parametrize(
    ("active", "count", "known"),  # of the table of nearest values with N = 1024, D = 64
    [(0.5, 16, 1.0), (0.5, 64, 0.48), (0.25, 64, 1.0), (0.25, 256, 0.40), (0.05, 256, 1.0)],
)
def test_sparser_keys_hold_as_many_pairs_as_is_known(active, count, known):
    shares = named(count, active=active).double().mean(1)
    sampled = float(shares.std()) * (1 + 1 / len(shares)) ** 0.5  # what is known is of one set
    assert float(shares.mean()) == pytest.approx(known, abs=0.005 + 2 * sampled)


def test_damping_gives_up_the_old_for_the_new():
    damped, plain = named(256, active=0.25, damping=0.97), named(256, active=0.25)
    assert damped[:, -16:].double().mean() > 0.95
    assert damped[:, :128].double().mean() < 0.05
    assert plain[:, :128].double().mean() > 0.2


def test_keys_that_leave_no_value_are_refused():
    with pytest.raises(ValueError, match="keys must leave symbols for values, below 8, got 8"):
        LinearAttention(Pairs(keys=4, values=4).space, keys=8)
