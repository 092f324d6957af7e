"""Photographs of faces, and of what is none."""

from functools import cache
from importlib.util import find_spec
from typing import Annotated, Literal, final

import numpy as np
import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor
from torch.nn.functional import interpolate

from memlab.draws import Draws
from memlab.patterns.normalise import Alphabet, Normalise, prepared, telling
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, Portion, Side, replicated
from memlab.space import Space

MISSING = (
    "patterns=faces needs the images of scikit-image, which is not installed; "
    'pip install "memlab[faces]" brings it'
)
EACH = 100  # faces, and non-faces


@final
@checked(frozen=True)
class Faces(PatternSource):
    """100 faces and 100 pieces of background, 25 × 25, grey; each replicate draws its own order.

    G. B. Huang et al., Labeled Faces in the Wild, University of Massachusetts (2007); the subset
    that scikit-image ships. Images that a threshold makes constant or equal are left out.
    """

    kind: Literal["faces", "non_faces", "both"] = "faces"  # both: faces first, then non-faces
    faces: Annotated[int, Field(strict=True, ge=1, le=EACH)] = 16  # of both: how many come first
    size: Annotated[Side, Field(ge=8)] = 25  # pixels / side; the originals have 25
    alphabet: Alphabet = "graded"
    threshold: Portion = 0.5  # grey value above which a pixel is lit, binary only
    normalise: Normalise = "none"  # over all images of the kind; binary: lit above their median
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    def __post_init__(self) -> None:
        """Refuse to go on without the images."""
        if find_spec("skimage") is None:
            raise ValueError(MISSING)

    @property
    def space(self) -> Space:
        return Space((self.size, self.size), 2 if self.alphabet == "binary" else None)

    def draw(self, count: int, draws: Draws) -> Tensor:
        pools = self._pools()
        wanted = self._counts(count)
        for word, pool in pools.items():
            if wanted[word] > len(pool):
                raise ValueError(
                    f"{wanted[word]} {word} were asked for, but there are {len(pool)} that differ "
                    "at this size and threshold; ask for fewer, or use alphabet=graded"
                )

        def own(draws: Draws) -> Tensor:
            chosen = [
                pool[draws.permutation(word, len(pool))[0, : wanted[word]]]
                for word, pool in pools.items()
            ]
            return torch.cat(chosen)

        return replicated(own, draws)

    def names(self, count: int) -> tuple[str, ...]:
        counts = self._counts(count)
        return tuple(f"{word[:-1]}_{k}" for word, number in counts.items() for k in range(number))

    def _counts(self, count: int) -> dict[str, int]:
        """How many of the first so many items are faces, and how many are not."""
        first = {"faces": count, "non_faces": 0, "both": min(count, self.faces)}[self.kind]
        return {"faces": first, "non_faces": count - first}

    def _pools(self) -> dict[str, Tensor]:
        """The images of each kind, ``(P, size, size)``, prepared together."""
        images = _images()
        used = {"faces": images[:EACH], "non_faces": images[EACH:], "both": images}[self.kind]
        square = interpolate(
            used[:, None], size=(self.size, self.size), mode="bilinear", antialias=True
        )[:, 0].clamp(0, 1)
        ready = prepared(
            square, normalise=self.normalise, alphabet=self.alphabet, threshold=self.threshold
        )
        faces = 0 if self.kind == "non_faces" else EACH
        return {"faces": telling(ready[:faces]), "non_faces": telling(ready[faces:])}


@cache
def _images() -> Tensor:
    """All images ``(200, 25, 25)`` in [0, 1], faces first."""
    from skimage.data import lfw_subset

    return torch.from_numpy(np.asarray(lfw_subset(), dtype=np.float32))
