"""What goes on inside a model while it reads: states at every step, and what they say."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor
from torch.nn.functional import linear

from memlab.cells.cell import Cell, Tensors, carried
from memlab.cells.equations.amn import Amn
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.ndm import Ndm
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.equations.sgw_amn import SgwAmn
from memlab.cells.estimator import CellRegressor
from memlab.cells.memory import stores
from memlab.cells.published.amn import CLIP, PublishedAmn
from memlab.cells.published.amrc import PublishedAmrc
from memlab.cells.published.dtpn import PublishedDtpn
from memlab.cells.published.hyper_amn import PublishedHyperAmn
from memlab.cells.published.ndm import PublishedNdm
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.cells.published.sgw_amn import PublishedSgwAmn
from memlab.cells.sequences import Array, inputs

SATURATED = 0.99  # of what a unit can reach at most
ACTIVE = 0.1  # of what a workspace unit can reach at most
KEPT = ("L", "decay", "rho", "lam", "delta", "beta", "omega")  # shares kept in a step
LOST = ("alpha", "zeta")  # shares let go in a step


@final
@dataclass(frozen=True)
class Trace:
    """Inputs, effective parameters, and every state before and after each step."""

    cell: Cell
    p: Tensors
    x: Tensor  # (N, T, I)
    known: Tensor  # (N, T), whether a step was there: another one left the state as it was
    before: Tensors  # each (N, T, …)
    after: Tensors


Measure: TypeAlias = Callable[[Trace], Tensor]  # (N, T), or (N, T, heads)


def trace(model: CellRegressor, X: object, state: Mapping[str, object] | None = None) -> Trace:
    """Walk through ``X (N, T, I)`` or ``(T, I)`` step by step; the model stays as it is.

    With ``on_nan="skip"`` steps that are no numbers leave the state as it is.
    """
    network = model.network()
    into = inputs(X, network.cell.sizes()["i"], network.on_nan)
    known = None if into.known is None else torch.tensor(into.known)
    begin = network.state(len(into.x), state)
    return walked(network.cell, network.parameters, begin, torch.tensor(into.x), known)


def walked(
    cell: Cell,
    raw: Mapping[str, Tensor],
    state: Tensors,
    x: Tensor,
    known: Tensor | None = None,
) -> Trace:
    """Walk through ``x (N, T, I)`` from ``state (N, …)``, with raw parameters.

    Where ``known (N, T)`` is false the input is padding, and the state stays.
    """
    p, states = cell.effective(raw), [state]
    known = torch.ones(x.shape[:2], dtype=torch.bool) if known is None else known
    with torch.no_grad():
        for t in range(x.shape[1]):
            new, _ = cell.advance(p, states[-1], x[:, t])
            states.append(carried(known[:, t], new, states[-1]))
    before, after = (
        {name: torch.stack([one[name] for one in part], 1) for name in states[0]}
        for part in (states[:-1], states[1:])
    )
    return Trace(cell, p, x, known, before, after)


def measures(
    model: CellRegressor, X: object, state: Mapping[str, object] | None = None
) -> dict[str, Array]:
    """Every measure of the model's cell at every step, ``(N, T)``; NaN where a step was skipped.

    All cells: ``mean |state|`` of each. Most also what `MEASURES` names; what is told of every head
    bears its number, from 1 on: ``head 2`` is the gate of the second.
    """
    return {name: one.numpy() for name, one in measured(trace(model, X, state)).items()}


def measured(walk: Trace) -> Tensors:
    """Every measure of a walk, as `measures` has them."""
    found = {f"mean |{name}|": _each(one.abs()) for name, one in walk.after.items()}
    for name, measure in MEASURES.get(type(walk.cell), {}).items():
        value = measure(walk)
        parts = [(name, value)] if value.ndim == 2 else _numbered(name, value)
        found |= dict(parts)
    return {name: one.masked_fill(~walk.known, torch.nan) for name, one in found.items()}


def summary(
    model: CellRegressor, X: object, state: Mapping[str, object] | None = None
) -> dict[str, float]:
    """Every measure as its mean over sequences and the steps that were not skipped."""
    found = measured(trace(model, X, state))
    return {name: float(one.nanmean()) for name, one in found.items()}


def time_constants(model: CellRegressor) -> dict[str, Array]:
    """-1 / ln(share kept in a step), in steps, of every rate that is such a share; perhaps ∞."""
    network = model.network()
    found = taus(network.cell.effective(network.parameters))
    return {name: one.numpy() for name, one in found.items()}


def taus(p: Tensors) -> Tensors:
    """-1 / ln(share kept in a step), in steps, of the effective parameters that are such shares."""
    kept = {name: p[name] for name in KEPT if name in p}
    kept |= {name: 1 - p[name] for name in LOST if name in p}
    return {name: 1 / one.log().abs() for name, one in kept.items()}  # ∞ where all is kept


def constants(model: CellRegressor) -> dict[str, float]:
    """What depends on parameters alone, of the cells that have such."""
    network = model.network()
    cell, p = network.cell, network.cell.effective(network.parameters)
    if isinstance(cell, HyperAmn | PublishedHyperAmn):
        beside = ~torch.eye(len(p["X"]), dtype=torch.bool)
        return {"cross-head flow": float(p["X"][beside].abs().sum()) / max(1, int(beside.sum()))}
    if isinstance(cell, SgwAmn | PublishedSgwAmn):
        return {"bottleneck": cell.workspace / cell.candidates}
    if isinstance(cell, Ndm | PublishedNdm):
        plastic = [one.abs().flatten() for name, one in p.items() if name.startswith("pi")]
        return {"plasticity": float(torch.cat(plastic).mean())}
    return {}


def saturated(walk: Trace) -> Tensor:
    """Share of the units beyond 99 % of their bound of 1; an echo is taken off before."""
    return _each((_units(walk).abs() > SATURATED).float())


def clipped(walk: Trace) -> Tensor:
    """Share of the traces of AMN as published within 1 % of the clip that stops their growth."""
    return _each((walk.after["l"].abs() > SATURATED * CLIP).float())


def store_energy(walk: Trace) -> Tensor:
    """Mean square of the entries of the store; of DTPN's global memory, which is one vector."""
    (name,) = stores(walk.cell)
    return _each(walk.after[name].square())


def store_energies(walk: Trace) -> Tensor:
    """Mean square of the entries of each head's store, ``(N, T, heads)``."""
    return walk.after["Mm"].square().mean((-2, -1))


def gates(walk: Trace) -> Tensor:
    """G of PMRC, ``(N, T, H)``: the share of a memory that is replaced in the step."""
    p, seen = walk.p, linear(walk.before["m"], walk.p["Ug"])
    if isinstance(walk.cell, PublishedPmrc):  # where a unit sees those before it after their move
        moved = walk.after["m"] - walk.before["m"]
        seen = seen + linear(moved, p["Ug"].tril(-1))
    return torch.sigmoid(linear(walk.x, p["Wg"], p["bg"]) + seen)


def head_gates(walk: Trace) -> Tensor:
    """A of Hyper-AMN, ``(N, T, heads)``: what is listened to, of sum 1."""
    p, seen = walk.p, linear(walk.before["g"], walk.p["G"])
    # As published, what comes in now has no say.
    return torch.softmax(seen + linear(walk.x, p["Gx"], p["d"]) if "Gx" in p else seen, -1)


def liquid_time(walk: Trace) -> Tensor:
    """Mean of 1 / ln(1 + A (1 + B |f|)), the time constants of AMN's liquid units, in steps.

    As published, a step takes dt (A + B |f|) of a unit away: -1 / ln(1 - that).
    """
    p = walk.p
    f = torch.tanh(linear(walk.x, p["Bi"], p.get("b")))
    if isinstance(walk.cell, PublishedAmn):
        return _each(-1 / torch.log1p(-walk.cell.dt * (p["A"] + p["B"] * f.abs())))
    return _each(1 / torch.log1p(p["A"] * (1 + p["B"] * f.abs())))


def shares(walk: Trace) -> Tensor:
    """π of SGW-AMN, ``(N, T, candidates)``: who wins the competition."""
    p, heard = walk.p, linear(walk.x, walk.p["Wi"], walk.p.get("b"))
    if "w" in walk.before:
        heard = heard + linear(walk.before["w"], p["Wb"])
    score = torch.nn.functional.gelu(heard, approximate="tanh").abs() * p["Wc"].abs().sum(1)
    return torch.softmax(score / p.get("T", 1), -1)


def competition_entropy(walk: Trace) -> Tensor:
    """Entropy of the shares over ln(candidates): 1 where all are equal, 0 where one has all."""
    share = shares(walk)
    surprise = -torch.xlogy(share, share).sum(-1)
    return surprise / max(math.log(share.shape[-1]), 1e-9)


def occupancy(walk: Trace) -> Tensor:
    """Share of the workspace that is active, |w| > .1: 1 is dense."""
    return _each((_workspace(walk).abs() > ACTIVE).float())


def fast_velocity(walk: Trace) -> Tensor:
    """Mean change of NDM's fast weights in a step, |F' - F|; as published all weights are fast."""
    names = [name for name in ("F", "dWi", "dWh") if name in walk.after]
    moved = [(walk.after[name] - walk.before[name]).flatten(2) for name in names]
    return _each(torch.cat(moved, -1).abs())


def fast_share(walk: Trace) -> Tensor:
    """|π (F h)| over |Wh h|, means over units: what the fast weights say beside the trained."""
    h = walk.before["h"]
    fast = walk.p["pi"] * torch.matmul(walk.before["F"], h[..., None])[..., 0]
    return _each(fast.abs()) / _each(linear(h, walk.p["Wh"]).abs()).clamp(min=1e-12)


def mean_gate(walk: Trace) -> Tensor:
    """Mean of PMRC's gates; nothing is gated where there are none."""
    none = isinstance(walk.cell, Pmrc | PublishedPmrc) and not walk.cell.gates
    return torch.zeros(walk.x.shape[:2]) if none else _each(gates(walk))


STORE: dict[str, Measure] = {"store energy": store_energy}
HEADS: dict[str, Measure] = {"head": head_gates, "store energy": store_energies}
UNITS: dict[str, Measure] = {"saturated": saturated}
GATED: dict[str, Measure] = UNITS | {"mean gate": mean_gate}
SPACE: dict[str, Measure] = {"occupancy": occupancy, "competition entropy": competition_entropy}
FAST: dict[str, Measure] = UNITS | {"fast velocity": fast_velocity}
MEASURES: dict[type[Cell], dict[str, Measure]] = {
    Amrc: UNITS,
    Pmrc: GATED,
    Amn: UNITS | {"liquid time": liquid_time} | STORE,
    Dtpn: UNITS | STORE,
    HyperAmn: UNITS | HEADS,
    SgwAmn: UNITS | SPACE | STORE,
    Ndm: FAST | {"fast share": fast_share} | STORE,
    PublishedAmrc: UNITS,
    PublishedPmrc: GATED,
    PublishedAmn: {"saturated": clipped, "liquid time": liquid_time} | STORE,
    PublishedDtpn: UNITS | STORE,
    PublishedHyperAmn: HEADS,
    PublishedSgwAmn: SPACE | STORE,
    PublishedNdm: FAST | STORE,
}


def _workspace(walk: Trace) -> Tensor:
    """The workspace after each step, ``(N, T, W)``; as published it is no state."""
    if not isinstance(walk.cell, PublishedSgwAmn):
        return walk.after["w"]
    held = walk.cell.gathered(walk.p, walk.before["R"].flatten(0, 1), walk.x.flatten(0, 1))
    return held.reshape(*walk.x.shape[:2], -1)


def _units(walk: Trace) -> Tensor:
    """What passes a tanh, or is bounded as if it did."""
    if isinstance(walk.cell, Amrc | Pmrc):
        return walk.after["h"] - walk.p["beta"] * walk.before["h"]
    if isinstance(walk.cell, PublishedAmrc | PublishedPmrc):  # whose echo is one step older
        echo = "p" if isinstance(walk.cell, PublishedAmrc) else "q"
        return walk.after["h"] - walk.cell.beta * walk.before[echo]
    name = {HyperAmn: "s", SgwAmn: "w"}.get(type(walk.cell), "h")
    return walk.after[name]


def _each(values: Tensor) -> Tensor:
    """The mean at every step, ``(N, T)``; a state may be one number."""
    return values.reshape(*values.shape[:2], -1).mean(-1)


def _numbered(name: str, values: Tensor) -> list[tuple[str, Tensor]]:
    """The values ``(N, T, heads)`` of every head under its own name."""
    return [(f"{name} {k}", one) for k, one in enumerate(values.unbind(-1), 1)]
