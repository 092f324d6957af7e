"""Parts of a model that training leaves as they are, to the last bit; each call adds to them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from sklearn.utils.validation import check_is_fitted
from torch import Generator, Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.estimator import CellRegressor
from memlab.cells.published.hyper_amn import PublishedHyperAmn
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.cells.turns import turn
from memlab.checks import check_choice, check_number, check_whole

RATES = {
    *("A", "B", "L", "T", "theta", "alpha", "beta", "kappa", "delta", "zeta", "lam", "rho"),
    *("pi", "pi_i", "pi_h", "decay", "omega"),
}
BIASES_OF_INPUT = ("b", "bc")
GATES: dict[type[Cell], tuple[str, ...]] = {
    Pmrc: ("Wg", "Ug", "bg"),
    PublishedPmrc: ("Wg", "Ug", "bg"),
    HyperAmn: ("Gx", "G", "d"),
    PublishedHyperAmn: ("G",),
}
LAYERS = ("readout", "gates", "store", "rates", "input", "recurrent")
GROUPS = ("all", "hidden", "weights", *LAYERS)


def layer(cell: Cell, name: str) -> str:
    """The one layer a parameter belongs to, its biases with it.

    readout: what makes outputs; gates: of PMRC's memories, between Hyper-AMN's heads; store: all
    that writes, keeps and reads it; rates: time scales and gains of each unit; input: from the
    inputs; recurrent: between hidden units, candidates and workspace.
    """
    axes = cell.parameters()[name].axes
    if axes.startswith("o"):
        return "readout"
    if name in GATES.get(type(cell), ()):
        return "gates"
    if "m" in axes:
        return "store"
    if name in RATES:
        return "rates"
    return "input" if "i" in axes or name in BIASES_OF_INPUT else "recurrent"


def group(cell: Cell, name: str) -> list[str]:
    """The parameters of a layer; of "all"; "hidden", all but the read-out; or "weights"."""
    check_choice("group", name, GROUPS)
    every = [*cell.parameters()]
    if name == "all":
        return every
    if name == "hidden":
        return [one for one in every if layer(cell, one) != "readout"]
    if name == "weights":  # matrices, which have magnitudes that can be compared
        return [one for one in every if len(cell.parameters()[one].axes) > 1 and one not in RATES]
    found = [one for one in every if layer(cell, one) == name]
    if not found:
        there = sorted({layer(cell, one) for one in every})
        raise ValueError(f"{type(cell).__name__} has no {name}; it has {', '.join(there)}")
    return found


def freeze_group(model: CellRegressor, name: str) -> None:
    """Freeze a whole group, biases included."""
    shapes = _cell(model).shapes()
    _freeze(
        model, {one: torch.ones(shapes[one], dtype=torch.bool) for one in group(_cell(model), name)}
    )


def freeze_parameters(model: CellRegressor, names: Iterable[str]) -> None:
    """Freeze whole parameters by their letters in the equations; a word is one of them."""
    names, shapes = [names] if isinstance(names, str) else [*names], _cell(model).shapes()
    for name in names:
        check_choice("each of the names", name, tuple(shapes))
    _freeze(model, {name: torch.ones(shapes[name], dtype=torch.bool) for name in names})


def freeze_fraction(model: CellRegressor, share: float, *, seed: int, name: str = "all") -> None:
    """Freeze exactly round(share · n) of the n entries of a group, drawn without replacement."""
    _check_share("share", share)
    check_whole("seed", seed, 0)
    within = _within(model, name)
    entries = sum(one.numel() for one in within.values())
    drawn = torch.randperm(entries, generator=Generator().manual_seed(seed))
    _freeze_entries(model, within, drawn[: round(share * entries)])


def freeze_by_quantile(
    model: CellRegressor, low: float, high: float, *, name: str = "weights"
) -> None:
    """Freeze the entries whose rank by magnitude is in [low, high) of all of the group.

    (0, .3) are the smallest 30 %, (.7, 1) the largest; the count is exact.
    """
    _check_share("low", low)
    _check_share("high", high)
    if low > high:
        raise ValueError(f"low must be at most high, got {low} and {high}")
    within = _within(model, name)
    flat = torch.cat([one.abs().flatten() for one in within.values()])
    ranked = flat.argsort(stable=True)
    _freeze_entries(model, within, ranked[round(low * len(flat)) : round(high * len(flat))])


def freeze_by_threshold(
    model: CellRegressor,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    name: str = "weights",
) -> None:
    """Freeze the entries of a group whose magnitude lies between the two, both included.

    One of them is enough; with none a whole group would freeze, which `freeze_group` says.
    """
    if at_least is None and at_most is None:
        raise ValueError("at_least, at_most or both must be given, got none")
    ends = {"at_least": at_least, "at_most": at_most}
    given = {
        key: check_number(key, one, 0, math.inf, holds="at least 0")
        for key, one in ends.items()
        if one is not None
    }
    low, high = given.get("at_least", 0.0), given.get("at_most", math.inf)
    if low > high:
        raise ValueError(f"at_least must be at most at_most, got {at_least} and {at_most}")
    within = _within(model, name)
    _freeze(model, {key: (one.abs() >= low) & (one.abs() <= high) for key, one in within.items()})


def freeze_neurons(model: CellRegressor, neurons: Iterable[int], *, outgoing: bool = False) -> None:
    """Freeze hidden units: all that enters them, their biases, gates and rates.

    With ``outgoing`` also what leads from them to others.
    """
    cell = _cell(model)
    chosen = [*neurons]
    hidden = cell.sizes()["h"]
    for one in chosen:
        check_whole("a neuron", one, 0)
        if one >= hidden:
            raise ValueError(f"a neuron must be below {hidden}, the hidden units; got {one}")
    picked = torch.zeros(hidden, dtype=torch.bool)
    picked[chosen] = True
    frozen = {}
    for name, axes in {key: one.axes for key, one in cell.parameters().items()}.items():
        mask = torch.zeros(cell.shapes()[name], dtype=torch.bool)
        for axis in _axes_of_neuron(name, axes, outgoing=outgoing):
            mask |= picked.view(*[-1 if at == axis else 1 for at in range(len(axes))])
        if mask.any():
            frozen[name] = mask
    _freeze(model, frozen)


def unfreeze(model: CellRegressor, name: str = "all") -> None:
    """Let a group be trained again."""
    freed = group(_cell(model), name)
    with turn(model):
        masks = {key: one for key, one in model.learned_.masks.items() if key not in freed}
        model.learned_ = replace(model.learned_, masks=masks)


def frozen_count(model: CellRegressor) -> dict[str, tuple[int, int]]:
    """How many entries of every parameter are frozen, and of how many."""
    check_is_fitted(model, "learned_")
    masks = model.learned_.masks
    return {
        name: (int((~masks[name]).sum()) if name in masks else 0, one.numel())
        for name, one in model.learned_.parameters.items()
    }


def _axes_of_neuron(name: str, axes: str, *, outgoing: bool) -> list[int]:
    """Along which axes the entries of a hidden unit lie: rows are computed, columns read."""
    own = [at for at, axis in enumerate(axes) if axis == "h" and (at == 0 or name in RATES)]
    return own + [at for at, axis in enumerate(axes) if axis == "h" and outgoing and at not in own]


def _cell(model: CellRegressor) -> Cell:
    check_is_fitted(model, "learned_")
    cell: Cell = model.learned_.cell
    return cell


def _within(model: CellRegressor, name: str) -> Tensors:
    """The effective values of a group."""
    effective = _cell(model).effective(model.learned_.parameters)
    return {key: effective[key] for key in group(_cell(model), name)}


def _freeze_entries(model: CellRegressor, within: Tensors, entries: Tensor) -> None:
    """Freeze entries by their place in the whole group."""
    flat = torch.zeros(sum(one.numel() for one in within.values()), dtype=torch.bool)
    flat[entries] = True
    parts = torch.split(flat, [one.numel() for one in within.values()])
    shaped = zip(within.items(), parts, strict=True)
    _freeze(model, {name: part.view(one.shape) for (name, one), part in shaped})


def _freeze(model: CellRegressor, frozen: Mapping[str, Tensor]) -> None:
    with turn(model):
        masks = dict(model.learned_.masks)
        for name, one in frozen.items():
            masks[name] = masks.get(name, torch.ones_like(one)) & ~one
        model.learned_ = replace(model.learned_, masks=masks)


def _check_share(name: str, value: float) -> None:
    check_number(name, value, 0, 1 + 1e-12, holds="in [0, 1]")
