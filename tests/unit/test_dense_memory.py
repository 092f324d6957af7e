import math

import pytest
import torch

from memlab import attention
from memlab.draws import Draws
from memlab.simplex import decoded, encoded, packed, unpacked
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.dense_memory import DenseMemory

SPACE = Space((24,))
TWO = Draws(seed=1, replicates=(0, 1))
SPACES = [SPACE, Space((4, 6), None), Space((24,), 5), Space((24,), 300)]


def patterns(space, count):
    """Random patterns of a space, ``(R, count, *shape)``."""
    if space.symbols is None:
        return TWO.uniform("values", (count, *space.shape))
    return TWO.integers("values", space.symbols, (count, *space.shape)).float()


def stored(memory, items, salience=1.0):
    engram = memory.blank(TWO)
    for k in range(items.shape[1]):
        values = items[:, k]
        full = torch.ones_like(values, dtype=torch.bool)
        memory.write(engram, Item(values, full, salience * torch.ones(2)), TWO, Meter())
    return engram


def masked(items, keep):
    given = TWO.uniform("mask", tuple(items.shape[1:])) < keep
    return Cue(torch.where(given, items, 0.0), given, given)


def whole(items):
    given = torch.ones_like(items, dtype=torch.bool)
    return Cue(items, given, ~given)


def answer(memory, engram, cue):
    return memory.read(engram, cue, TWO, Meter()).response


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_what_is_kept_of_a_pattern_is_the_pattern(space):
    items = patterns(space, 3)
    vectors = unpacked(space, packed(space, items))
    torch.testing.assert_close(vectors, encoded(space, items))
    torch.testing.assert_close(decoded(space, vectors), space.as_response(items))


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_nothing_stands_for_the_even_answer(space):
    nothing = unpacked(space, torch.zeros_like(packed(space, patterns(space, 1))))
    even = 1 / (space.symbols or 2)
    torch.testing.assert_close(
        decoded(space, nothing), torch.full((2, 1, *space.response_shape), even)
    )


def test_symbols_are_equally_far_apart_and_as_long_as_a_unit():
    space = Space((1,), 5)
    corners = encoded(space, torch.arange(5.0)[:, None])
    product = corners @ corners.T
    torch.testing.assert_close(product, 1.25 * torch.eye(5) - 0.25 * torch.ones(5, 5))


@pytest.mark.parametrize("energy", ["softmax", "rectified"])
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_half_of_a_pattern_brings_back_the_whole_in_every_space(space, energy):
    items, memory = patterns(space, 6), DenseMemory(space, energy=energy, power=4, beta=4.0)
    response = answer(memory, stored(memory, items), masked(items, 0.7))
    if space.symbols is None:
        assert (response - items).abs().mean() < (0.02 if energy == "softmax" else 0.25)
    else:
        assert (space.decide(response) == items).double().mean() > 0.97


def test_probabilities_of_symbols_sum_to_one():
    space = Space((24,), 5)
    items, memory = patterns(space, 6), DenseMemory(space, beta=0.1)
    response = answer(memory, stored(memory, items), masked(items, 0.3))
    torch.testing.assert_close(response.sum(-1), torch.ones(2, 6, 24))


def test_all_similarities_agree_on_balanced_binary_patterns():
    half = torch.stack([TWO.permutation(f"item {k}", 24) < 12 for k in range(8)], dim=1).float()
    answers = [
        answer(memory, stored(memory, half), whole(half))
        for memory in (
            DenseMemory(SPACE, similarity=kind, beta=0.2, steps=1)
            for kind in ("dot", "centred", "euclidean")
        )
    ]
    torch.testing.assert_close(answers[0], answers[1], rtol=0, atol=1e-5)
    torch.testing.assert_close(answers[0], answers[2], rtol=0, atol=1e-5)


@pytest.mark.parametrize("similarity", ["dot", "centred", "euclidean"])
@pytest.mark.parametrize("keep", [0.4, 1.0])
def test_similarity_is_judged_on_what_is_given(similarity, keep):
    space = Space((24,), None)
    items, memory = patterns(space, 7), DenseMemory(space, similarity=similarity, steps=1)
    cue = masked(items, keep)
    unsure = Cue(cue.values, cue.given, torch.zeros_like(cue.certain))
    response = answer(memory, stored(memory, items), unsure)
    x, v = 2 * items.double() - 1, 2 * cue.values.double() - 1
    for r, c in ((0, 0), (1, 5)):
        known = cue.given[r, c]
        a, b = v[r, c, known], x[r][:, known]
        likeness = {
            "dot": b @ a,
            "euclidean": -(b - a).square().sum(1) / 2,
            "centred": torch.corrcoef(torch.cat([a[None], b]))[0, 1:] * len(a),
        }[similarity]
        expected = (1 + torch.softmax(likeness, 0) @ x[r]) / 2
        torch.testing.assert_close(response[r, c].double(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("energy", ["softmax", "polynomial", "rectified"])
def test_certain_values_are_kept_whatever_the_memory_says(energy):
    items, memory = patterns(SPACE, 4), DenseMemory(SPACE, energy=energy)
    cue = masked(1 - items, 0.5)
    response = answer(memory, stored(memory, items), cue)
    assert torch.equal(response[cue.certain], cue.values[cue.certain])


@pytest.mark.parametrize("energy", ["softmax", "polynomial", "rectified"])
@pytest.mark.parametrize("salience", [1.0, 0.01])
def test_blocks_change_an_answer_by_rounding_only(monkeypatch, energy, salience):
    items, memory = patterns(SPACE, 300), DenseMemory(SPACE, energy=energy, beta=0.3)
    engram, cue = stored(memory, items, salience), whole(items[:, :50])
    whole_answer = answer(memory, engram, cue)
    monkeypatch.setattr(attention, "ELEMENTS", 0)
    monkeypatch.setattr(attention, "FEWEST", 7)
    monkeypatch.setattr(attention, "CUES", 16)
    torch.testing.assert_close(answer(memory, engram, cue), whole_answer, rtol=0, atol=1e-5)


def test_a_rising_maximum_loses_nothing_and_overflows_nowhere():
    space = Space((400,))
    items = torch.zeros((2, 600, 400))
    items[:, :, 0] = 1
    items[:, -1] = 1
    memory = DenseMemory(space, beta=10.0)
    response = answer(memory, stored(memory, items), whole(items[:, -1:]))
    torch.testing.assert_close(response, torch.ones(2, 1, 400))


def test_replicates_may_hold_different_numbers_of_items():
    items, memory = patterns(SPACE, 3), DenseMemory(SPACE)
    engram = stored(memory, items)
    full = torch.ones_like(items[:, 0], dtype=torch.bool)
    memory.write(engram, Item(1 - items[:, 0], full, torch.tensor([0.0, 2.0])), TWO, Meter())
    assert engram.used is not None
    assert engram.used.tolist() == [3, 4]
    assert engram.bytes().tolist() == [3 * (24 + 4), 4 * (24 + 4)]
    response = answer(memory, engram, whole(items[:, :1]))
    torch.testing.assert_close(response, items[:, :1], rtol=0, atol=1e-3)


def test_the_prior_is_kappa_times_the_logarithm_of_salience():
    memory = DenseMemory(SPACE, kappa=2.0)
    engram = stored(memory, patterns(SPACE, 2), salience=3.0)
    expected = torch.full((2, 2), 2 * math.log(3))
    torch.testing.assert_close(engram["prior"][:, :2], expected)


@pytest.mark.parametrize("energy", ["softmax", "polynomial", "rectified"])
def test_a_memory_that_holds_nothing_knows_nothing_but_what_is_certain(energy):
    items, memory = patterns(SPACE, 2), DenseMemory(SPACE, energy=energy)
    cue = masked(items, 0.5)
    response = answer(memory, memory.blank(TWO), cue)
    assert torch.equal(response, torch.where(cue.certain, cue.values, 0.5))


def test_a_recall_measures_as_many_steps_whenever_it_settles():
    items, memory = patterns(SPACE, 3), DenseMemory(SPACE, steps=6)
    meter = Meter(truth=items)
    memory.read(stored(memory, items), whole(items), TWO, meter)
    assert meter.series()["energy"].values.shape == (2, 3, 6)
    assert meter.series()["pearson"].values.shape == (2, 3, 6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"energy": "polynomial", "similarity": "centred"}, "function of the dot product"),
        ({"energy": "polynomial", "space": Space((3,), None)}, "holds binary patterns, got 3"),
    ],
)
def test_a_polynomial_of_what_it_cannot_take_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        DenseMemory(**{"space": SPACE, **settings})


def test_fifty_thousand_single_writes_grow_in_a_few_steps():
    memory = DenseMemory(SPACE)
    engram, lengths = memory.blank(TWO), set()
    item = Item(torch.zeros(2, 24), torch.ones(2, 24, dtype=torch.bool), torch.ones(2))
    for _ in range(2000):
        memory.write(engram, item, TWO, Meter())
        lengths.add(engram["items"].shape[1])
    assert len(lengths) <= 10
    assert engram["items"].element_size() == 1
