"""What tasks share: patterns of inputs and outputs, of which a part is taught and another asked."""

from typing import Annotated, TypeAlias

import torch
from pydantic import Field
from torch import Tensor

from memlab.space import Space, Split

Steps: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Lag: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=100_000)]  # steps
Lags: TypeAlias = Annotated[tuple[Lag, ...], Field(min_length=1)]
Trials: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Symbols: TypeAlias = Annotated[int, Field(strict=True, ge=2, le=1024)]

SPAN = 4.0  # standard deviations on either side that the values of a graded task have room for


def check_stream(steps: int, tested: int, warm: int) -> None:
    """Refuse a stream of whose past or future nothing is left."""
    if steps - tested <= warm:
        raise ValueError(
            f"steps must be more than tested + what an answer needs to go by, {tested} + {warm}, "
            f"got {steps}"
        )


def check_trials(trials: int, tested: int) -> None:
    """Refuse trials of which none is left to learn from."""
    if trials <= tested:
        raise ValueError(f"trials must be more than tested={tested}, got {trials}")


def in_time(
    patterns: Tensor, space: Space, tested: int, warm: int, *, universal: bool = True
) -> Split:
    """The last ``tested`` steps of streams are asked for, what comes before is taught.

    Of the first ``warm`` steps nothing can be known.
    """
    step = torch.arange(space.shape[1], device=patterns.device)
    outputs = torch.arange(space.shape[2], device=patterns.device) >= space.inputs
    last = step >= space.shape[1] - tested

    def spread(rows: Tensor) -> Tensor:
        return (rows[:, None] & outputs).expand(patterns.shape).clone()

    return Split(spread(~last & (step >= warm)), asked=spread(last), universal=universal)


def by_trial(patterns: Tensor, space: Space, tested: int, answered: Tensor) -> Split:
    """The last ``tested`` trials are asked for, the others are taught, at the steps ``answered``.

    ``answered`` is bool and broadcasts against ``(R, P, B, T)``.
    """
    sequence = torch.arange(space.shape[0], device=patterns.device)[:, None]
    outputs = torch.arange(space.shape[2], device=patterns.device) >= space.inputs
    last = sequence >= space.shape[0] - tested

    def spread(steps: Tensor) -> Tensor:
        return (steps[..., None] & outputs).expand(patterns.shape).clone()

    return Split(taught=spread(~last & answered), asked=spread(last & answered))


def graded(values: Tensor) -> Tensor:
    """Values of mean 0 and standard deviation 1 as levels in [0, 1]; what is beyond is cut off."""
    return (0.5 + values / (2 * SPAN)).clamp(0, 1)


def delayed(values: Tensor, lag: int) -> Tensor:
    """``values (…, T)`` so many steps later, 0 before."""
    if lag == 0:
        return values
    return torch.cat([torch.zeros_like(values[..., :lag]), values[..., :-lag]], -1)


def filtered(drive: Tensor, decay: float) -> Tensor:
    """Follow y' = decay · y + drive along the last axis of ``drive (…, T)``, from y = 0."""
    y, past = [], torch.zeros_like(drive[..., 0])
    for now in drive.unbind(-1):
        past = decay * past + now
        y.append(past)
    return torch.stack(y, -1)


def one_hot(symbols: Tensor, count: int) -> Tensor:
    """Symbols as rows of 0 and a 1; all 0 where a symbol is -1."""
    return (symbols[..., None] == torch.arange(count)).float()
