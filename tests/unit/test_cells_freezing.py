"""What is frozen stays to the last bit; what is not, moves; and counts are exact."""

import numpy as np
import pytest
import torch

from memlab.cells import CELLS, create_model, load, save
from memlab.cells.freezing import (
    GROUPS,
    LAYERS,
    freeze_by_quantile,
    freeze_by_threshold,
    freeze_fraction,
    freeze_group,
    freeze_neurons,
    freeze_parameters,
    frozen_count,
    group,
    unfreeze,
)

X = np.random.default_rng(0).uniform(-1, 1, (16, 12, 2))
Y = np.roll(X[..., :1], 1, 1)
FREEZINGS = {
    "fraction": lambda model: freeze_fraction(model, 0.4, seed=2),
    "quantile": lambda model: freeze_by_quantile(model, 0.5, 1),
    "threshold": lambda model: freeze_by_threshold(model, at_least=0.3),
    "neurons": lambda model: freeze_neurons(model, [0, 3], outgoing=True),
    "hidden": lambda model: freeze_group(model, "hidden"),
}


def built(name, **parameters):
    given = {"hidden_size": 6, "epochs": 3, "random_state": 0, "warm_start": True}
    return create_model(name, **given | parameters).build(2, 1)


def trained(model):
    """Which entries training has changed, by parameter."""
    before = model.learned_.parameters
    model.fit(X, Y)
    return {name: one != before[name] for name, one in model.learned_.parameters.items()}


def counted(model):
    return sum(frozen for frozen, _ in frozen_count(model).values())


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("how", FREEZINGS)
@pytest.mark.parametrize("name", CELLS)
def test_frozen_entries_keep_every_bit_and_others_move(name, how, optimiser):
    model = built(name, optimiser=optimiser)
    model.fit(X, Y)  # so that the optimiser has momentum to push with
    FREEZINGS[how](model)
    changed = trained(model)
    assert not any((changed[key] & ~mask).any() for key, mask in model.learned_.masks.items())
    assert any(one.any() for one in changed.values())


@pytest.mark.parametrize("name", CELLS)
def test_each_layer_can_be_frozen_with_its_biases(name):
    for layer in LAYERS:
        model = built(name)
        try:
            members = group(model.learned_.cell, layer)
        except ValueError:
            continue
        freeze_group(model, layer)
        changed = trained(model)
        assert not any(changed[key].any() for key in members)
        assert all(frozen_count(model)[key][0] == changed[key].numel() for key in members)


@pytest.mark.parametrize("name", CELLS)
def test_layers_divide_all_parameters(name):
    cell = built(name).learned_.cell
    found = []
    for layer in LAYERS:
        try:
            found += group(cell, layer)
        except ValueError as told:
            assert f"has no {layer}; it has" in str(told)  # noqa: PT017  some cells lack some
    assert sorted(found) == sorted(cell.parameters())
    assert {*group(cell, "hidden")} == {*cell.parameters()} - {*group(cell, "readout")}


def test_the_gates_of_pmrc_are_three_parameters_and_amrc_has_none():
    assert group(built("pmrc").learned_.cell, "gates") == ["Wg", "Ug", "bg"]
    with pytest.raises(ValueError, match="Amrc has no gates; it has input, rates, readout"):
        freeze_group(built("amrc"), "gates")


@pytest.mark.parametrize("share", [0, 0.1, 0.37, 0.9, 1])
def test_a_fraction_is_exact_and_seeded(share):
    told = [built("dtpn") for _ in range(3)]
    for model, seed in zip(told, (1, 1, 2), strict=True):
        freeze_fraction(model, share, seed=seed)
    entries = sum(of for _, of in frozen_count(told[0]).values())
    assert counted(told[0]) == round(share * entries)
    masks = [torch.cat([m.flatten() for m in model.learned_.masks.values()]) for model in told]
    assert torch.equal(masks[0], masks[1])
    assert torch.equal(masks[0], masks[2]) == (share in {0, 1})


def test_quantiles_freeze_the_smallest_or_the_largest():
    smallest, largest = built("pmrc"), built("pmrc")
    freeze_by_quantile(smallest, 0, 0.3, name="recurrent")
    freeze_by_quantile(largest, 0.7, 1, name="recurrent")
    weights = smallest.learned_.parameters["U"].abs()
    assert counted(smallest) == counted(largest) == round(0.3 * 36)
    low, high = (~one.learned_.masks["U"] for one in (smallest, largest))
    assert weights[low].max() <= weights[~low].min()
    assert weights[high].min() >= weights[~high].max()


def test_a_threshold_freezes_by_magnitude_itself():
    model = built("pmrc")
    freeze_by_threshold(model, at_most=0.3, name="recurrent")
    weights = model.learned_.parameters["U"].abs()
    assert torch.equal(~model.learned_.masks["U"], weights <= 0.3)


def test_a_threshold_from_below_alone_freezes_the_large_ones():
    model = built("pmrc")
    freeze_by_threshold(model, at_least=0.3, name="recurrent")
    assert torch.equal(~model.learned_.masks["U"], model.learned_.parameters["U"].abs() >= 0.3)


def test_a_word_names_one_parameter():
    model = built("pmrc")
    freeze_parameters(model, "bc")
    assert {*model.learned_.masks} == {"bc"}
    assert counted(model) == 6


def test_a_neuron_is_its_rows_and_on_demand_its_columns():
    model = built("pmrc")
    freeze_neurons(model, [2])
    masks = model.learned_.masks
    assert {*masks} == {"W", "b", "beta", "U", "Wg", "Ug", "bg", "Wc", "bc"}
    assert not masks["U"][2].any()
    assert masks["U"].sum() == 30
    freeze_neurons(model, [2], outgoing=True)
    assert not model.learned_.masks["V"][:, 2].any()
    assert model.learned_.masks["U"].sum() == 25


def test_a_neurons_rates_are_its_own_in_every_head():
    model = built("hyper_amn")
    freeze_neurons(model, [4])
    assert not model.learned_.masks["A"][:, 4].any()
    assert model.learned_.masks["A"].sum() == 15
    assert "C" not in model.learned_.masks


def test_freezing_adds_up_until_it_is_undone():
    model = built("amrc")
    freeze_parameters(model, ["W"])
    freeze_parameters(model, ["V", "c"])
    assert counted(model) == 12 + 6 + 1
    unfreeze(model, "readout")
    assert counted(model) == 12
    unfreeze(model)
    assert counted(model) == 0


def test_masks_are_saved_and_hold_after_loading(tmp_path):
    model = built("amn")
    freeze_fraction(model, 0.5, seed=0)
    save(model, tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert frozen_count(again) == frozen_count(model)
    changed = trained(again)
    assert not any((changed[key] & ~mask).any() for key, mask in again.learned_.masks.items())


def test_a_second_task_is_learned_by_the_readout_alone():
    model = built("pmrc", epochs=40, hidden_size=16, batch_size=4).fit(X, Y)
    hidden = {key: model.learned_.parameters[key] for key in ("W", "U", "Wg")}
    freeze_group(model, "hidden")
    model.fit(X, -Y)
    assert model.score(X, -Y) > 0.8
    assert all(torch.equal(model.learned_.parameters[key], one) for key, one in hidden.items())


def test_clones_and_fresh_fits_start_free():
    model = built("amrc", warm_start=False)
    freeze_group(model, "all")
    assert counted(model.fit(X, Y)) == 0


@pytest.mark.parametrize(
    ("freezing", "message"),
    [
        (lambda m: freeze_group(m, "soul"), f"group must be one of {', '.join(GROUPS)}"),
        (lambda m: freeze_fraction(m, 1.5, seed=0), r"share must be in \[0, 1\], got 1.5"),
        (lambda m: freeze_by_quantile(m, 0.9, 0.1), "low must be at most high"),
        (lambda m: freeze_by_threshold(m, at_least=-1), "at_least must be at least 0, got -1"),
        (lambda m: freeze_by_threshold(m, at_most="a"), "at_most must be at least 0, got 'a'"),
        (
            lambda m: freeze_by_threshold(m, at_least=2, at_most=1),
            "at_least must be at most at_most",
        ),
        (freeze_by_threshold, "at_least, at_most or both must be given, got none"),
        (lambda m: freeze_neurons(m, [6]), "must be below 6, the hidden units; got 6"),
        (lambda m: freeze_neurons(m, [-1]), "a neuron must be a whole number of at least 0"),
        (lambda m: freeze_parameters(m, ["Q"]), "each of the names must be one of W, b"),
    ],
)
def test_what_cannot_be_frozen_is_told(freezing, message):
    model = built("amrc")
    with pytest.raises(ValueError, match=message):
        freezing(model)
    assert counted(model) == 0
