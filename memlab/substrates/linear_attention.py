"""Linear attention on its own: one matrix of values under sparse positive keys, nothing trained."""

from typing import Annotated, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch.nn.functional import normalize

from memlab.bdh.keys import sparse_keys
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate

BYTES = 4  # of a float32
PAIR = 2  # symbols of an item
LEAST = 3  # symbols: with two, an answer is no distribution over them

Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Share: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=1)]


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class LinearAttention(Substrate):
    """What the state of a Dragon Hatchling can hold at best, apart from any training.

        write: ρ ← u ρ + salience · key valueᵀ      read: ρᵀ key, compared with all values (cosine)

    Every symbol has a random key, half-normal in a share ``active`` of the neurons and 0 elsewhere,
    and a random value. Positive keys share neurons, so that an answer carries a part of all that
    was written: the sparser they are, the smaller that part. Time alone damps by u per
    presentation. A. Schlag, K. Irie and J. Schmidhuber, ICML (2021).
    """

    space: Space
    neurons: Count = 1024  # N
    width: Count = 64  # of a value
    active: Share = 0.05  # share of the neurons in a key
    damping: Share = 1.0  # u, what a presentation leaves of ρ
    keys: Count | None = None  # symbols that are keys, the first; None: half of them
    sharpness: Annotated[float, Field(strict=True, gt=0, le=1000)] = 20.0  # of the answer

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold."""
        if self.space.shape != (PAIR,) or self._symbols < LEAST:
            raise ValueError(
                f"linear_attention holds pairs of a key and a value out of {LEAST} symbols or more "
                f"(patterns=pairs), got {self.space}"
            )
        if self._keys >= self._symbols:
            raise ValueError(
                f"keys must leave symbols for values, below {self._symbols}, got {self._keys}"
            )

    def footprint(self) -> int:
        tables = self._symbols * (self.neurons + self.width)
        return BYTES * (tables + self.neurons * self.width)

    def blank(self, draws: Draws) -> Engram:
        key = sparse_keys(self._symbols, self.neurons, self.active, draws)
        value = draws.normal("value", (self._symbols, self.width))
        rho = torch.zeros((len(key), self.neurons, self.width), device=draws.device)
        return Engram(
            {"key": Part(key, Role.BODY), "value": Part(value, Role.BODY), "rho": Part(rho)}
        )

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        row, (key, value) = torch.arange(len(item.values)), item.values.long().unbind(1)
        strength = torch.where(item.valid.all(1), item.salience, 0.0)[:, None, None]
        pair = engram["key"][row, key][:, :, None] * engram["value"][row, value][:, None]
        engram["rho"] = self.damping * engram["rho"] + strength * pair
        meter.tick(1)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        given, known = cue.given[..., :1], self.space.as_response(cue.values)
        token = torch.where(given, cue.values[..., :1], 0).long()
        key = engram["key"].gather(1, token.expand(-1, -1, self.neurons)) * given
        found = normalize(torch.bmm(key, engram["rho"]), dim=-1)
        likeness = torch.bmm(found, normalize(engram["value"], dim=-1).mT)  # (R, C, V)
        likeness[..., : self._keys] = -torch.inf
        told = (self.sharpness * likeness).softmax(-1)
        answer = torch.stack([torch.full_like(told, 1 / self._symbols), told], 2)
        response = torch.where(cue.certain[..., None], known, answer)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response, key)

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        engram["rho"] = self.damping**presentations * engram["rho"]
        meter.tick(presentations)

    @property
    def _symbols(self) -> int:
        return self.space.symbols or 0

    @property
    def _keys(self) -> int:
        return self._symbols // 2 if self.keys is None else self.keys
