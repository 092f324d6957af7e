"""What the layers of the noise-to-memory experiment share: tokens in, winners, attributes out."""

from abc import abstractmethod
from typing import Annotated, TypeAlias

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.draws import Draws
from memlab.hebbian.features import Projection, drawn
from memlab.hebbian.growth import rank_one_share
from memlab.hebbian.streams import Stream, concept_stream
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate

BYTES = 4  # of a float32
COLUMNS = 2  # a token, and its attribute
RESERVED = 3  # tokens that noise never is: never shown, the concept, and the one that interferes
UNKNOWN = 1e-6  # least share of an answer that goes to all symbols alike

Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Share: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Rate: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class ConceptLayer(Substrate):
    """A Hebbian layer that reads a stream of tokens, and a read-out of what its winners evoke.

    A presentation is so many ``steps``: batches of noise, in which the item's token replaces one at
    random of a sequence with a ``probability``. Noise is never one of the first three tokens. The
    layer learns from all tokens alike, as it was published. The labels, which were not used there,
    serve the read-out: for the winners y of the token W ← W + strength (attribute - W y / k) yᵀ,
    once in a presentation in which it occurred. In every step, with input or without, a share
    ``fading`` of W is lost. What W y / k lacks of 1 is given to all symbols alike: so much is not
    known.
    """

    space: Space
    units: Count = 128
    winners: Count = 5
    features: Count = 128
    embedding: Count = 64
    steps: Count = 25  # of a presentation
    sequences: Count = 1000  # of a step
    length: Count = 10  # tokens of a sequence
    probability: Share = 0.3  # that a sequence holds the item's token
    strength: Share = 1.0  # of the read-out: 1 corrects it wholly in one presentation
    fading: Share = 0.0  # share of the read-out lost per step
    plastic: bool = True  # false leaves the layer as it began; the read-out still learns

    def __post_init__(self) -> None:
        """Refuse patterns that are no tokens with an attribute."""
        symbols = self.space.symbols
        if self.space.shape != (COLUMNS,) or symbols is None or symbols <= RESERVED:
            raise ValueError(
                "a layer of concepts holds tokens with an attribute, pairs of more than "
                f"{RESERVED} symbols (patterns=concepts), got {self.space}"
            )

    @abstractmethod
    def beginning(self, draws: Draws, seen: Tensor) -> dict[str, Part]:
        """What the layer remembers before anything; ``seen (R, V, F)`` are all tokens."""

    @abstractmethod
    def learn(
        self, engram: Engram, seen: Tensor, batches: Tensor, salience: Tensor, meter: Meter
    ) -> None:
        """Learn from ``batches (R, T, B)`` of tokens, as much as the salience ``(R,)`` says."""

    @abstractmethod
    def weights(self, engram: Engram) -> Tensor:
        """All weights of the layer, ``(R, H, F)``."""

    @abstractmethod
    def activity(self, engram: Engram, seen: Tensor) -> Tensor:
        """The activity y ``(R, V, H)`` of every token."""

    @abstractmethod
    def layer_bytes(self) -> int:
        """Bytes of what the layer remembers, of one replicate."""

    def footprint(self) -> int:
        frozen = self.embedding * (self._symbols + self.features) + self.features
        return BYTES * (frozen + self.units * self._symbols) + self.layer_bytes()

    def blank(self, draws: Draws) -> Engram:
        made = drawn(
            draws,
            vocabulary=self._symbols,
            embedding=self.embedding,
            features=self.features,
        )
        seen = made.features()
        parts = {name: Part(one, Role.BODY) for name, one in vars(made).items()}
        evoked = seen.new_zeros((len(seen), self._symbols, self.units))
        return Engram(parts | self.beginning(draws.at("layer"), seen) | {"evoked": Part(evoked)})

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        token, attribute = self.space.check(item.values).long().unbind(1)
        seen = self._seen(engram)
        batches, holds = self._stream(token, draws)
        if self.plastic:
            self.learn(engram, seen, batches, item.salience, meter)
        self.weigh(engram, meter)
        self.fade(engram, 1)
        y = _winners(self.activity(engram, seen)[torch.arange(len(token)), token])  # (R, H)
        target = torch.nn.functional.one_hot(attribute, self._symbols).to(y)
        error = target - (engram["evoked"] @ y[..., None])[..., 0] / self.winners
        gain = (self.strength * item.salience).clamp(max=1) * holds
        engram["evoked"] = engram["evoked"] + (gain[:, None] * error)[..., None] * y[:, None]
        meter.tick(self.steps)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        values = self.space.check(cue.values.where(cue.given, 0.0))
        seen, told = self._seen(engram), cue.given[..., :1]
        token = values[..., :1].long().expand(-1, -1, self.units)
        activity = self.activity(engram, seen).gather(1, token) * told
        level = torch.bmm(_winners(activity), engram["evoked"].mT).clamp(min=0) / self.winners
        unknown = (1 - level.sum(-1, keepdim=True)).clamp(min=UNKNOWN)
        level = level + unknown / self._symbols  # (R, C, V)
        found = (level / level.sum(-1, keepdim=True))[:, :, None].expand(-1, -1, COLUMNS, -1)
        known = self.space.as_response(values)
        response = torch.where(cue.certain[..., None], known, found)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response, activity)

    def weigh(self, engram: Engram, meter: Meter) -> None:
        """Record how large the layer's weights are, and how much of them is of one direction."""
        weights = self.weights(engram)
        size = weights.abs().amax((1, 2))
        meter.add("largest_weight", self.steps, size)
        meter.add("mean_weight", self.steps, weights.abs().mean((1, 2)))
        if bool(size.isfinite().all()):
            meter.add("rank_one_share", self.steps, rank_one_share(weights))

    def fade(self, engram: Engram, presentations: int) -> None:
        """What time alone takes from the read-out."""
        engram["evoked"] = engram["evoked"] * (1 - self.fading) ** (presentations * self.steps)

    @property
    def _symbols(self) -> int:
        return self.space.symbols or 0

    def _seen(self, engram: Engram) -> Tensor:
        """Features ``(R, V, F)`` of all tokens."""
        return Projection(*(engram[name] for name in ("embedding", "weight", "bias"))).features()

    def _stream(self, token: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
        """Batches ``(R, steps, sequences · length)``, and whether they hold the token ``(R,)``."""
        stream = Stream(self._symbols, RESERVED, self.sequences, self.length, self.probability)
        found, holds = [], torch.zeros_like(token, dtype=torch.bool)
        for n in range(self.steps):
            batch, has = concept_stream(stream, 0, draws.at("step", n))
            own = torch.where(batch == 0, token[:, None, None], batch)  # noise is never token 0
            found.append(own.flatten(1))
            holds = holds | has.any(1)
        return torch.stack(found, 1), holds


def _winners(activity: Tensor) -> Tensor:
    """The units that won, as zeros and ones; what is not finite lost."""
    return (activity.isfinite() & (activity != 0)).to(activity)
