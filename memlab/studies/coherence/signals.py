"""Two channels of synthetic EEG of which the coupling and every confound are known."""

import math
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, hilbert, sosfiltfilt, sosfreqz

from memlab.draws import Draws

Floats: TypeAlias = NDArray[np.float64]
Phasors: TypeAlias = NDArray[np.complex128]

RATE = 500  # samples/s
BAND = (30.0, 80.0)  # Hz
ORDER = 4  # of the Butterworth filter, run forwards and backwards
MAINS = 50.0  # Hz, inside the band
LAG = 0.004  # s from the first channel to the second
BACKGROUND = 0.5  # amplitude of the pink noise that each channel has for itself
# The rms of pink noise inside the band. It is the one free unit: only what is not pink, the mains,
# can tell it. Chosen so that a line of amplitude 1 gives the specified phase locking.
PINK_RMS = 0.66
SLOWEST = 1.0  # Hz; pink noise ends there
MARGIN = 0.5  # s on either side, filtered and then cut off, where the filter has its transients


@final
@dataclass(frozen=True)
class Recording:
    """Trials of two channels x, y: x(t) = n1 + shared s + line m + coupling g(t).

    y has the same terms with a background n2 of its own and g(t - LAG): g is a common source of
    the band, s a pink source that both electrodes see at once, m = sin(2 pi 50 t + phase) the mains
    with one phase per trial. All amplitudes are in the unit in which each background has 0.5.
    """

    trials: int = 60
    window: float = 1.0  # s
    coupling: float = 0.0
    line: float = 0.0
    shared: float = 0.0

    def __post_init__(self) -> None:
        if self.trials < 2:
            raise ValueError(f"a recording needs at least 2 trials, got {self.trials}")
        if not 1 / BAND[0] <= self.window <= 60:
            least = f"{1 / BAND[0]:.3f}"
            raise ValueError(f"window must be in [{least}, 60] s, got {self.window:g}")
        amplitudes = {"coupling": self.coupling, "line": self.line, "shared": self.shared}
        for name, amplitude in amplitudes.items():
            if not (math.isfinite(amplitude) and amplitude >= 0):
                raise ValueError(f"{name} must be an amplitude of at least 0, got {amplitude:g}")

    @property
    def length(self) -> int:
        """Samples of a trial before its margins are cut off."""
        return round((self.window + 2 * MARGIN) * RATE)


def analytic(recording: Recording, draws: Draws) -> tuple[Phasors, Phasors]:
    """The analytic signals of both channels in the band, each ``(R, trials, samples)``.

    The draws depend on the recording's size alone, so that recordings of one size differ in their
    amplitudes and in nothing else.
    """
    here = draws.at("recording", recording.trials, recording.length)
    first, second = (
        _in_band(channel)[..., _cut(recording)] for channel in channels(recording, here)
    )
    return first, second


def channels(recording: Recording, draws: Draws) -> tuple[Floats, Floats]:
    """What the two electrodes see, each ``(R, trials, length)``, margins included."""
    shape = (recording.trials, recording.length)
    both = recording.shared * pink("shared", shape, draws) + recording.line * _mains(shape, draws)
    first, second = (
        BACKGROUND * pink(name, shape, draws) + both for name in ("background x", "background y")
    )
    source = recording.coupling * filtered(pink("source", shape, draws))
    return first + source, second + np.roll(source, round(LAG * RATE), axis=-1)


def pink(name: str, shape: tuple[int, ...], draws: Draws) -> Floats:
    """Noise with power 1/f, ``(R, *shape)`` and periodic, of rms PINK_RMS inside the band."""
    white = draws.normal(name, shape).double().numpy()
    length = shape[-1]
    frequencies: Floats = np.fft.rfftfreq(length, 1 / RATE).astype(np.float64)
    gain = np.where(frequencies >= SLOWEST, 1 / np.sqrt(np.maximum(frequencies, SLOWEST)), 0.0)
    power = 2 / length * np.sum((gain * _response(frequencies)) ** 2)
    noise: Floats = np.fft.irfft(gain * np.fft.rfft(white), length)
    return noise * (PINK_RMS / float(np.sqrt(power)))


def filtered(signal: Floats) -> Floats:
    """A signal ``(…, samples)`` in the band, without shift of phase."""
    passed: Floats = sosfiltfilt(_sections(), signal, axis=-1)
    return passed


def _in_band(signal: Floats) -> Phasors:
    found: Phasors = hilbert(filtered(signal), axis=-1)
    return found


def _cut(recording: Recording) -> slice:
    start = round(MARGIN * RATE)
    return slice(start, start + round(recording.window * RATE))


def _mains(shape: tuple[int, int], draws: Draws) -> Floats:
    phases = 2 * np.pi * draws.uniform("line", (shape[0], 1)).double().numpy()
    wave: Floats = np.sin(2 * np.pi * MAINS * np.arange(shape[1]) / RATE + phases)
    return wave


def _response(frequencies: Floats) -> Floats:
    """What the filter, run both ways, leaves of an amplitude."""
    _, once = sosfreqz(_sections(), worN=frequencies, fs=RATE)
    twice: Floats = np.abs(once) ** 2
    return twice


def _sections() -> Floats:
    sections: Floats = butter(ORDER, BAND, btype="bandpass", fs=RATE, output="sos")
    return sections
