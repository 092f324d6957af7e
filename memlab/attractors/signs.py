"""Networks of ±1 units: synchronous and asynchronous relaxation of many cues at once.

States ``s (R, C, N)`` are ±1, or 0 for a unit that has not spoken yet; couplings ``w (R, N, N)``
are symmetric and without self-coupling. A unit whose field is 0 stays as it is. ``fixed (R, C, N)``
bool marks units that are clamped.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

TIE = 1e-5  # a field this small beside the strongest coupling is 0, but for the order of its sum
SETTLING = 3  # sweeps before anybody asks whether a cue swings: few are not done by then
SPARED = 0.9  # share of the cues still under way below which those that are done are dropped

Watcher: TypeAlias = Callable[[int, Tensor, Tensor], None]  # sweep, states, fields


def synchronous(
    w: Tensor, s: Tensor, fixed: Tensor | None, most: int, watch: Watcher | None = None
) -> Tensor:
    """Update all units at once until nothing changes, a cue swings between two states, or ``most``.

    A cue whose units turn back at once swings for ever and stays where it is, so that no answer
    depends on how long others take. Cues that are done are no longer computed, unless somebody
    watches.
    """
    final, going = s.clone(), torch.arange(s.shape[1], device=s.device)
    now, held, silent = s, fixed, _silent(s)
    swung = torch.zeros(s.shape[:2], dtype=torch.bool, device=s.device)
    turned: Tensor | None = None  # the units that changed in the sweep before
    tie = _tie(w)
    for sweep in range(most):
        fields = torch.bmm(now, w)
        if watch is not None:
            watch(sweep, now, fields)
        accord = _accord(fields, now, held, silent=silent)  # (R, C, N)
        moves = (accord.amin(2) <= -tie[..., 0]) & ~swung  # far cheaper than any() over N bools
        moving = moves.any(0)  # a cue is done when it is in every replicate
        if not bool(moving.any()):
            break
        if watch is None and int(moving.sum()) <= SPARED * len(moving):
            final[:, going] = now
            going, accord, now = going[moving], accord[:, moving], now[:, moving]
            fields = fields[:, moving] if silent else fields
            swung, moves = swung[:, moving], moves[:, moving]
            turned = None if turned is None else turned[:, moving]
            held = None if held is None else held[:, moving]
        turn = accord <= -tie
        if turned is not None and sweep >= SETTLING:
            swung = swung | ((turn == turned).all(2) & moves)
        if bool(swung.any()):
            turn &= ~swung[..., None]
        aim = fields.sign() if silent else torch.neg(now, out=accord)
        now = torch.where(turn, aim, now)
        silent, turned = silent and _silent(now), turn
    final[:, going] = now
    return final


def asynchronous(
    w: Tensor,
    s: Tensor,
    fixed: Tensor | None,
    most: int,
    *,
    orders: Callable[[int], Tensor],
    watch: Watcher | None = None,
) -> Tensor:
    """Update one unit after the other until nothing changes, each sweep in an order ``(R, N)``.

    The energy never rises. All cues of a replicate go in the same order, so that an answer does not
    depend on the other cues.
    """
    s = s.clone()
    for sweep in range(most):
        if watch is not None:
            watch(sweep, s, torch.bmm(s, w))
        if not _swept(w, s, fixed, orders(sweep)):
            break
    return s


def energy(s: Tensor, fields: Tensor) -> Tensor:
    """-½ s·w·s of each state ``(R, C)``, from its fields s·w."""
    return -0.5 * (s * fields).sum(2)


def _swept(w: Tensor, s: Tensor, fixed: Tensor | None, order: Tensor) -> bool:
    """Update every unit once, in place; whether any changed."""
    rows, tie = torch.arange(len(w), device=w.device), _tie(w)[..., 0]
    changed = torch.zeros((), dtype=torch.bool, device=s.device)
    for units in order.T:  # (R,)
        field = torch.bmm(s, w[rows, :, units][:, :, None])[..., 0]  # (R, C)
        old = s[rows, :, units]
        new = torch.where(field.abs() < tie, old, field.sign())
        if fixed is not None:
            new = torch.where(fixed[rows, :, units], old, new)
        s[rows, :, units] = new
        changed |= (new != old).any()
    return bool(changed)


def _accord(fields: Tensor, s: Tensor, fixed: Tensor | None, *, silent: bool) -> Tensor:
    """How well each unit's field agrees with its state; below 0 where it speaks to a silent one.

    Takes the memory of the fields where it can: a new array costs more than the product in it.
    """
    accord = torch.where(s == 0, -fields.abs(), s * fields) if silent else fields.mul_(s)
    return accord if fixed is None else accord.masked_fill_(fixed, 0.0)


def _tie(w: Tensor) -> Tensor:
    """Fields below this count as 0, ``(R, 1, 1)``: in proportion, for fading scales all."""
    strongest = torch.maximum(w.amax((1, 2), keepdim=True), -w.amin((1, 2), keepdim=True))
    return (TIE * strongest).clamp(min=torch.finfo(w.dtype).tiny)


def _silent(s: Tensor) -> bool:
    """Whether some unit has not spoken yet."""
    return bool(s.abs().amin() == 0)
