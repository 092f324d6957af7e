"""What comes next, foretold with one thing taken away: the floors of a forecast.

Each floor is a function of one `Outlook` and gives a surprise; probabilities are made block by
block and never kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.draws import Draws
from memlab.foretelling.chances import ROOM, alphabet, surprise
from memlab.space import Space
from memlab.substrate import Engram, Meter, Substrate
from memlab.text.ngrams import KneserNey, Law, WittenBell, learned

ALIKE = "another replicate was shown most of the same patterns: its memory is no floor"
LAWS: dict[str, Law] = {"witten_bell": WittenBell(), "kneser_ney": KneserNey()}


@final
@dataclass(frozen=True)
class Outlook:
    """One round of foretelling: the medium, its memory, and the patterns that will come."""

    substrate: Substrate
    engram: Engram
    blank: Engram  # the same medium before it was shown anything
    truth: Tensor  # (R, C, *shape)
    presented: Tensor  # (R, P, *shape) what this memory was shown, in order, with repeats
    draws: Draws
    meter: Meter

    @property
    def space(self) -> Space:
        """The space the patterns are of."""
        return self.substrate.space

    def chances(self, engram: Engram) -> Iterator[tuple[slice, Tensor]]:
        """Blocks of patterns and the chances ``(R, block, size, A)`` that a memory gives them."""
        replicates, count = self.truth.shape[:2]
        block = max(1, ROOM // (replicates * self.space.size * alphabet(self.space)))
        for first in range(0, count, block):
            some = slice(first, min(first + block, count))
            truth = self.truth[:, some]
            yield some, self.substrate.foretell(engram, truth, self.draws, self.meter)

    def ask(self, engram: Engram) -> Tensor:
        """How surprising each symbol is to a memory, ``(R, C, size)`` nats, NaN on padding."""
        blocks = [
            surprise(chances, self.truth[:, some], self.space)
            for some, chances in self.chances(engram)
        ]
        return torch.cat(blocks, dim=1)


Floor: TypeAlias = Callable[[Outlook], Tensor | Absent]


def blank(outlook: Outlook) -> Tensor:
    """Floor: a memory that was shown nothing."""
    return outlook.ask(outlook.blank)


def scrambled(outlook: Outlook) -> Tensor:
    """Floor: the memory's entries in a random order; statistics kept, content destroyed."""
    return outlook.ask(outlook.substrate.scramble(outlook.engram, outlook.draws.at("scrambled")))


def other(outlook: Outlook) -> Tensor | Absent:
    """Floor: another replicate's whole memory. The partner is id xor 1, so R does not matter."""
    if len(outlook.draws.replicates) < 2:
        return Absent("needs at least two replicates")
    if (outlook.truth == outlook.truth[:1]).all():
        return Absent("every replicate is asked for the same patterns")
    if alike(outlook.presented, outlook.draws):
        return Absent(ALIKE)
    partner = partners(outlook.draws)
    return outlook.ask(outlook.engram.mapped(lambda x: x[partner.to(x.device)]))


def uniform(outlook: Outlook) -> Tensor:
    """Floor: every symbol as likely as any other."""
    even = torch.full(outlook.truth.shape, float(np.log(alphabet(outlook.space))))
    return _where_valid(even.double().flatten(2), outlook)


def ngram(outlook: Outlook, order: int, law: str = "witten_bell") -> Tensor | Absent:
    """Floor: the interpolated n-gram of all that this memory was shown."""
    if law not in LAWS:
        raise KeyError(f"no law {law!r} of n-grams; there are {sorted(LAWS)}")
    if outlook.presented.shape[1] == 0:
        return Absent("this memory was shown nothing")
    symbols, rows = alphabet(outlook.space), []
    valid = outlook.space.valid(outlook.presented).flatten(2).cpu().numpy()
    for shown, there, asked in zip(
        outlook.presented.flatten(2), valid, outlook.truth.flatten(2), strict=True
    ):
        strings, wanted = (x.cpu().numpy().astype(np.int64) for x in (shown, asked))
        model = learned(strings, there, symbols, order=order, law=LAWS[law])
        rows.append(torch.from_numpy(model.surprise(wanted)))
    return _where_valid(torch.stack(rows), outlook)


def alike(presented: Tensor, draws: Draws) -> bool:
    """Whether most of what was shown ``(R, P, *shape)`` was shown to the partner as well."""
    shown = [[row.tobytes() for row in rows.numpy()] for rows in presented.flatten(2).cpu()]
    known = [set(rows) for rows in shown]
    both = [
        sum(row in known[partner] for row in rows)
        for rows, partner in zip(shown, partners(draws).tolist(), strict=True)
    ]
    return 2 * sum(both) > sum(map(len, shown))


def partners(draws: Draws) -> Tensor:
    """The place of every replicate's partner: the one of id xor 1, or the first."""
    ids = draws.replicates
    return torch.tensor([ids.index(i ^ 1) if i ^ 1 in ids else 0 for i in ids])


def _where_valid(nats: Tensor, outlook: Outlook) -> Tensor:
    """Surprises ``(R, C, size)``, NaN on padding."""
    valid = outlook.space.valid(outlook.truth).flatten(2).cpu()
    return torch.where(valid, nats, torch.nan)
