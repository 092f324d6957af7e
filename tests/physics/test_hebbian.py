"""Hebbian layers against what is known of them: divergence, collapse, retention, capacity."""

import math

import pytest
import torch

from memlab.codes.overlap import jaccard
from memlab.codes.sparseness import code_entropy, distinct_codes
from memlab.draws import Draws
from memlab.hebbian import associations, growth, published, stable
from memlab.hebbian.compiled import learned
from memlab.hebbian.features import drawn
from memlab.hebbian.published import Published
from memlab.hebbian.stable import Stable
from memlab.hebbian.streams import Stream, attribute_pairs, concept_stream, sparse_codes
from memlab.statistics import estimate

DRAWS = Draws(seed=1, replicates=tuple(range(6)))
FEATURES = drawn(DRAWS, vocabulary=50, embedding=64, features=128).features()
STREAM = Stream()
NEVER, FIRST, SECOND = 0, 1, 2  # tokens


def shown(concept, step):
    return concept_stream(STREAM, concept, DRAWS.at(step))[0]


def heard(layer, traces, concept, steps):
    """What a layer remembers after so many batches, fifty different ones again and again."""
    batches = torch.stack([shown(concept, step) for step in range(50)], 1)
    for _ in range(0, steps, 50):
        traces = learned(layer, traces, FEATURES, batches)
    return traces


def diverging(concept, steps):
    """Weights of the published layer, and the largest of them at every step."""
    layer, sizes = Published(), []
    weights = layer.blank(DRAWS, 128)
    for step in range(steps):
        weights, _ = published.step(layer, weights, FEATURES, shown(concept, step))
        sizes.append(growth.size(weights))
    return weights, torch.stack(sizes, 1)


@pytest.mark.parametrize("concept", [FIRST, None])
def test_the_published_weights_grow_as_foretold_with_or_without_a_concept(concept):
    weights, sizes = diverging(concept, 250)
    share = STREAM.share(concept).expand(len(FEATURES), -1)
    told = growth.foretold(FEATURES, share, rate=0.01, decay=0.001)
    exact = torch.log((1 + told + 0.001) * (1 - 0.001))
    torch.testing.assert_close(growth.measured(sizes[:, 150:]), exact, rtol=0.01, atol=0)
    torch.testing.assert_close(exact, told, rtol=0.06, atol=0)
    assert bool((growth.rank_one_share(weights) > 0.99).all())
    winners = published.codes(Published(), weights, FEATURES) > 0
    assert distinct_codes(winners).tolist() == [1] * 6
    assert code_entropy(winners).tolist() == [0] * 6


def test_the_published_layer_diverges_about_when_it_is_foretold_to():
    layer = Published()
    weights = layer.blank(DRAWS, 128)
    share = STREAM.share(FIRST).expand(len(FEATURES), -1)
    rate = float(growth.foretold(FEATURES, share, rate=0.01, decay=0.001).max())
    expected = math.log(growth.LIMIT / 0.03) / math.log((1 + rate + 0.001) * (1 - 0.001))
    step, found = 0, None
    tokens = [shown(FIRST, k) for k in range(10)]
    while found is None and step < 1500:
        weights, _ = published.step(layer, weights, FEATURES, tokens[step % 10])
        found = growth.diverged(weights, step)
        step += 1
    assert found.step == pytest.approx(expected, rel=0.05)
    assert "beyond 1e+30" in found.cause


def test_a_diverged_layer_ends_with_its_winners_lost_and_the_rest_faded():
    layer = Published()
    weights = 1e37 * layer.blank(DRAWS, 128)
    tokens = [shown(FIRST, k) for k in range(10)]
    for step in range(300):
        weights, _ = published.step(layer, weights, FEATURES, tokens[step % 10])
    lost = ~weights.isfinite().all(-1)
    assert lost.sum(1).tolist() == [5] * 6
    found = growth.diverged(weights, 300, limit=3e38)
    assert found.cause == "5 of 128 rows of weights are not finite"


@pytest.mark.parametrize("form", ["clipped", "additive"])
def test_concepts_evoke_their_attributes_through_what_a_layer_makes_of_them(form):
    layer = Stable()
    traces = heard(layer, layer.blank(DRAWS, FEATURES), FIRST, 300)
    codes = stable.codes(layer, traces, FEATURES)
    pairs = attribute_pairs(20, 5, DRAWS)
    concept, attribute = (
        codes.gather(1, pairs[..., [side]].expand(-1, -1, 128)) for side in range(2)
    )
    none = torch.zeros(6, 128, 128)
    if form == "clipped":
        memory = associations.clipped(none.bool(), concept, attribute)
    else:
        memory = associations.additive(none, concept, attribute)
    answers = associations.recalled(memory, concept, 5)
    meant = associations.likeness(answers, codes)[..., 20:25].argmax(2) + 20
    assert float((meant == pairs[..., 1]).double().mean()) > 0.95  # 0.2 by chance
    other = associations.recalled(memory, concept.roll(1, 1), 5)
    wrong = associations.likeness(other, codes)[..., 20:25].argmax(2) + 20
    assert float((wrong == pairs[..., 1]).double().mean()) < 0.4


@pytest.mark.parametrize("rule", ["row_norm", "oja"])
def test_the_stable_layer_keeps_its_codes_apart_and_what_it_was_trained_on(rule):
    layer = Stable(rule=rule)
    traces = heard(layer, layer.blank(DRAWS, FEATURES), FIRST, 1000)
    before = stable.codes(layer, traces, FEATURES)
    assert bool((distinct_codes(before) >= 47).all())
    traces = heard(layer, traces, SECOND, 500)
    kept = jaccard(before, stable.codes(layer, traces, FEATURES))
    margin = estimate(kept[:, FIRST] - kept[:, NEVER])
    assert margin.low > 0.2
    assert bool((traces.weights.norm(dim=-1) < 1.01).all())


def test_without_learning_every_code_stays():
    layer = Stable(rate=0.0, threshold_rate=0.0, mean_rate=0.0)
    traces = layer.blank(DRAWS, FEATURES)
    before = stable.codes(layer, traces, FEATURES)
    for step in range(20):
        traces, _ = stable.step(layer, traces, FEATURES, shown(FIRST, step))
    assert torch.equal(before, stable.codes(layer, traces, FEATURES))


def test_thresholds_bring_every_unit_into_use():
    used = []
    for threshold_rate in (0.0, 0.03):
        layer = Stable(threshold_rate=threshold_rate)
        traces = heard(layer, layer.blank(DRAWS, FEATURES), None, 300)
        used.append(stable.codes(layer, traces, FEATURES)[:, 3:].any(1).double().mean())
    assert used[0] < 0.92
    assert used[1] > 0.98


def remembered(write, weights, units, winners, pairs):
    """Mean share of the target's units that are recalled."""
    draws = Draws(seed=3, replicates=(0, 1, 2))
    x, y = (sparse_codes(pairs, units, winners, draws.at(side)) for side in ("x", "y"))
    memory = write(weights, x, y)
    return float(associations.found(associations.recalled(memory, x, winners), y).mean()), memory


@pytest.mark.parametrize(
    ("units", "winners", "pairs", "by_clipped", "by_additive"),
    [
        (128, 5, 100, 0.996, 0.958),
        (128, 5, 200, 0.951, 0.80),
        (128, 5, 300, 0.83, 0.66),
        (128, 20, 50, 0.94, None),
        (512, 8, 1000, 1.000, 0.955),
        (512, 8, 2000, 0.957, 0.75),
    ],
)
def test_associative_memories_hold_what_they_are_known_to(
    units, winners, pairs, by_clipped, by_additive
):
    none = torch.zeros(3, units, units)
    found, _ = remembered(associations.clipped, none.bool(), units, winners, pairs)
    assert found == pytest.approx(by_clipped, abs=0.03)
    if by_additive is not None:
        found, _ = remembered(associations.additive, none, units, winners, pairs)
        assert found == pytest.approx(by_additive, abs=0.04)


@pytest.mark.parametrize(("units", "winners"), [(128, 5), (256, 6), (512, 8)])
def test_half_of_all_connections_are_made_at_the_capacity(units, winners):
    pairs = round(associations.capacity(units, winners))
    none = torch.zeros(3, units, units, dtype=torch.bool)
    _, memory = remembered(associations.clipped, none, units, winners, pairs)
    assert float(memory.double().mean()) == pytest.approx(0.5, abs=0.01)


def test_a_thousand_pairs_are_recalled_by_512_units():
    none = torch.zeros(3, 512, 512, dtype=torch.bool)
    assert remembered(associations.clipped, none, 512, 8, 1000)[0] >= 0.99
