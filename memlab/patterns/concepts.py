"""Concepts of a token stream, each with an attribute: the next token that is to be named."""

from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.patterns.source import PatternSource, replicated
from memlab.space import Space

Vocabulary: TypeAlias = Annotated[int, Field(strict=True, ge=5, le=65_536)]

FIRST = ("zypher", "zyphrex", "never_shown")  # tokens that noise never is
TOKENS = (1, 2, 0)  # of these, as published


@final
@checked(frozen=True)
class Concepts(PatternSource):
    """Pairs of a token and its attribute, which is another token, drawn for every replicate.

    The first item is the concept (token 1), the second the one that interferes (2), the third is
    never shown (0); all others are tokens of the noise, from 3 on, and so are the attributes. A
    guess is right once in ``vocabulary - 3``.
    """

    vocabulary: Vocabulary = 50
    salience: Salience = 1.0  # of each item: one for all, a list, or {low, high} to draw from

    @property
    def space(self) -> Space:
        return Space((2,), self.vocabulary)

    def draw(self, count: int, draws: Draws) -> Tensor:
        if count > self.vocabulary:
            raise ValueError(
                f"there are as many concepts as tokens, vocabulary={self.vocabulary}, but the "
                f"protocol needs {count}; raise the vocabulary or lower the items"
            )
        return replicated(lambda own: torch.stack([self._one(k, own) for k in range(count)]), draws)

    def names(self, count: int) -> tuple[str, ...]:
        return (*FIRST[:count], *(f"noise_{k}" for k in range(len(FIRST), count)))

    def _one(self, k: int, draws: Draws) -> Tensor:
        token = TOKENS[k] if k < len(TOKENS) else k
        noise = [t for t in range(len(TOKENS), self.vocabulary) if t != token]
        return torch.tensor([token, noise[int(draws.at("item", k).integers("of", len(noise)))]])
