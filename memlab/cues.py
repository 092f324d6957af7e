"""Cues: what of a pattern, or instead of it, is presented at recall."""

from abc import ABC, abstractmethod
from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.space import Cue, Space

# Numbers are taken strictly: true is not 1, and "0.5" is not 0.5.
Share: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Spread: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Scale: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]


class CueMaker(ABC):
    """A kind of cue. What is given is certain (a mask) or not (a distortion), never in between."""

    @abstractmethod
    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        """One cue per replicate, C = 1, to ``pattern (R, *shape)``; ``foil`` is another pattern.

        Raises ValueError for a space in which this kind has no meaning.
        """


@final
@checked(frozen=True)
class Amplitude(CueMaker):
    """The whole pattern, faint and noisy: clamp(scale · pattern + σ N(0, 1), 0, 1)."""

    scale: Scale = 0.15  # factor on the pattern
    sigma: Spread = 0.05  # standard deviation of the noise, in values

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        _need_levels(space, "amplitude")
        return _distorted(_faint(pattern, self.scale, self.sigma, space, draws))


@final
@checked(frozen=True)
class Mask(CueMaker):
    """A random share of the values, certain; the rest is not given."""

    keep: Share = 0.1  # share of the values given, to the nearest whole number of them

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        return masked(pattern, _random_share(self.keep, space, draws), space)


@final
@checked(frozen=True)
class Half(CueMaker):
    """One half of the plane hidden, the other certain; a middle row or column stays visible."""

    side: Literal["left", "right", "top", "bottom"] = "right"  # the half that is hidden

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        axis = -1 if self.side in ("left", "right") else -2
        if len(space.shape) < -axis:
            raise ValueError(
                f"half needs a 2-D space to hide the {self.side}, got {space}; use left or right"
            )
        length = space.shape[axis]
        along = torch.arange(length, device=pattern.device)
        hidden = along < length // 2 if self.side in ("left", "top") else along >= -(-length // 2)
        return masked(pattern, _across(~hidden, axis, space), space)


@final
@checked(frozen=True)
class Wedge(CueMaker):
    """A sector about the centre of the last two axes, certain; the rest is not given."""

    share: Share = 0.25  # of the full angle, given
    start: Annotated[Share, Field(lt=1)] = 0.0  # turns, anticlockwise from the right

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        if len(space.shape) == 1:
            raise ValueError(f"wedge needs a space of at least 2 axes, got {space}; use half")
        height, width = space.shape[-2:]
        y, x = torch.arange(height).double(), torch.arange(width).double()
        up, right = (height - 1) / 2 - y[:, None], x - (width - 1) / 2
        turns = torch.atan2(up, right) / (2 * torch.pi)
        given = (turns - self.start) % 1 < self.share
        return masked(pattern, given.to(pattern.device), space)


@final
@checked(frozen=True)
class Box(CueMaker):
    """A box hidden, the rest certain. It spans the same fraction of every axis and wraps round."""

    span: Share = 0.5  # of each axis, hidden, to the nearest whole number of values
    placement: Literal["random", "centred"] = "random"

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        hidden = torch.ones(pattern.shape, dtype=torch.bool, device=pattern.device)
        for axis, length in enumerate(space.shape):
            extent = round(self.span * length)
            first = torch.tensor((length - extent) // 2, device=pattern.device)
            if self.placement == "random":
                first = draws.integers(f"box {axis}", length)[:, None]
            along = (torch.arange(length, device=pattern.device) - first) % length < extent
            hidden = hidden & _across(along, axis - len(space.shape), space)
        return masked(pattern, ~hidden, space)


@final
@checked(frozen=True)
class Flip(CueMaker):
    """A random share of the values turned into another symbol (graded: x into 1 - x)."""

    share: Share = 0.1  # of the values, to the nearest whole number of them

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        if space.symbols is None:
            other = 1 - pattern
        else:
            step = 1 + draws.integers("step", space.symbols - 1, space.shape)
            other = (pattern + step) % space.symbols
        chosen = _random_share(self.share, space, draws)
        return _distorted(torch.where(chosen, other, pattern))


@final
@checked(frozen=True)
class Shift(CueMaker):
    """The whole pattern, moved along its last axis round the torus."""

    by: Share = 0.125  # of the last axis, to the nearest whole number of values

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        length = space.shape[-1]
        if self.by > 0 and not 0 < round(self.by * length) < length:
            raise ValueError(
                f"shift.by must move by at least one of {length} values and less than all, got "
                f"{self.by}; {1 / length:.2g} moves by one"
            )
        return _distorted(pattern.roll(round(self.by * length), -1))


@final
@checked(frozen=True)
class Subset(CueMaker):
    """Sparse seeds: a random share of the lit values at one level, 0 everywhere else.

    Lit is what exceeds half of the pattern's largest value.
    """

    share: Share = 0.1  # of the lit values, to the nearest whole number, at least one if not 0
    level: Share = 1.0  # value at which they are presented

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        _need_levels(space, "subset")
        lit = (pattern > _peak(pattern) / 2).flatten(1)  # (R, N)
        wanted = (self.share * lit.sum(1)).round().clamp(min=1 if self.share else 0)
        order = draws.permutation("subset", space.size)  # distinct ranks, so that none ties
        ranks = order.masked_fill(~lit, space.size).argsort(1).argsort(1)
        chosen = lit & (ranks < wanted[:, None])
        return _distorted(self.level * chosen.reshape(pattern.shape).to(pattern.dtype))


@final
@checked(frozen=True)
class Noise(CueMaker):
    """Nothing of the pattern: clamp(abs(σ N(0, 1)), 0, 1)."""

    sigma: Spread = 0.3  # standard deviation before the sign is dropped, in values

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        _need_levels(space, "noise")
        return _distorted((self.sigma * draws.normal("noise", space.shape)).abs().clamp(0, 1))


@final
@checked(frozen=True)
class Uniform(CueMaker):
    """Nothing of the pattern: one level everywhere."""

    level: Share = 0.12  # value everywhere

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        _need_levels(space, "uniform")
        return _distorted(torch.full_like(pattern, self.level))


@final
@checked(frozen=True)
class Inverse(CueMaker):
    """The faint negative: scale · (top - pattern), top being the pattern's own largest value."""

    scale: Share = 0.15  # factor on the negative

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        _need_levels(space, "inverse")
        return _distorted(self.scale * (_peak(pattern) - pattern))


@final
@checked(frozen=True)
class Wrong(CueMaker):
    """Another pattern than the one asked for: in full and certain, or faint and noisy."""

    form: Literal["full", "amplitude"] = "full"
    scale: Scale = 0.15  # factor on the other pattern, amplitude only
    sigma: Spread = 0.05  # standard deviation of the noise, in values, amplitude only

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        if self.form == "full":
            return masked(foil, torch.ones_like(foil, dtype=torch.bool), space)
        _need_levels(space, "wrong with form=amplitude")
        return _distorted(_faint(foil, self.scale, self.sigma, space, draws))


@final
@checked(frozen=True)
class Inputs(CueMaker):
    """The inputs of a task, certain; its outputs are told where they are not asked for."""

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        if not space.outputs:
            raise ValueError(
                f"inputs needs patterns that are tasks, of inputs and outputs, got {space}; take "
                "patterns=delayed_recall, adding, copy, sine, … or another cue"
            )
        given = torch.arange(space.shape[-1], device=pattern.device) < space.inputs
        return masked(pattern, given, space)


@final
@checked(frozen=True)
class Start(CueMaker):
    """Nothing of the pattern: every value is any symbol, equally likely; graded, any level."""

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        if space.symbols is None:
            return _distorted(draws.uniform("start", space.shape))
        return _distorted(draws.integers("start", space.symbols, space.shape).to(pattern.dtype))


@final
@checked(frozen=True)
class Nothing(CueMaker):
    """No cue at all."""

    def cue(self, pattern: Tensor, foil: Tensor, space: Space, draws: Draws) -> Cue:
        return masked(pattern, torch.zeros_like(pattern, dtype=torch.bool), space)


def masked(pattern: Tensor, given: Tensor, space: Space) -> Cue:
    """The values that are given, certain; nothing is given of what follows a string's end.

    ``given`` broadcasts against ``pattern (R, *shape)``.
    """
    given = (given & space.valid(pattern))[:, None]
    return Cue(torch.where(given, pattern[:, None], 0.0), given=given, certain=given)


def _distorted(values: Tensor) -> Cue:
    """All values ``(R, *shape)``, none of them certain."""
    given = torch.ones_like(values, dtype=torch.bool)[:, None]
    return Cue(values[:, None], given=given, certain=~given)


def _faint(pattern: Tensor, scale: float, sigma: float, space: Space, draws: Draws) -> Tensor:
    return (scale * pattern + sigma * draws.normal("noise", space.shape)).clamp(0, 1)


def _random_share(share: float, space: Space, draws: Draws) -> Tensor:
    """A random choice of exactly that share, ``(R, *shape)`` bool; a larger share adds to it."""
    order = draws.permutation("share", space.size)
    return (order < round(share * space.size)).reshape(-1, *space.shape)


def _across(along: Tensor, axis: int, space: Space) -> Tensor:
    """What holds along one axis ``([R,] length)``, shaped to broadcast against ``(R, *shape)``."""
    sides = [1] * len(space.shape)
    sides[axis] = along.shape[-1]
    return along.reshape(*along.shape[:-1], *sides)


def _peak(pattern: Tensor) -> Tensor:
    """Each pattern's largest value, ``(R, 1, …)``."""
    return pattern.amax(tuple(range(1, pattern.ndim)), keepdim=True)


def _need_levels(space: Space, kind: str) -> None:
    if space.symbols not in (None, 2):
        raise ValueError(
            f"{kind} needs a graded or binary space, for it presents levels between the symbols, "
            f"got {space}; use mask, flip, half, box, shift, prefix or none"
        )
