"""Handwritten digits."""

from functools import cache
from typing import Annotated, Literal, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import interpolate

from memlab.draws import Draws
from memlab.patterns.normalise import Alphabet, Normalise, prepared, telling
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, Portion, Side, numbered, replicated
from memlab.space import Space

Digit: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=9)]


@final
@checked(frozen=True)
class Digits(PatternSource):
    """Images of handwritten digits, 8 × 8 with 17 grey values, enlarged.

    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998); the 1797
    images of its test part, as scikit-learn ships them.
    """

    size: Annotated[Side, Field(ge=8)] = 32  # pixels / side
    alphabet: Alphabet = "binary"
    threshold: Portion = 0.5  # share of full ink above which a pixel is lit, binary only
    normalise: Normalise = "none"  # over all digits of these classes; binary: above their median
    resize: Literal["nearest", "bilinear"] = "bilinear"
    classes: Annotated[tuple[Digit, ...], Field(min_length=1)] = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    @property
    def space(self) -> Space:
        return Space((self.size, self.size), 2 if self.alphabet == "binary" else None)

    def draw(self, count: int, draws: Draws) -> Tensor:
        pool = self._pool()
        if count > len(pool):
            raise ValueError(
                f"{count} patterns were asked for, but there are {len(pool)} distinct digits of "
                f"classes {sorted(set(self.classes))}; ask for fewer or allow more classes"
            )
        return replicated(lambda own: pool[own.permutation("digit", len(pool))[0, :count]], draws)

    def names(self, count: int) -> tuple[str, ...]:
        return numbered("digit", count)

    def _pool(self) -> Tensor:
        """Every distinct image of these classes, ``(N, size, size)``, in the order of the set."""
        images, labels = _digits()
        chosen = images[torch.isin(labels, torch.tensor(self.classes))]
        if self.resize == "nearest":
            large = interpolate(chosen[:, None], size=self.size, mode="nearest-exact")[:, 0]
        else:
            large = interpolate(chosen[:, None], size=self.size, mode="bilinear")[:, 0]
        return telling(
            prepared(
                large,
                normalise=self.normalise,
                alphabet=self.alphabet,
                threshold=self.threshold,
            )
        )


@cache
def _digits() -> tuple[Tensor, Tensor]:
    """All images ``(1797, 8, 8)`` in [0, 1], and their labels."""
    loaded = load_digits()
    return torch.from_numpy(loaded.images).float() / 16, torch.from_numpy(loaded.target)
