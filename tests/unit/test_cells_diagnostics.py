"""Diagnostics: each measure against a case whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from memlab.cells import CELLS, create_model
from memlab.cells.diagnostics import (
    competition_entropy,
    constants,
    gates,
    head_gates,
    measures,
    saturated,
    summary,
    time_constants,
    trace,
)
from memlab.cells.probes import effective_time, memory_capacity, spectral_radius
from memlab.cells.values import Values

X = np.random.default_rng(0).uniform(-1, 1, (40, 1))


def built(name, **parameters):
    return create_model(name, **{"hidden_size": 8, "random_state": 0} | parameters).build(1, 1)


def with_parameters(model, **values):
    """The model with some raw parameters filled with one value."""
    old = model.learned_.parameters
    new = {name: torch.full_like(old[name], value) for name, value in values.items()}
    model.learned_ = replace(model.learned_, parameters=Values({**old, **new}))
    return model


@pytest.mark.parametrize("equations", ["repaired", "published"])
@pytest.mark.parametrize("name", CELLS)
def test_a_trace_has_the_states_of_a_stream_and_changes_nothing(name, equations):
    model = built(name, equations=equations, backend="torch")
    before = model.learned_
    walked, stream = trace(model, X), model.stream()
    stream.predict(X)
    for key, one in stream.get_memory_state().items():
        np.testing.assert_array_equal(walked.after[key][:, -1].numpy(), one)
    assert model.learned_ is before


@pytest.mark.parametrize("equations", ["repaired", "published"])
@pytest.mark.parametrize("name", CELLS)
def test_every_measure_has_a_value_at_every_step(name, equations):
    model = built(name, equations=equations)
    for key, one in measures(model, X).items():
        assert one.shape == (1, 40), key
        assert np.isfinite(one).all(), key
    assert summary(model, X).keys() == measures(model, X).keys()


def test_gates_without_weights_are_their_biases():
    model = with_parameters(built("pmrc"), Wg=0.0, Ug=0.0, bg=-1.0)
    expected = torch.full((1, 40, 8), 1 / (1 + np.e))
    torch.testing.assert_close(gates(trace(model, X)), expected)
    assert summary(model, X)["mean gate"] == pytest.approx(1 / (1 + np.e))


def test_published_gates_are_those_by_which_the_memories_moved():
    walk = trace(built("pmrc", equations="published"), X)
    k = torch.tanh(torch.nn.functional.linear(walk.x, walk.p["Wc"], walk.p["bc"]))
    moved = walk.after["m"] - walk.before["m"]
    torch.testing.assert_close(gates(walk) * (k - walk.before["m"]), moved, rtol=1e-4, atol=1e-6)


def test_amn_as_published_runs_into_its_clips():
    told = measures(built("amn", equations="published"), np.ones((60, 1)))["saturated"][0]
    assert told[0] == 0
    assert told[-1] > 0.5


def test_the_workspace_as_published_is_made_anew_from_the_winners():
    found = measures(built("sgw_amn", equations="published"), np.array([[0.0], [5.0]]))
    assert found["occupancy"][0, 0] == 0  # nothing came in
    assert found["occupancy"][0, 1] > 0
    assert found["competition entropy"][0, 0] == pytest.approx(1)  # all candidates are even
    assert found["competition entropy"][0, 1] < 1


def test_weights_as_published_move_by_what_they_grow():
    walk = trace(built("ndm", equations="published"), X)
    grown = torch.cat(
        [(walk.after[name] - walk.before[name]).flatten(2) for name in ("dWi", "dWh")], -1
    )
    told = measures(built("ndm", equations="published"), X)["fast velocity"]
    np.testing.assert_allclose(told, grown.abs().mean(-1).numpy(), rtol=1e-6)
    assert constants(built("ndm", equations="published"))["plasticity"] == pytest.approx(
        0.75, abs=0.1
    )


def test_gates_between_heads_share_out_one():
    told = head_gates(trace(built("hyper_amn"), X))
    torch.testing.assert_close(told.sum(-1), torch.ones(1, 40))
    even = with_parameters(built("hyper_amn"), Gx=0.0, G=0.0, d=0.0)
    torch.testing.assert_close(head_gates(trace(even, X)), torch.full((1, 40, 3), 1 / 3))


@pytest.mark.parametrize("equations", ["repaired", "published"])
def test_every_head_has_a_gate_and_a_store_energy_of_its_own(equations):
    model = built("hyper_amn", equations=equations)
    told, walked = summary(model, X), trace(model, X)
    found = [told[f"head {k}"] for k in (1, 2, 3)]
    assert sum(found) == pytest.approx(1)
    assert max(found) - min(found) > 1e-4
    np.testing.assert_allclose(found, head_gates(walked).mean((0, 1)), rtol=1e-5)
    for k in range(3):
        energy = walked.after["Mm"][:, :, k].square().mean()
        assert told[f"store energy {k + 1}"] == pytest.approx(float(energy), rel=1e-4)


def test_the_energy_of_the_vector_that_dtpn_keeps_is_told():
    model = built("dtpn")
    energy = trace(model, X).after["r"].square().mean()
    assert summary(model, X)["store energy"] == pytest.approx(float(energy), rel=1e-5) != 0


def test_a_summary_leaves_out_the_steps_that_a_model_skips():
    model, gaps = built("pmrc", on_nan="skip"), np.insert(X, [3, 20, 40], np.nan, axis=0)
    told, expected = summary(model, gaps), summary(model, X)
    assert told == pytest.approx(expected, rel=1e-5)
    skipped = np.isnan(gaps[:, 0])
    assert all(np.array_equal(np.isnan(one[0]), skipped) for one in measures(model, gaps).values())
    assert spectral_radius(model, gaps) == pytest.approx(spectral_radius(model, X))
    with pytest.raises(ValueError, match="on_nan='skip' leaves out"):
        summary(built("pmrc"), gaps)


def test_a_competition_is_even_when_hot_and_decided_when_cold():
    hot, cold = (with_parameters(built("sgw_amn"), T=value) for value in (20.0, -20.0))
    assert competition_entropy(trace(hot, X)).min() > 0.999
    assert competition_entropy(trace(cold, X))[:, 1:].max() < 0.01


def test_units_that_are_driven_hard_are_saturated():
    loud = with_parameters(built("amrc"), W=0.0, b=9.0)
    silent = with_parameters(built("amrc"), W=0.0, b=0.0)
    assert (saturated(trace(loud, X)) == 1).all()
    assert (saturated(trace(silent, X)) == 0).all()


def test_liquid_units_without_drive_follow_their_leak():
    model = with_parameters(built("amn"), Bi=0.0, b=0.0, A=np.log(0.5))
    expected = 1 / np.log(1.5)  # steps in which (1 / 1.5)^t falls to 1/e
    assert summary(model, X)["liquid time"] == pytest.approx(expected, rel=1e-5)


def test_a_time_constant_is_the_time_to_one_over_e():
    model = built("amrc", equations="repaired")
    alpha = 1 / (1 + np.exp(-model.learned_.parameters["alpha"].numpy()))
    told = time_constants(model)["alpha"]
    np.testing.assert_allclose((1 - alpha) ** told, np.exp(-1), rtol=1e-4)


def test_what_is_kept_for_ever_has_an_infinite_time():
    model = with_parameters(built("amn"), L=-40.0)  # a share of 1, in float32
    assert np.isposinf(time_constants(model)["L"]).all()


def test_constants_are_told_of_the_cells_that_have_them():
    assert constants(built("sgw_amn", workspace=8, candidates=32)) == {"bottleneck": 0.25}
    flow = constants(with_parameters(built("hyper_amn"), X=0.2))["cross-head flow"]
    assert flow == pytest.approx(0.2)
    assert constants(built("hyper_amn", heads=1)) == {"cross-head flow": 0.0}
    assert constants(with_parameters(built("ndm"), pi=0.0)) == {"plasticity": 0.0}
    assert constants(built("amrc")) == {}


def test_frozen_fast_weights_stand_still():
    assert summary(built("ndm"), X)["fast velocity"] > 0
    assert summary(built("ndm", frozen=True), X)["fast velocity"] == 0


def test_the_spectral_radius_of_uncoupled_units_is_that_of_their_loops():
    model = built("amrc")
    walked = trace(model, X)
    v = (walked.after["h"] - walked.p["beta"] * walked.before["h"])[0, -1]
    alpha, kappa = walked.p["alpha"], walked.p["kappa"]
    loops = torch.cat([1 - alpha + alpha * kappa * (1 - v.square()), walked.p["beta"]])
    assert spectral_radius(model, X) == pytest.approx(float(loops.max()), rel=1e-5)


@pytest.mark.parametrize("name", CELLS)
def test_a_radius_below_one_is_found_where_a_small_change_dies_away(name):
    model, quiet = built(name), np.zeros((2000, 1))
    ended = model.stream()
    ended.predict(quiet)  # at rest, where the Jacobian stays what it is
    rest = ended.get_memory_state()
    radius = spectral_radius(model, quiet[:1], rest)
    pushed = {key: one + 1e-3 for key, one in rest.items()}
    stream = model.stream(state=pushed)
    stream.predict(quiet)
    left = max(np.abs(one - rest[key]).max() for key, one in stream.get_memory_state().items())
    assert (radius < 1) == (left < 1e-3)


def test_an_effective_time_is_that_of_the_radius():
    assert effective_time(np.exp(-1 / 7)) == pytest.approx(7)
    assert effective_time(0.0) == 0
    assert effective_time(1.0) == effective_time(1.2) == np.inf


def test_a_capacity_is_within_the_number_of_states_and_grows_with_them():
    few, many = (memory_capacity(built("pmrc", hidden_size=size), seed=1) for size in (3, 24))
    assert 1 < few.total <= 6  # Jaeger's bound, of three units with two states each
    assert many.total > few.total
    assert many.null < 0.01


def test_a_model_that_does_not_hear_holds_nothing():
    deaf = with_parameters(built("amrc"), W=0.0)
    assert memory_capacity(deaf, seed=1).total < 0.1


def test_linear_traces_hold_more_than_an_echo_state_network_of_their_size():
    assert memory_capacity(built("amn", hidden_size=64), seed=0).total > 17.6


def test_probes_refuse_what_they_cannot_answer():
    with pytest.raises(ValueError, match="steps must be at least 4 lags, 200, got 100"):
        memory_capacity(built("amrc"), seed=0, steps=100)
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0, got None"):
        memory_capacity(built("amrc"), seed=None)
    with pytest.raises(ValueError, match="PublishedSgwAmn has stores only: R, Mm"):
        memory_capacity(built("sgw_amn", equations="published"), seed=0)
    with pytest.raises(ValueError, match="equations must be 'repaired' for a spectral radius"):
        spectral_radius(built("pmrc", equations="published"), np.zeros((3, 1)))
    with pytest.raises(ValueError, match="x must be one stream"):
        spectral_radius(built("amrc"), np.zeros((2, 3, 1)))
    with pytest.raises(ValueError, match="one step at least that is all numbers"):
        spectral_radius(built("amrc", on_nan="skip"), np.full((3, 1), np.nan))
    with pytest.raises(ValueError, match="at most 4096 states, got 5312"):
        spectral_radius(built("ndm", hidden_size=64, slots=17), np.zeros((3, 1)))
