"""What teaches a Hatchling to keep pairs in mind: pairs, noise in between, then keys again.

Keys and values are drawn anew for every sequence: nothing about a pair can be in the weights, they
can only learn how ρ is to tell what came after what. Keys are asked with replacement, since the
last of a round would be known by elimination.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from memlab.bdh.hatchling import SPREAD, Hatchling, Weights, blank
from memlab.bdh.training import Training, trained
from memlab.draws import Draws

KEPT = 64  # courses that a process remembers
VALIDATED = 64  # sequences that are never learned from
THRESHOLD = 1.8  # of a neuron at first, in standard deviations of what drives it


@final
@dataclass(frozen=True)
class Lesson:
    """Tokens are keys, then values, then noise."""

    keys: int
    values: int
    noises: int  # tokens that mean nothing
    pairs: int = 4  # of a sequence, at most
    gap: int = 3  # tokens of noise after each, at most
    rounds: int = 2  # of as many questions as there are pairs
    sequences: int = 48  # of a step

    def __post_init__(self) -> None:
        if not 2 <= self.pairs <= self.keys or self.values < 2:
            raise ValueError(
                "a lesson must have 2 values or more and 2 pairs or more, up to one for each of "
                f"keys={self.keys}, got values={self.values} and pairs={self.pairs}"
            )
        if min(self.noises, self.rounds, self.sequences) < 1 or self.gap < 0:
            raise ValueError(
                "noises, rounds and sequences must be 1 or more and gap 0 or more, got "
                f"{self.noises}, {self.rounds}, {self.sequences} and {self.gap}"
            )

    @property
    def vocabulary(self) -> int:
        """All tokens there are."""
        return self.keys + self.values + self.noises


def sequences(lesson: Lesson, pairs: int, gap: int, draws: Draws) -> Tensor:
    """Sequences ``(R, B, pairs (2 + gap + 2 rounds))`` int64 of so many pairs and gaps."""
    shape = (lesson.sequences, pairs)
    key = draws.uniform("key", (shape[0], lesson.keys)).argsort(-1)[..., :pairs]
    value = lesson.keys + draws.integers("value", lesson.values, shape)
    noise = lesson.keys + lesson.values + draws.integers("noise", lesson.noises, (*shape, gap))
    asked = draws.integers("asked", pairs, (shape[0], lesson.rounds * pairs))
    shown = torch.cat([key[..., None], value[..., None], noise], -1)
    again = torch.stack([key.gather(2, asked), value.gather(2, asked)], -1)
    return torch.cat([shown.flatten(2), again.flatten(2)], -1)


def batch(lesson: Lesson, draws: Draws) -> Tensor:
    """The sequences of one step, of a random number of pairs and gaps, the same in all."""
    pairs = 2 + int(draws.integers("pairs", lesson.pairs - 1)[0])
    return sequences(lesson, pairs, int(draws.integers("gap", lesson.gap + 1)[0]), draws)


def known(lesson: Lesson, tokens: Tensor) -> Tensor:
    """Which tokens of ``(R, B, T + 1)`` but the first can be known, ``(R, B, T)`` bool.

    They come after a key that came before.
    """
    key = tokens[..., :-1]
    same = key[..., :, None] == key[..., None, :]
    return same.tril(-1).any(-1) & (key < lesson.keys)


def start(model: Hatchling, draws: Draws) -> Weights:
    """Random weights with which a Hatchling all but binds what follows to what came before.

    What writes out is what reads in, transposed: E = D_yᵀ and H from the embedding. So v carries
    what a layer found, whichever neurons were gated. All tokens share a direction c, against which
    D_x is set, so that few neurons fire, as after long training (paper, section 4.1), and two keys
    share few of them; D_y and E do not see c. All are larger than as released: so little is said by
    few neurons with small weights that the epsilon of the layer norms would silence it.
    """
    raw, unit = blank(model, draws), model.width**-0.5
    c = _direction(draws.normal("shared", (model.width,)))[:, :, None]  # (R, d, 1)
    z = raw.embedding / SPREAD
    z = z - z @ c @ c.mT
    d_x, d_y = (unit / SPREAD * (w - c[:, None] @ (c[:, None].mT @ w)) for w in (raw.d_x, raw.d_y))
    return Weights(
        embedding=z + c.mT / unit,
        d_x=d_x - THRESHOLD * unit * c[:, None],
        d_y=d_y,
        e=d_y.mT.contiguous(),
        head=unit * z.mT,
    )


def _direction(z: Tensor) -> Tensor:
    """Of ``z (R, d)``, as a layer norm leaves it: of mean 0 and length 1."""
    return normalize(z - z.mean(-1, keepdim=True), dim=-1)


@lru_cache(maxsize=KEPT)
def taught(model: Hatchling, lesson: Lesson, course: Training, draws: Draws) -> Weights:
    """The weights after such a course; a process takes the same course once."""
    longest = replace(lesson, sequences=VALIDATED)
    with torch.enable_grad():
        return trained(
            model,
            start(model, draws.at("start")),
            course,
            lambda step: batch(lesson, draws.at("batch", step)),
            draws.at("course"),
            validation=sequences(longest, lesson.pairs, lesson.gap, draws.at("validation")),
            counted=lambda tokens: known(lesson, tokens),
        ).weights
