"""The user's own images and arrays."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, final
from zipfile import BadZipFile

import numpy as np
import torch
from PIL import Image
from pydantic.dataclasses import dataclass as checked
from torch import Tensor
from torch.nn.functional import interpolate

from memlab.draws import Draws
from memlab.patterns.normalise import Alphabet, Normalise, prepared
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, Portion, Side, numbered, replicated, told_apart
from memlab.space import Space

IMAGES = (".png", ".jpg", ".jpeg")
ARRAYS = (".npy", ".npz")
PLANE = 2  # axes
DEEPEST = 65535  # white of a 16-bit image; one of 8 bits has 255


@final
@checked(frozen=True)
class Folder(PatternSource):
    """Images and 2-D arrays in [0, 1] out of one folder, in the order of their file names.

    Images become grey; all are stretched to a square. An .npz gives one pattern per array.
    """

    path: Path  # a folder with .png, .jpg, .npy or .npz files
    size: Side = 32  # pixels / side
    alphabet: Alphabet = "binary"
    threshold: Portion = 0.5  # grey value above which a pixel is lit, binary only
    lit: Literal["bright", "dark"] = "bright"  # dark: ink on paper
    normalise: Normalise = "none"  # over all files; binary: lit above their median at a pixel
    order: Literal["listed", "random"] = "listed"  # random: each replicate draws its own
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse a folder that is not there or holds nothing readable."""
        try:
            found = self._files()
        except (OSError, RuntimeError, ValueError) as error:  # missing, closed to us, no such ~user
            why = error.strerror if isinstance(error, OSError) else error
            raise ValueError(
                f"path must be a folder that can be read, got {str(self.path)!r}: {why}"
            ) from error
        if not found:
            raise ValueError(
                f"path must hold {', '.join(IMAGES + ARRAYS)} files, found none in "
                f"{str(self.path)!r}"
            )

    @property
    def space(self) -> Space:
        return Space((self.size, self.size), 2 if self.alphabet == "binary" else None)

    def draw(self, count: int, draws: Draws) -> Tensor:
        named = self._patterns(count)
        pool = torch.stack([pattern for _, pattern in named])
        if self.order == "listed":
            return replicated(lambda _: pool[:count], draws)
        return replicated(lambda own: pool[own.permutation("file", len(pool))[0, :count]], draws)

    def names(self, count: int) -> tuple[str, ...]:
        named = self._patterns(count)
        if self.order == "random":
            return numbered("file", count)
        return told_apart(tuple(name for name, _ in named[:count]))

    def _files(self) -> list[Path]:
        files = self.path.expanduser().iterdir()
        return sorted(file for file in files if file.suffix.lower() in IMAGES + ARRAYS)

    def _patterns(self, count: int) -> list[tuple[str, Tensor]]:
        """Every pattern of the folder with its name; at least ``count``, all different."""
        named = [one for file in self._files() for one in _read(file)]
        if count > len(named):
            raise ValueError(
                f"{count} patterns were asked for, but {str(self.path)!r} holds {len(named)}; "
                "add files or ask for fewer"
            )
        names = [name for name, _ in named]
        greys = torch.stack([self._square(grey) for _, grey in named])
        patterns = prepared(
            greys, normalise=self.normalise, alphabet=self.alphabet, threshold=self.threshold
        )
        self._check(names, greys, patterns)
        return list(zip(names, patterns, strict=True))

    def _square(self, grey: Tensor) -> Tensor:
        """Grey values ``(H, W)`` as ``(size, size)``, 1 being what counts as lit."""
        square = interpolate(
            grey[None, None], size=(self.size, self.size), mode="bilinear", antialias=True
        )[0, 0].clamp(0, 1)
        return square if self.lit == "bright" else 1 - square

    def _check(self, names: list[str], greys: Tensor, patterns: Tensor) -> None:
        """Raise ValueError for a pattern without contrast, or two that are the same."""
        known: dict[bytes, str] = {}
        for name, grey, pattern in zip(names, greys, patterns, strict=True):
            if pattern.min() == pattern.max():
                raise ValueError(
                    f"a pattern must have contrast, but {name!r} is {pattern.min():g} everywhere "
                    f"(its values span {grey.min():.3g} … {grey.max():.3g}, "
                    f"threshold={self.threshold}, normalise={self.normalise}); change threshold or "
                    "remove the file"
                )
            twin = known.setdefault(pattern.numpy().tobytes(), name)
            if twin != name:
                raise ValueError(
                    f"patterns must differ, but {twin!r} and {name!r} are the same at "
                    f"size={self.size}; remove one, or raise size or change threshold"
                )


def _read(file: Path) -> list[tuple[str, Tensor]]:
    """The name and the grey values ``(H, W)`` in [0, 1] of everything in one file."""
    if file.suffix.lower() in IMAGES:
        return [(file.stem, _grey(file))]
    with _complaining(file):
        loaded = np.load(file, allow_pickle=False)
        if file.suffix.lower() == ".npy":
            arrays = {file.stem: loaded}
        else:
            with loaded:
                arrays = {f"{file.stem}_{name}": loaded[name] for name in sorted(loaded.files)}
    return [(name, _plane(name, values)) for name, values in arrays.items()]


def _grey(file: Path) -> Tensor:
    """An image's brightness ``(H, W)``, 1 is white."""
    with _complaining(file), Image.open(file) as image:
        if image.mode.startswith("I"):  # 16 bits, which a conversion to 8 would clip
            return torch.from_numpy(np.asarray(image, dtype=np.float32) / DEEPEST)
        return torch.from_numpy(np.asarray(image.convert("L"), dtype=np.float32) / 255)


@contextmanager
def _complaining(file: Path) -> Iterator[None]:
    """Say which file it was that cannot be read."""
    try:
        yield
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise ValueError(f"{file.name} cannot be read: {error}") from error


def _plane(name: str, values: np.ndarray) -> Tensor:
    """An array's values ``(H, W)``, refused unless they are a plane of numbers in [0, 1]."""
    if values.ndim != PLANE or not values.size:
        raise ValueError(
            f"{name} must be one 2-D array, got shape {values.shape}; "
            "save several planes as the arrays of one .npz"
        )
    if values.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, got dtype {values.dtype}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, but holds NaN or infinity")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"{name} must lie in [0, 1], got [{values.min():g}, {values.max():g}]; "
            "divide it by its largest possible value"
        )
    return torch.from_numpy(values.astype(np.float32))
