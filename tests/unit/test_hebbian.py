"""Hebbian layers and their memories: formulas, ties, refusals."""

import pytest
import torch

from memlab import native
from memlab.draws import Draws
from memlab.hebbian import associations, growth, published, stable
from memlab.hebbian.compiled import learned
from memlab.hebbian.features import drawn, shares
from memlab.hebbian.published import Published
from memlab.hebbian.stable import Stable
from memlab.hebbian.streams import (
    Stream,
    attribute_pairs,
    concept_stream,
    sparse_codes,
)
from memlab.hebbian.winners import won, won_in_torch

DRAWS = Draws(seed=1, replicates=(0, 1, 2))
FEATURES = drawn(DRAWS, vocabulary=50, embedding=16, features=32).features()
TOKENS = DRAWS.integers("tokens", 50, (20, 10))


def test_exactly_k_win_and_the_lower_index_wins_a_tie():
    fields = torch.tensor([[1.0, 3, 2, 2, 2], [0, 0, 0, 0, 0], [5, 4, 3, 2, 1]])
    assert won(fields, 3).int().tolist() == [[0, 1, 1, 1, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]


@pytest.mark.parametrize("levels", [3, 1000])
def test_winners_are_those_of_a_stable_sort(levels):
    fields = DRAWS.integers("fields", levels, (40, 24)).float()
    order = fields.sort(dim=-1, descending=True, stable=True).indices[..., :7]
    expected = torch.zeros_like(fields, dtype=torch.bool).scatter(-1, order, value=True)
    assert torch.equal(won(fields, 7), expected)
    assert torch.equal(won_in_torch(fields, 7), expected)


@pytest.mark.parametrize("winners", [0, 33])
def test_a_layer_cannot_have_no_winners_nor_more_than_units(winners):
    for make in (Published, Stable):
        with pytest.raises(ValueError, match=rf"winners must be in \[1, units=32\], got {winners}"):
            make(units=32, winners=winners)


def test_nan_neither_wins_nor_loses():
    for find in (won, won_in_torch):
        with pytest.raises(ValueError, match="NaN"):
            find(torch.tensor([[1.0, torch.nan, 0]]), 1)


@pytest.mark.parametrize(("token", "told"), [(50, 50), (-1, -1)])
def test_a_token_outside_the_vocabulary_is_named(token, told):
    tokens = TOKENS.clone()
    tokens[1, 3, 3] = token
    with pytest.raises(ValueError, match=rf"0 … 49 \(a vocabulary of 50\), got {told}"):
        shares(tokens, 50)
    with pytest.raises(ValueError, match="at least one token"):
        shares(tokens[:, :0], 50)


def test_features_are_a_projection_rectified():
    made = drawn(DRAWS, vocabulary=7, embedding=5, features=9)
    slow = torch.einsum("rve,rfe->rvf", made.embedding, made.weight) + made.bias[:, None]
    torch.testing.assert_close(made.features(), slow.clamp(min=0))


def test_a_published_step_is_that_of_every_token_on_its_own():
    layer = Published(units=24, winners=4)
    weights = layer.blank(DRAWS, 32)
    after, y = published.step(layer, weights, FEATURES, TOKENS)
    for r in range(3):
        h = FEATURES[r, TOKENS[r].flatten()]  # (200, F)
        a = h @ weights[r].T
        threshold = a.topk(4, dim=1).values[:, -1:]
        own = a * (a >= threshold).float()
        outer = torch.bmm(own[:, :, None], h[:, None]).mean(0)
        w = weights[r] + 0.01 * outer
        torch.testing.assert_close(after[r], w - 0.001 * w)
        torch.testing.assert_close(y[r, TOKENS[r].flatten()], own)


@pytest.mark.parametrize("rule", ["row_norm", "oja"])
def test_a_stable_step_is_that_of_every_token_on_its_own(rule):
    layer = Stable(units=24, winners=4, rule=rule, decay=0.1, consolidation=0.2)
    traces = stable.step(layer, layer.blank(DRAWS, FEATURES), FEATURES, TOKENS)[0]
    after, _ = stable.step(layer, traces, FEATURES, TOKENS)
    h = FEATURES[0, TOKENS[0].flatten()]
    x = h - traces.mean[0]
    x = x / x.norm(dim=1, keepdim=True)
    w, theta = traces.weights[0], traces.threshold[0]
    y = won(x @ w.T - theta, 4).float()
    if rule == "oja":
        learned = w + 0.1 * (y[:, :, None] * x[:, None] - y[:, :, None] * w).mean(0)
    else:
        learned = w + 0.1 * (y.T @ x / len(x))
        learned = learned / learned.norm(dim=1, keepdim=True)
    fast = learned - traces.slow[0]
    torch.testing.assert_close(after.slow[0], traces.slow[0] + 0.2 * fast)
    torch.testing.assert_close(after.fast[0], 0.8 * 0.9 * fast)
    torch.testing.assert_close(after.threshold[0], theta + 0.03 * (y.mean(0) - 4 / 24))
    torch.testing.assert_close(after.mean[0], traces.mean[0] + 0.01 * (h.mean(0) - traces.mean[0]))


def test_a_step_without_salience_is_a_rest():
    layer = Stable(units=24, decay=0.05, consolidation=0.01)
    traces = stable.step(layer, layer.blank(DRAWS, FEATURES), FEATURES, TOKENS)[0]
    salience = torch.tensor([0.0, 1, 0])
    stepped = stable.step(layer, traces, FEATURES, TOKENS, salience=salience)[0]
    alone = stable.rested(layer, traces, 1)
    for name in ("slow", "fast", "mean", "threshold"):
        one, other = getattr(stepped, name), getattr(alone, name)
        assert torch.equal(one[[0, 2]], other[[0, 2]])
    assert not torch.equal(stepped.fast[1], alone.fast[1])


def test_many_rests_are_one_long_one_and_end_at_what_was_consolidated():
    layer = Stable(units=24, decay=0.05, consolidation=0.01)
    traces = stable.step(layer, layer.blank(DRAWS, FEATURES), FEATURES, TOKENS)[0]
    one = traces
    for _ in range(7):
        one = stable.rested(layer, one, 1)
    seven = stable.rested(layer, traces, 7)
    torch.testing.assert_close(one.slow, seven.slow)
    torch.testing.assert_close(one.fast, seven.fast)
    kept = 0.99 * 0.95
    end = traces.slow + 0.01 / (1 - kept) * traces.fast
    torch.testing.assert_close(stable.rested(layer, traces, 10**6).weights, end)


@pytest.mark.skipif(not native.available(), reason="the native library is not built")
@pytest.mark.parametrize("rule", ["row_norm", "oja"])
@pytest.mark.parametrize(("units", "winners"), [(24, 4), (37, 37), (9, 1)])
def test_many_steps_in_c_are_those_of_torch(rule, units, winners):
    layer = Stable(units=units, winners=winners, rule=rule, decay=0.02, consolidation=0.01)
    traces = layer.blank(DRAWS, FEATURES)
    batches = DRAWS.integers("stream", 50, (25, 3))
    salience = DRAWS.uniform("salience", (25,)).round(decimals=1)
    slow, fast = (
        learned(layer, traces, FEATURES, batches, salience=salience, core=core)
        for core in (False, True)
    )
    for name in ("slow", "fast", "mean", "threshold"):
        torch.testing.assert_close(getattr(fast, name), getattr(slow, name), rtol=1e-4, atol=1e-5)
    assert not torch.equal(fast.fast, traces.fast)


@pytest.mark.parametrize("core", [False, True])
def test_a_stream_is_one_batch_after_the_other(core):
    layer = Stable(units=24)
    traces = layer.blank(DRAWS, FEATURES)
    batches = TOKENS[:, :, None]
    half = learned(layer, traces, FEATURES, batches[:, :9], core=core)
    both = learned(layer, half, FEATURES, batches[:, 9:], core=core)
    whole = learned(layer, traces, FEATURES, batches, core=core)
    assert torch.equal(both.fast, whole.fast)
    with pytest.raises(ValueError, match=r"batches must be \(R, T, …\)"):
        learned(layer, traces, FEATURES, batches[:, :0], core=core)


@pytest.mark.parametrize("core", [False, True])
@pytest.mark.parametrize(
    ("rate", "told"),
    [(1e30, "fast of .* in step 7 in"), (1e19, "(fast|activity) of .* in step 8 in")],
)
def test_a_stream_names_array_step_and_replicate_where_it_is_not_finite(core, rate, told):
    wild = Stable(units=24, rule="oja", rate=rate)
    salience = torch.zeros(3, 20)
    salience[1, 5:] = 1  # the others learn nothing
    with pytest.raises(FloatingPointError, match=f"{told} replicate 1; take a lower rate"):
        learned(
            wild,
            wild.blank(DRAWS, FEATURES),
            FEATURES,
            TOKENS,
            salience=salience,
            core=core,
        )


def test_consolidation_alone_changes_no_answer():
    layer = Stable(units=24, consolidation=0.3)
    traces = stable.step(layer, layer.blank(DRAWS, FEATURES), FEATURES, TOKENS)[0]
    later = stable.rested(layer, traces, 4)
    torch.testing.assert_close(later.weights, traces.weights)


def test_weights_that_are_not_finite_stop_a_layer():
    layer = Stable(units=24, rule="oja", rate=1e30)
    traces = layer.blank(DRAWS, FEATURES)
    traces, _ = stable.step(layer, traces, FEATURES, TOKENS)
    with pytest.raises(FloatingPointError, match="fast of the layer must stay finite"):
        stable.step(layer, traces, FEATURES, TOKENS)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"rule": "bcm"}, "rule must be one of"),
        ({"rate": -1.0}, "rate must be 0 or more"),
        ({"decay": 1.5}, r"decay must be in \[0, 1\]"),
    ],
)
def test_a_stable_layer_refuses_what_means_nothing(wrong, told):
    with pytest.raises(ValueError, match=told):
        Stable(**wrong)


def test_divergence_names_step_unit_and_cause():
    weights = torch.ones(2, 4, 3)
    assert growth.diverged(weights, 7) is None
    weights[1, 2] = 3e30
    found = growth.diverged(weights, 7)
    assert (found.step, found.replicate, found.unit) == (7, 1, 2)
    assert str(found).startswith(
        "step 7: 1 of 4 rows of weights are beyond 1e+30, the first with 3e+30"
    )
    weights[0, 1:3] = torch.nan
    found = growth.diverged(weights, 8)
    assert (found.replicate, found.unit) == (0, 1)
    assert "2 of 4 rows of weights are not finite" in str(found)


def test_growth_is_the_slope_of_the_logarithm():
    sizes = 2 * torch.exp(torch.tensor([[0.07], [-0.001]]) * torch.arange(200.0))
    torch.testing.assert_close(
        growth.measured(sizes), torch.tensor([0.07, -0.001]).double(), rtol=1e-3, atol=1e-6
    )
    with pytest.raises(ValueError, match="positive and finite"):
        growth.measured(torch.tensor([[1.0, torch.inf]]))


def test_the_spectrum_of_a_product_of_two_vectors_is_one_value():
    one = DRAWS.normal("a", (6, 1)) @ DRAWS.normal("b", (1, 5))
    torch.testing.assert_close(growth.rank_one_share(1e28 * one), torch.ones(3).double())
    even = torch.eye(4).expand(1, 4, 4)
    assert growth.rank_one_share(even) == pytest.approx(0.25)


def test_a_concept_is_in_the_sequences_that_say_so_and_in_no_other():
    tokens, holds = concept_stream(Stream(), 1, DRAWS)
    assert torch.equal((tokens == 1).sum(2), holds.long())
    assert float(holds.double().mean()) == pytest.approx(0.3, abs=0.03)
    assert not bool(((tokens == 0) | (tokens == 2)).any())
    noise, none = concept_stream(Stream(), None, DRAWS)
    assert torch.equal(torch.where(tokens == 1, noise, tokens), noise)
    assert not bool(none.any())
    assert shares(noise, 50)[:, 3:].sum(1) == pytest.approx([1.0] * 3)


def test_the_expected_share_is_that_of_many_batches():
    stream = Stream(probability=0.5)
    found = [shares(concept_stream(stream, 2, DRAWS.at(k))[0], 50) for k in range(30)]
    mean = torch.stack(found).mean((0, 1))
    torch.testing.assert_close(mean, stream.share(2), rtol=0, atol=1e-3)
    assert stream.share(2).sum() == pytest.approx(1)


def test_streams_refuse_what_they_cannot_be():
    with pytest.raises(ValueError, match=r"first_noise must be in \[0, vocabulary=50\)"):
        Stream(first_noise=50)
    with pytest.raises(ValueError, match="probability must be in"):
        Stream(probability=1.1)
    with pytest.raises(ValueError, match="concept must be in 0 … 49, got 50"):
        concept_stream(Stream(), 50, DRAWS)


def test_every_concept_has_one_attribute():
    pairs = attribute_pairs(12, 4, DRAWS)
    assert pairs[..., 0].sort(1).values.tolist() == [list(range(12))] * 3
    assert int(pairs[..., 1].min()) >= 12
    assert int(pairs[..., 1].max()) < 16


def test_clipped_connections_are_made_once_and_additive_ones_add_up():
    x, y = torch.eye(3).bool()[None, [0, 0]], torch.eye(4).bool()[None, [2, 2]]
    once = associations.clipped(torch.zeros(1, 4, 3, dtype=torch.bool), x, y)
    assert once[0].nonzero().tolist() == [[2, 0]]
    twice = associations.additive(torch.zeros(1, 4, 3), x, y, strength=torch.tensor([[1.0, 0.5]]))
    assert twice[0, 2, 0] == 1.5
    assert associations.recalled(twice, x[:, :1], 1)[0, 0].tolist() == [0, 0, 1, 0]


def test_an_answer_is_the_token_whose_code_it_holds():
    codes = sparse_codes(10, 64, 4, DRAWS)
    held = associations.likeness(codes[:, :3], codes)
    assert held.argmax(2).tolist() == [[0, 1, 2]] * 3
    assert held[:, 0, 0].tolist() == [1, 1, 1]
    assert float(held[0, 0, 5]) == float((codes[0, 0] & codes[0, 5]).sum() / 4)


def test_pairs_that_do_not_fit_are_refused():
    x, y = sparse_codes(4, 16, 2, DRAWS), sparse_codes(4, 24, 2, DRAWS)
    with pytest.raises(ValueError, match="must fit each other"):
        associations.clipped(torch.zeros(3, 16, 24, dtype=torch.bool), x, y)
