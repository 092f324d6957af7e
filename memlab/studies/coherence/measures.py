"""Measures of how firmly two signals keep their phases, with what each gives by chance.

All take cross-spectra ``x conj(y)`` of analytic signals and reduce one axis of observations, which
must be independent of one another for the nulls to be right: trials are, neighbouring samples of a
narrow band are not.
"""

import numpy as np
from scipy.fft import fft, ifft, next_fast_len

from memlab.draws import Draws
from memlab.studies.coherence.signals import Floats, Phasors

ROUNDING = 1e-12  # a phase this close to 0 or pi is there


def phase_locking_value(cross: Phasors, axis: int) -> Floats:
    """PLV = |mean exp(i dphi)|, in 0 … 1 (Lachaux et al. 1999)."""
    locked: Floats = np.abs(_unit(cross).mean(axis))
    return locked


def plv_by_chance(observations: float) -> float:
    """The PLV of so many independent random phases: sqrt(pi / 4n), for large n."""
    return float(np.sqrt(np.pi / (4 * observations)))


def pairwise_phase_consistency(cross: Phasors, axis: int) -> Floats:
    """PPC = (n PLV^2 - 1) / (n - 1), 0 by chance for every n (Vinck et al. 2010)."""
    n = cross.shape[axis]
    consistent: Floats = (n * phase_locking_value(cross, axis) ** 2 - 1) / (n - 1)
    return consistent


def separated_phase_consistency(cross: Phasors, gap: int) -> Floats:
    """PPC along the last axis, of pairs of samples at least ``gap`` apart.

    The plain PPC counts neighbours, which agree by themselves, as evidence of locking.
    """
    n = cross.shape[-1]
    if not 1 <= gap < n:
        raise ValueError(f"gap must be in [1, {n - 1}] for {n} samples, got {gap}")
    spectrum = np.abs(fft(_unit(cross), next_fast_len(2 * n), axis=-1)) ** 2
    agreement = ifft(spectrum, axis=-1).real[..., gap:n].sum(-1)  # pairs gap … n - 1 apart
    found: Floats = agreement / ((n - gap) * (n - gap + 1) / 2)
    return found


def weighted_phase_lag_index(cross: Phasors, axis: int | tuple[int, ...]) -> Floats:
    """The wPLI = |mean Im| / mean |Im|, in 0 … 1, blind to zero lag (Vinck et al. 2011).

    0 where no observation has an imaginary part beyond rounding.
    """
    imaginary = np.where(np.abs(cross.imag) > ROUNDING * np.abs(cross), cross.imag, 0.0)
    lead = np.abs(imaginary.mean(axis))
    size = np.abs(imaginary).mean(axis)
    led: Floats = np.divide(lead, size, out=np.zeros_like(lead), where=size > 0)
    return led


def wpli_by_chance(observations: float) -> float:
    """The wPLI of so many independent Gaussian pairs: 2 / sqrt(pi n), for large n.

    The imaginary part of such a pair has a Laplace distribution, E x^2 = 2 (E |x|)^2.
    """
    return float(2 / np.sqrt(np.pi * observations))


def mispaired(second: Phasors, draws: Draws) -> Phasors:
    """The trials of a channel ``(R, trials, samples)``, none left at its own place.

    With the first channel as it is, this keeps all of either channel but what they share by trial.
    """
    trials = second.shape[1]
    shifts = 1 + draws.integers("mispaired", trials - 1).numpy()  # (R,)
    order = (np.arange(trials) + shifts[:, None]) % trials
    moved: Phasors = np.take_along_axis(second, order[..., None], axis=1)
    return moved


def _unit(cross: Phasors) -> Phasors:
    phases: Phasors = np.exp(1j * np.angle(cross))
    return phases
