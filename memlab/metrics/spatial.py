"""The grain of an answer on the plane: what a field makes, whatever was asked."""

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Answers, Group, Measure, answers, averaged
from memlab.session import Session
from memlab.similarity import FAINT

PLANE = 2  # axes


def wavelength(session: Session, *, arm: str, phase: str, group: Group) -> Measure:
    """Period of the strongest wave in the answer, L / k* in places, periodic borders."""
    return averaged(_wavelength, answers(session, arm, phase, group))


def correlation_length(session: Session, *, arm: str, phase: str, group: Group) -> Measure:
    """Distance at which the autocorrelation of the answer, its mean removed, falls to 1 / e.

    Without meaning where it does not fall that far within half the side.
    """
    return averaged(_correlation_length, answers(session, arm, phase, group))


def _wavelength(a: Answers) -> Measure:
    power = _power(a)
    if isinstance(power, Absent):
        return power
    strongest = power.flatten(2).argmax(2)
    wave = _radius(a.space.shape, power)
    empty = power.flatten(2).sum(2) < FAINT
    return torch.where(empty, torch.nan, 1 / wave.flatten()[strongest].clamp(min=FAINT))


def _correlation_length(a: Answers) -> Measure:
    power = _power(a)
    if isinstance(power, Absent):
        return power
    height, width = a.space.shape
    spread: Tensor = torch.fft.ifft2(power).real  # the autocovariance, by distance on the torus
    squared = _places(height)[:, None].square() + _places(width).square()
    ring = squared.double().sqrt().round().long().flatten()
    reach = min(height, width) // 2
    inside = ring <= reach
    profile = torch.zeros(*spread.shape[:2], reach + 1, dtype=torch.double)
    profile.index_add_(2, ring[inside], spread.flatten(2)[..., inside])
    profile = profile / torch.bincount(ring[inside])
    profile = profile / profile[..., :1]  # (R, C, distance)
    return _first_below(profile, 1 / torch.e)


def _first_below(profile: Tensor, level: float) -> Tensor:
    """The distance at which a profile first crosses a level, between its points."""
    below = profile <= level
    at = below.long().argmax(2, keepdim=True).clamp(min=1)
    right, left = profile.gather(2, at), profile.gather(2, at - 1)
    crossing = at - 1 + (left - level) / (left - right)
    return torch.where(below.any(2), crossing[..., 0], torch.nan)


def _power(a: Answers) -> Tensor | Absent:
    """Power of every wave in the answers less their means, ``(R, C, H, W)``."""
    if len(a.space.shape) != PLANE or a.space.symbols not in {None, 2}:
        return Absent(f"answers must lie on a plane of values, not {a.space}")
    plane = a.response.reshape(*a.response.shape[:2], *a.space.shape).double()
    power: Tensor = torch.fft.fft2(plane - plane.mean((2, 3), keepdim=True)).abs().square()
    return power


def _radius(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Waves per place of every coefficient, ``(H, W)``."""
    down, across = (torch.fft.fftfreq(side, dtype=like.dtype) for side in shape)
    radius: Tensor = (down[:, None].square() + across.square()).sqrt()
    return radius


def _places(side: int) -> Tensor:
    """Distances along one periodic axis from its first place."""
    places = torch.arange(side)
    return places.minimum(side - places)
