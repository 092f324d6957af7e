"""What goes on inside a cell while it follows a task; every array leads with R."""

import torch
from torch import Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.diagnostics import Trace, gates, head_gates, measured, shares, taus, walked
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.equations.sgw_amn import SgwAmn
from memlab.cells.following import Following
from memlab.space import Cue
from memlab.substrate import Meter

STEPS = 120  # that are looked at, the last ones
PERCENT = 101  # points of a distribution
OUTPUTS = 4  # whose gradients are followed, at most


def inspect(following: Following, raw: Tensors, cue: Cue, meter: Meter) -> None:
    """Keep what goes on inside while the first sequence is followed, the same for all cues."""
    x = following.heard(cue)[:, 0, :1]
    for name, rows in inspected(following, raw, x).items():
        for step, values in enumerate(rows.unbind(1)):
            meter.add(name, step, values[:, None].expand(-1, cue.count))
    units = float(following.cell.sizes()["h"])
    meter.add("units", 0, torch.full((len(x), cue.count), units))


def inspected(following: Following, raw: Tensors, x: Tensor) -> dict[str, Tensor]:
    """Series ``(R, S)`` of the last steps of ``x (R, 1, T, I)``.

    ``activity/…``: the mean size of each state, and the measures of the cell, at each step.
    ``distribution/…``: percentiles of gates and time constants (steps) over units.
    ``gradient_norm``: ‖∂y(t)/∂x(t - k)‖ against the lag k, of the last step.
    """
    seen = min(STEPS, x.shape[2])
    state, cell = None, following.cell
    if x.shape[2] > seen:
        with torch.no_grad():
            _, after = following.run(raw, None, x[:, :, :-seen])
        state = {name: one[:, 0] for name, one in after.items()}
    each = [_walk(cell, raw, state, x[:, :, -seen:], r) for r in range(len(x))]
    rows = [_activity(walk) | _distributions(walk) for walk in each]
    found = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
    return found | {"gradient_norm": _gradient_norms(following, raw, state, x[:, :, -seen:])}


def _walk(cell: Cell, raw: Tensors, state: Tensors | None, x: Tensor, r: int) -> Trace:
    """The steps of one replicate."""
    own = {name: one[r] for name, one in raw.items()}
    begin = cell.blank(1, x) if state is None else {n: one[r : r + 1] for n, one in state.items()}
    return walked(cell, own, begin, x[r])


def _activity(walk: Trace) -> dict[str, Tensor]:
    """Means over units at every step, ``(T,)``."""
    return {f"activity/{_word(name)}": one[0] for name, one in measured(walk).items()}


def _distributions(walk: Trace) -> dict[str, Tensor]:
    """Percentiles ``(101,)`` of what is a share or a time of each unit."""
    found = {f"time_constant_{name}": one for name, one in taus(walk.p).items()}
    match walk.cell:
        case Pmrc() if "Wg" in walk.p:
            found["gate"] = gates(walk)
        case HyperAmn():
            found["head_gate"] = head_gates(walk)
        case SgwAmn():
            found["workspace_share"] = shares(walk)
        case _:
            pass
    at = torch.linspace(0, 1, PERCENT, dtype=torch.float64)
    every = {name: one.double().flatten() for name, one in found.items()}
    # The nearest: between a time and one that is infinite there is none.
    return {
        f"distribution/{name}": one.quantile(at, interpolation="nearest")
        for name, one in every.items()
    }


def _gradient_norms(following: Following, raw: Tensors, state: Tensors | None, x: Tensor) -> Tensor:
    """Over the outputs, the root of the sum of squares, ``(R, lags)``."""
    total, outputs = torch.zeros(x.shape[0], x.shape[2]), following.cell.sizes()["o"]
    for output in range(min(outputs, OUTPUTS)):
        moved = x.clone().requires_grad_()
        with torch.enable_grad():
            y, _ = following.run(raw, state, moved)
            (gradient,) = torch.autograd.grad(y[:, :, -1, output].sum(), moved)
        total = total + gradient[:, 0].square().sum(-1).cpu()
    return total.sqrt().flip(1)


def _word(name: str) -> str:
    """The name of a measure as one word: "mean |h|" is h."""
    return name.removeprefix("mean |").rstrip("|").replace(" ", "_")
