"""What dense associative memories hold: known results at 64 units.

Sources: Krotov and Hopfield (2016) for powers, Ramsauer et al. (2021) for the softmax. The shares
recalled are our own measurements with other code; flips hit every unit with the same probability.
"""

import pytest
import torch

from memlab.draws import Draws
from memlab.patterns.faces import Faces
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.dense_memory import DenseMemory

N = 64
SPACE = Space((N,))
DRAWS = Draws(seed=1, replicates=(0, 1, 2))
ONE = Draws(seed=1, replicates=(0,))


def patterns(count, draws=DRAWS):
    """Random binary patterns, ``(R, count, N)``."""
    return (draws.uniform(f"patterns {count}", (count, N)) < 0.5).float()


def stored(memory, items, salience=None):
    """A memory's engram of ``items (R, P, N)``, with a salience ``(R, P)`` each."""
    engram = memory.blank(DRAWS)
    salience = torch.ones(items.shape[:2]) if salience is None else salience
    for k in range(items.shape[1]):
        values = items[:, k]
        item = Item(values, torch.ones_like(values, dtype=torch.bool), salience[:, k])
        memory.write(engram, item, DRAWS, Meter())
    return engram


def flipped(items, share, draws=DRAWS):
    """Cues to all of them with every unit flipped at that probability."""
    hit = draws.uniform(f"flips {share}", tuple(items.shape[1:])) < share
    given = torch.ones_like(hit)
    return Cue(torch.where(hit, 1 - items, items), given, ~given)


def recalled(memory, engram, items, share, draws=DRAWS):
    """Whether the answer to each flipped cue overlaps its item by more than .95, ``(R, C)``."""
    response = memory.read(engram, flipped(items, share, draws), draws, Meter()).response
    answer = SPACE.decide(response)
    return ((2 * answer - 1) * (2 * items - 1)).mean(-1) > 0.95


def share_recalled(memory, count, share, asked=100):
    items = patterns(count)
    hits = recalled(memory, stored(memory, items), items[:, :asked], share)
    return hits.double().mean().item()


@pytest.mark.parametrize(
    ("energy", "power", "count", "low", "high"),
    [
        ("polynomial", 2, 5, 0.9, 1.0),
        ("polynomial", 2, 9, 0.6, 1.0),
        ("polynomial", 2, 20, 0.0, 0.2),
        ("rectified", 2, 9, 0.95, 1.0),
        ("rectified", 3, 64, 0.98, 1.0),
        ("rectified", 3, 200, 0.93, 1.0),
        ("rectified", 3, 500, 0.25, 0.6),
        ("rectified", 3, 1000, 0.0, 0.05),
        ("rectified", 4, 1000, 0.97, 1.0),
    ],
)
def test_ten_percent_flips_are_recalled_up_to_the_capacity_of_the_power(
    energy, power, count, low, high
):
    memory = DenseMemory(SPACE, energy=energy, power=power, steps=10)
    assert low <= share_recalled(memory, count, 0.1) <= high


def test_the_softmax_recalls_fifty_thousand_patterns_of_sixty_four_units():
    memory, items = DenseMemory(SPACE), patterns(50_000, ONE)
    engram = memory.blank(ONE)
    engram["items"], engram["prior"] = (2 * items - 1).to(torch.int8), torch.zeros(1, 50_000)
    engram.used = torch.tensor([50_000])
    few, more = (
        recalled(memory, engram, items[:, :300], share, ONE).double().mean().item()
        for share in (0.1, 0.2)
    )
    assert few >= 0.98
    assert more == pytest.approx(0.79, abs=0.07)


def test_a_rectified_pair_energy_holds_more_than_the_pairwise_network():
    pairwise, rectified = (
        share_recalled(DenseMemory(SPACE, energy=energy, power=2, steps=10), 20, 0.1)
        for energy in ("polynomial", "rectified")
    )
    assert rectified > pairwise + 0.4


def salient_thirds(kappa, share):
    """Shares recalled of the least and the most salient third of 200; log salience in 0 … 3."""
    memory, items = DenseMemory(SPACE, beta=0.5, kappa=kappa), patterns(200)
    emotion = 3 * DRAWS.uniform("emotion", (200,))
    hits = recalled(memory, stored(memory, items, emotion.exp()), items, share).double()
    ordered = hits.gather(1, emotion.argsort(1))
    return ordered[:, :67].mean().item(), ordered[:, -67:].mean().item()


def test_salience_as_a_prior_widens_basins_at_little_cost_to_others():
    for share in (0.0, 0.1, 0.2):
        assert salient_thirds(1.0, share)[0] >= 0.95 * salient_thirds(0.0, share)[0]
    (_, plain), (_, salient) = salient_thirds(0.0, 0.35), salient_thirds(1.0, 0.35)
    assert 0.05 < salient - plain < 0.3


def test_too_strong_a_prior_starves_the_others_but_for_clean_cues():
    low, high = salient_thirds(4.0, 0.25)
    assert low < 0.4
    assert high > 0.9
    assert salient_thirds(4.0, 0.0) == (1.0, 1.0)


def energies(memory, items, share):
    meter = Meter()
    memory.read(stored(memory, items), flipped(items, share), DRAWS, meter)
    return meter.series()["energy"].values.double()


@pytest.mark.parametrize("similarity", ["dot", "euclidean"])
@pytest.mark.parametrize("beta", [0.02, 0.1, 1.0])
def test_the_energy_of_a_softmax_memory_descends(similarity, beta):
    memory = DenseMemory(SPACE, similarity=similarity, beta=beta, steps=12, tolerance=0)
    energy = energies(memory, patterns(60), 0.3)
    assert (energy.diff(dim=-1) <= 1e-4 / beta).all()
    assert (energy[..., -1] < energy[..., 0] - 0.1).all()


@pytest.mark.parametrize(("energy", "power"), [("polynomial", 2), ("rectified", 3)])
def test_the_energy_of_a_polynomial_memory_below_capacity_falls_to_that_of_a_pattern(energy, power):
    memory, items = DenseMemory(SPACE, energy=energy, power=power, steps=10), patterns(5)
    start, end = energies(memory, items, 0.1)[..., 0], energies(memory, items, 0.1)[..., -1]
    own = energies(memory, items, 0.0)[..., -1]
    assert (end < start).double().mean() > 0.9
    assert (end - own).abs().median() < 1e-6


def test_one_update_is_the_attention_formula():
    memory, items = DenseMemory(SPACE, beta=0.3, steps=1), patterns(500)
    salience = DRAWS.uniform("salience", (500,)) + 0.5
    cue = flipped(items[:, :40], 0.2)
    answer = memory.read(stored(memory, items, salience), cue, DRAWS, Meter()).response
    x, v = 2 * items.double() - 1, 2 * cue.values.double() - 1
    shares = torch.softmax(0.3 * v @ x.transpose(1, 2) + salience.double().log()[:, None], dim=-1)
    torch.testing.assert_close(answer.double(), (1 + shares @ x) / 2, rtol=0, atol=2e-6)


@pytest.mark.parametrize(("energy", "power"), [("polynomial", 2), ("rectified", 3)])
def test_one_update_is_that_of_krotov_and_hopfield(energy, power):
    memory, items = DenseMemory(SPACE, energy=energy, power=power, steps=1), patterns(12)
    cue = flipped(items, 0.25)
    answer = memory.read(stored(memory, items), cue, DRAWS, Meter()).response[0]
    x, v = 2 * items[0].double() - 1, 2 * cue.values[0].double() - 1

    def energy_of(h):
        return (h if energy == "polynomial" else h.clamp(min=0)) ** power

    others = (v @ x.T)[:, :, None] - v[:, None] * x  # (C, P, N): the unit itself left out
    field = (energy_of(others + x) - energy_of(others - x)).sum(1)  # (C, N)
    assert torch.equal(answer[field != 0], (field > 0).float()[field != 0])


def test_with_the_pair_energy_an_update_is_that_of_the_hopfield_network():
    memory, items = DenseMemory(SPACE, energy="polynomial", power=2, steps=1), patterns(6)
    cue = flipped(items, 0.25)
    answer = memory.read(stored(memory, items), cue, DRAWS, Meter()).response
    x, v = 2 * items.double() - 1, 2 * cue.values.double() - 1
    weights = x.transpose(1, 2) @ x
    weights.diagonal(dim1=1, dim2=2).zero_()
    field = v @ weights
    assert torch.equal(answer[field != 0], (field > 0).float()[field != 0])


@pytest.mark.parametrize(
    ("similarity", "low", "high"),
    [("centred", 0.99, 1.0), ("euclidean", 0.99, 1.0), ("dot", 0.4, 0.9)],
)
def test_half_of_the_pixels_of_a_face_name_it_unless_bright_faces_win_by_their_norm(
    similarity, low, high
):
    faces = Faces().draw(100, DRAWS)
    memory = DenseMemory(Faces().space, similarity=similarity)
    given = DRAWS.uniform("mask", (100, 25, 25)) < 0.5
    answer = memory.read(
        stored(memory, faces), Cue(faces * given, given, given), DRAWS, Meter()
    ).response
    apart = torch.cdist(answer.flatten(2), faces.flatten(2))
    found = (apart.argmin(-1) == torch.arange(100)).double().mean()
    assert low <= found <= high
