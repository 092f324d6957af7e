"""How sparse and how varied an activity is. Arrays are ``(…, samples S, units N)``.

What is not finite is refused: a NaN is no spike, and no silence either.
"""

import torch
from torch import Tensor


def checked(activity: Tensor) -> Tensor:
    """The activity in float64; ValueError where it is not finite or has no samples or units."""
    if activity.ndim < 2 or 0 in activity.shape[-2:]:
        raise ValueError(
            f"activity must be (…, samples, units), neither empty, got {tuple(activity.shape)}"
        )
    values = activity.double()
    if not bool(values.isfinite().all()):
        bad = int((~values.isfinite()).sum())
        raise ValueError(f"activity must be finite, got {bad} of {values.numel()} that are not")
    return values


def sparsity(activity: Tensor) -> Tensor:
    """The share ``(…)`` of values that are exactly 0.

    A layer with k winners of H has 1 - k/H by construction, whatever it learned.
    """
    return (checked(activity) == 0).double().mean((-2, -1))


def population_sparseness(activity: Tensor) -> Tensor:
    """Treves–Rolls sparseness ``(…, S)`` of each sample over units, in [0, 1].

    (1 - ⟨r⟩² / ⟨r²⟩) / (1 - 1/N): 1 where one unit alone is active, 0 where all are alike; NaN
    where none is. k of N equally active units give (1 - k/N) / (1 - 1/N). No value is negative.
    A. Treves and E. Rolls, Network 2, 371 (1991), in the form of W. Vinje and J. Gallant, Science
    287, 1273 (2000).
    """
    return _treves_rolls(activity, -1)


def lifetime_sparseness(activity: Tensor) -> Tensor:
    """Treves–Rolls sparseness ``(…, N)`` of each unit over samples, as that of a population."""
    return _treves_rolls(activity, -2)


def distinct_codes(codes: Tensor) -> Tensor:
    """How many different rows there are among the samples, ``(…)`` int64; 1 is a collapse."""
    return torch.tensor(
        [len(rows.unique(dim=0)) for rows in _stacks(codes)], dtype=torch.int64
    ).view(codes.shape[:-2])


def code_entropy(codes: Tensor) -> Tensor:
    """Entropy ``(…)`` of the codes of equally likely samples, bits: at most log2 S.

    That much a code says about which sample it is of. The plug-in estimate, exact where samples
    are all there are (a vocabulary); of a random sample it is too low, by about
    (codes - 1) / (2 S ln 2).
    """
    found = []
    for rows in _stacks(codes):
        share = rows.unique(dim=0, return_counts=True)[1].double() / len(rows)
        found.append(-(share * share.log2()).sum())
    return torch.stack(found).view(codes.shape[:-2]).clamp(min=0)


def _stacks(codes: Tensor) -> Tensor:
    """All sets of samples one after the other, ``(sets, S, N)``."""
    return checked(codes).flatten(0, -3) if codes.ndim > 2 else checked(codes)[None]


def _treves_rolls(activity: Tensor, axis: int) -> Tensor:
    rates = checked(activity)
    if bool((rates < 0).any()):
        raise ValueError("Treves–Rolls sparseness is of rates, none below 0; rectify the activity")
    count = rates.shape[axis]
    if count < 2:
        raise ValueError(f"sparseness needs at least two values to compare, got {count}")
    alike = rates.mean(axis).square() / rates.square().mean(axis)  # 0/0 is NaN
    return (1 - alike) / (1 - 1 / count)
