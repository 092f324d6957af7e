"""Spectrograms of three synthetic vowels: two sines at the formants each, no recorded speech."""

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import stft
from torch import Tensor
from torch.nn.functional import interpolate

Floats: TypeAlias = NDArray[np.float64]

FORMANTS = {"a": (700.0, 1200.0), "i": (300.0, 2300.0), "u": (300.0, 900.0)}  # Hz
RATE = 22_050  # Hz
DURATION = 0.5  # s
WINDOW, HOP = 512, 256  # samples
QUIET = 1e-10  # magnitude added before the logarithm: the floor lies at -200 dB
SPAN = 1e-8  # added to the range that is stretched over 0 … 1


def patterns(side: int) -> Tensor:
    """The three spectrograms as patterns ``(3, side, side)`` in [0, 1], in the order a, i, u."""
    return torch.stack([spectrogram(vowel(*formants), side) for formants in FORMANTS.values()])


def vowel(first: float, second: float) -> Floats:
    """Half a second of two formants (Hz) under a Hann envelope, largest value 1."""
    t = np.arange(round(RATE * DURATION)) / RATE
    sound = np.sin(2 * np.pi * first * t) + 0.5 * np.sin(2 * np.pi * second * t)
    sound *= np.hanning(t.size)
    return np.asarray(sound / np.abs(sound).max(), dtype=np.float64)


def spectrogram(sound: Floats, side: int) -> Tensor:
    """Level in dB over frequency and time, resized to ``(side, side)`` and stretched to [0, 1]."""
    _, _, bins = stft(sound, RATE, nperseg=WINDOW, noverlap=WINDOW - HOP)
    level = torch.from_numpy(20 * np.log10(np.abs(bins) + QUIET))
    plane = interpolate(level[None, None], (side, side), mode="bilinear", align_corners=False)[0, 0]
    return (plane - plane.min()) / (plane.max() - plane.min() + SPAN)
