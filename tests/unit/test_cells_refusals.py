"""What models of cells refuse, by name and before anything changes."""

import numpy as np
import pytest

from memlab.cells import DTPN, NDM, PMRC
from tests.unit.cell_models import bits, delayed, small


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((3, 4, 2)), np.zeros((3, 4, 1)), "must have the 1 inputs"),
        (np.zeros((3, 4, 1)), np.zeros((3, 5)), "a target for every step of X: shape \\(3, 4\\)"),
        (np.zeros((3, 4, 1)), np.zeros((3, 4, 2)), "must have the 1 outputs of the model, got 2"),
        (np.zeros((0, 4, 1)), np.zeros((0, 4)), "none of them empty"),
        (np.zeros(4), np.zeros(4), "sequences \\(N, T, inputs\\) or one stream"),
        (np.full((3, 4, 1), np.nan), np.zeros((3, 4)), "X must be finite in float32, got 12"),
        (np.zeros((3, 4, 1)), np.full((3, 4), np.inf), "y must be finite in float32, got 12"),
        (np.full((3, 4, 1), 1e300), np.zeros((3, 4)), "X must be finite in float32"),
        ([[[1.0]], [[1.0], [2.0]]], np.zeros((3, 4)), "X must be one array of numbers"),
        (np.ma.zeros((3, 4, 1)), np.zeros((3, 4)), "X must be an array without a mask"),
        (np.full((3, 4, 1), "a"), np.zeros((3, 4)), "X must be an array of real numbers"),
    ],
)
def test_data_that_do_not_fit_are_refused_before_anything_changes(x, y, message):
    model = small("pmrc").fit(*delayed())
    before = bits(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(x, y)
    assert bits(model) == before


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("hidden_size", 0),
        ("hidden_size", -5),
        ("hidden_size", 2.5),
        ("slots", 0),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("epochs", 0),
        ("batch_size", 0),
        ("window", 0),
        ("optimiser", "rmsprop"),
        ("momentum", 1.0),
        ("clip", -1),
        ("validation_split", 1.0),
        ("random_state", -1),
        ("equations", "new"),
        ("backend", "gpu"),
        ("verbose", "yes"),
        ("warm_start", "no"),
        ("hidden_size", 10**9),
        ("hidden_size", 2**63),
        ("slots", 2**62),
        ("epochs", 2**63),
        ("batch_size", 2**63),
        ("window", 2**63),
        ("random_state", 2**63),
        ("on_nan", "ignore"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name_before_anything_changes(parameter, value):
    model = small("amn").fit(*delayed())
    before = bits(model)
    model.set_params(**{parameter: value})
    with pytest.raises(ValueError, match=f"{parameter} must be .*got"):
        model.fit(*delayed())
    assert bits(model) == before


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("pmrc", "gates", "no"),
        ("pmrc", "recurrent", "x"),
        ("pmrc", "output_memory", None),
        ("ndm", "frozen", "no"),
        ("ndm", "frozen", 0),
    ],
)
@pytest.mark.parametrize("equations", ["repaired", "published"])
def test_what_is_no_bool_is_no_flag(name, parameter, value, equations):
    model = small(name, equations=equations, **{parameter: value})
    with pytest.raises(ValueError, match=f"{parameter} must be True or False, got"):
        model.build(1, 1)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [(2.5, 1), ("a", 1), (0, 1), (2**63, 1), (True, 1), (1, 2**40), (1, 2.0)],
)
def test_a_model_is_built_for_whole_numbers_of_inputs_and_outputs(inputs, outputs):
    model = small("amrc")
    with pytest.raises(ValueError, match=r"n_(in|out)puts must be a whole number"):
        model.build(inputs, outputs)
    assert not hasattr(model, "learned_")


@pytest.mark.parametrize("kind", [PMRC, NDM, DTPN])
def test_a_model_larger_than_any_memory_is_refused_before_it_is_drawn(kind):
    with pytest.raises(ValueError, match=r"must be at most 2\^31 numbers, got \d+"):
        kind(hidden_size=2**20).build(2, 1)
    with pytest.raises(ValueError, match=r"must be at most 2\^31 numbers, got \d+"):
        kind(hidden_size=2**17).fit(*delayed())


@pytest.mark.parametrize(
    ("known", "use"), [(slice(0, 12), "held out"), (slice(12, 20), "trained on")]
)
def test_both_sides_of_a_validation_must_have_targets(known, use):
    x, y = (one[0] for one in delayed())
    some = np.full_like(y, np.nan)
    some[known] = y[known]
    model = small("pmrc", on_nan="skip", validation_split=0.4)
    with pytest.raises(ValueError, match=f"known target on both sides, got 0.4, .* {use} has none"):
        model.fit(x, some)
    assert not hasattr(model, "learned_")
