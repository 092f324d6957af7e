"""What Hebbian layers are shown: concepts in a stream of noise, pairs, and random sparse codes."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.hebbian.winners import check_winners, won


@final
@dataclass(frozen=True)
class Stream:
    """Batches of noise, a concept token in some of the sequences; as published by default.

    Tokens below ``first_noise`` are never noise: they are for concepts, and for what is never
    shown.
    """

    vocabulary: int = 50
    first_noise: int = 3
    sequences: int = 1000  # of a batch
    length: int = 10  # tokens of a sequence
    probability: float = 0.3  # that a sequence holds the concept, at one random place

    def __post_init__(self) -> None:
        if not 0 <= self.first_noise < self.vocabulary:
            raise ValueError(
                f"first_noise must be in [0, vocabulary={self.vocabulary}), got {self.first_noise}"
            )
        if self.sequences < 1 or self.length < 1:
            raise ValueError(
                f"sequences and length must be 1 or more, got {self.sequences} and {self.length}"
            )
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be in [0, 1], got {self.probability}")

    def share(self, concept: int | None) -> Tensor:
        """The expected share ``(V,)`` of every token."""
        noise = 0.0 if concept is None else self.probability / self.length
        share = torch.full((self.vocabulary,), (1 - noise) / (self.vocabulary - self.first_noise))
        share[: self.first_noise] = 0
        if concept is not None:
            share[concept] += noise
        return share


def concept_stream(stream: Stream, concept: int | None, draws: Draws) -> tuple[Tensor, Tensor]:
    """One batch ``(R, sequences, length)`` int64, and which sequences hold the concept, bool.

    A concept of None is noise alone, with the same noise at all other places.
    """
    if concept is not None and not 0 <= concept < stream.vocabulary:
        raise ValueError(f"concept must be in 0 … {stream.vocabulary - 1}, got {concept}")
    shape = (stream.sequences, stream.length)
    noise = draws.integers("noise", stream.vocabulary - stream.first_noise, shape)
    tokens = noise + stream.first_noise
    if concept is None:
        return tokens, torch.zeros(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
    holds = draws.uniform("holds", (stream.sequences,)) < stream.probability
    place = draws.integers("place", stream.length, (stream.sequences, 1))
    here = tokens.new_full(place.shape, concept)
    placed = torch.where(holds[..., None], here, tokens.gather(2, place))
    return tokens.scatter(2, place, placed), holds


def attribute_pairs(concepts: int, attributes: int, draws: Draws) -> Tensor:
    """Every concept with a random attribute, ``(R, concepts, 2)`` int64, in random order.

    Concepts are tokens from 0, attributes those that follow them; a guess is right once in
    ``attributes``.
    """
    if concepts < 1 or attributes < 2:
        raise ValueError(
            f"pairs need 1 concept and 2 attributes or more, got {concepts} and {attributes}"
        )
    concept = draws.permutation("concepts", concepts)
    attribute = concepts + draws.integers("attributes", attributes, (concepts,))
    return torch.stack([concept, attribute], -1)


def sparse_codes(count: int, units: int, winners: int, draws: Draws) -> Tensor:
    """Random codes ``(R, count, H)`` bool with exactly k units on, any of them."""
    check_winners(winners, units)
    return won(draws.uniform("codes", (count, units)), winners)
