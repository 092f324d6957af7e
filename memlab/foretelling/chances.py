"""What a medium expects next, symbol by symbol, told by how it completes what came before."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.space import Cue, Item, Space

if TYPE_CHECKING:
    from memlab.substrate import Engram, Meter, Substrate

DOUBT = 1e-3  # share of an answer that is spread evenly: no symbol that may come is impossible
ROOM = 2**22  # probabilities that are held at once


def alphabet(space: Space) -> int:
    """How many symbols may come next; ValueError for graded values, which are no symbols."""
    if space.symbols is None:
        raise ValueError(
            f"what comes next is foretold of patterns of symbols, got {space}; take patterns "
            "of strings or binary ones"
        )
    return space.symbols


def foretold(
    substrate: "Substrate", engram: "Engram", patterns: Tensor, draws: Draws, meter: "Meter"
) -> Tensor:
    """The chance of every symbol at each place ``(R, C, size, A)``, a cue for each prefix.

    What came before is given and certain; the answer at the next place counts, less some doubt.
    Padding, of which nothing is asked, is even.
    """
    space, symbols = substrate.space, alphabet(substrate.space)
    told = patterns.new_full((*patterns.shape[:2], space.size, symbols), 1 / symbols)
    valid = space.valid(patterns).flatten(2)
    which, places = valid.any(0).nonzero(as_tuple=True)  # (Q) each
    aside, block = meter.part(0, 0), max(1, ROOM // (len(patterns) * space.size * symbols))
    for some, at in zip(torch.split(which, block), torch.split(places, block), strict=True):
        cue = _prefixes(patterns[:, some], at)
        response = substrate.read(engram, cue, draws, aside).response
        told[:, some, at] = _next(space, response, at).to(told)
    meter.tick(aside.ticks)
    return torch.where(valid[..., None], told, 1 / symbols)


def studied(
    substrate: "Substrate", engram: "Engram", items: Item, draws: Draws, meter: "Meter"
) -> Tensor:
    """Write items one by one; the nats ``(R, N)`` of each, as foretold just before."""
    nats = []
    for n in range(items.values.shape[1]):
        aside = meter.part(0, 0)
        item = Item(items.values[:, n], items.valid[:, n], items.salience[:, n])
        one = item.values[:, None]
        chances = substrate.foretell(engram, one, draws.at(n), aside)
        nats.append(surprise(chances, one, substrate.space).nansum(-1)[:, 0])
        substrate.write(engram, item, draws.at(n), aside)
        meter.tick(aside.ticks)
    return torch.stack(nats, dim=1)


def surprise(chances: Tensor, patterns: Tensor, space: Space) -> Tensor:
    """-log of the chance ``(R, C, size, A)`` that each symbol had, ``(R, C, size)`` nats.

    NaN on padding.
    """
    symbols = patterns.flatten(2).long()
    own = chances.gather(-1, symbols[..., None])[..., 0].double()
    return torch.where(space.valid(patterns).flatten(2), -own.log(), torch.nan)


def _prefixes(patterns: Tensor, places: Tensor) -> Cue:
    """Cues ``(R, Q, *shape)`` that give of each pattern what comes before a place ``(Q)``."""
    flat = patterns.flatten(2)
    before = torch.arange(flat.shape[2], device=flat.device) < places[:, None]
    given = before.expand(flat.shape).reshape(patterns.shape)
    return Cue(patterns * given, given=given, certain=given)


def _next(space: Space, response: Tensor, places: Tensor) -> Tensor:
    """What answers ``(R, Q, *shape[, A])`` say of one place each, as chances ``(R, Q, A)``."""
    symbols = alphabet(space)
    flat = response.reshape(*response.shape[:2], space.size, -1).double()
    own = flat[:, torch.arange(len(places)), places]
    chances = torch.cat([1 - own, own], -1) if own.shape[-1] == 1 else own
    chances = chances.nan_to_num(0).clamp(min=0)
    total = chances.sum(-1, keepdim=True)
    even = torch.full_like(chances, 1 / symbols)
    sure = torch.where(total > 0, chances / total.clamp(min=torch.finfo(total.dtype).tiny), even)
    return (1 - DOUBT) * sure + DOUBT / symbols
