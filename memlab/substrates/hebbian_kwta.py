"""A Hebbian layer of k winners between patterns and an associative read-out."""

import math
from functools import cached_property
from typing import Annotated, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.draws import Draws
from memlab.hebbian.compiled import learned
from memlab.hebbian.features import Projection, drawn
from memlab.hebbian.stable import Rule, Stable, codes, rested
from memlab.hebbian.streams import Stream, concept_stream
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate
from memlab.substrates.traces import keep, layer_of, traces_of

BYTES = 4  # of a float32
FLAT = 1e-6  # a pattern shorter than this says nothing

Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Share: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Rate: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class HebbianKwta(Substrate):
    """A pattern wins k units, which learn to win it again and evoke what it was.

    What is given of a pattern, centred and scaled to one length, is embedded at random and
    rectified, h = (A e + a)₊, both frozen. The layer of ``memlab.hebbian.stable`` learns from steps
    of noise (random patterns) in which the item comes up with a ``probability``. Then a delta rule
    lets the item's winners evoke its values, W ← W + strength (v - W y / k) yᵀ. Time without input
    only fades the fast weights of the layer. Salience multiplies all that is learned.
    """

    space: Space
    units: Count = 512
    winners: Count = 16
    features: Count = 256
    embedding: Count = 64
    rule: Rule = "row_norm"
    rate: Rate = 0.1  # of the layer, per step
    threshold_rate: Rate = 0.03
    mean_rate: Share = 0.01
    decay: Share = 0.0  # share of the fast weights lost per step
    consolidation: Share = 0.0  # share of them that becomes slow per step
    steps: Count = 10  # of a presentation
    sequences: Count = 100  # of a step
    probability: Share = 0.3  # that a sequence is the item and not noise
    noise: Count = 20  # random patterns of a presentation
    strength: Share = 1.0  # of the read-out: 1 corrects it wholly in one presentation

    def __post_init__(self) -> None:
        """Refuse a layer that cannot be."""
        _ = self._layer

    def footprint(self) -> int:
        frozen = self.embedding * self._width + self.features * (self.embedding + 1)
        layer = 2 * self.units * self.features + self.features + self.units
        return BYTES * (frozen + layer + self._width * self.units)

    def blank(self, draws: Draws) -> Engram:
        body = vars(
            drawn(
                draws,
                vocabulary=self._width,
                embedding=self.embedding,
                features=self.features,
            )
        )
        seen = self._seen(body, self._random(draws, len(draws.replicates)))
        traces = self._layer.blank(draws.at("layer"), seen)
        evoked = traces.slow.new_zeros((len(seen), self._width, self.units))
        memory = vars(traces) | {"evoked": evoked}
        return Engram(
            {name: Part(one, Role.BODY) for name, one in body.items()}
            | {name: Part(one) for name, one in memory.items()}
        )

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        values = torch.where(item.valid, item.values, torch.nan)[:, None]
        vocabulary = torch.cat([values, self._random(draws, len(values))], 1)
        seen = self._seen(self._body(engram), vocabulary)
        stream = Stream(self.noise + 1, 1, self.sequences, 1, self.probability)
        batches = [concept_stream(stream, 0, draws.at("step", n))[0] for n in range(self.steps)]
        salience = item.salience[:, None].expand(-1, self.steps)
        traces = learned(
            self._layer, traces_of(engram), seen, torch.stack(batches, 1), salience=salience
        )
        keep(engram, traces)
        y = codes(self._layer, traces, seen[:, :1])[:, 0].to(seen)  # (R, H)
        error = self._target(values)[:, 0] - self._evoked(engram, y[:, None])[:, 0]
        gain = (self.strength * item.salience).clamp(max=1)[:, None]
        change = (gain * error.nan_to_num(0.0))[..., None] * y[:, None]
        engram["evoked"] = engram["evoked"] + change
        meter.tick(self.steps)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        given = torch.where(cue.given, cue.values, torch.nan)
        seen = self._seen(self._body(engram), given)
        y = codes(self._layer, traces_of(engram), seen).to(seen)
        response = self._answer(self._evoked(engram, y), cue)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response, y)

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        keep(engram, rested(self._layer, traces_of(engram), presentations * self.steps))
        meter.tick(presentations * self.steps)

    @cached_property
    def _layer(self) -> Stable:
        return layer_of(self)

    @cached_property
    def _width(self) -> int:
        """Numbers that stand for a pattern."""
        return math.prod(self.space.response_shape)

    def _body(self, engram: Engram) -> dict[str, Tensor]:
        return {name: engram[name] for name in ("embedding", "weight", "bias")}

    def _random(self, draws: Draws, replicates: int) -> Tensor:
        """Noise ``(R, noise, *shape)``."""
        shape = (self.noise, *self.space.shape)
        if self.space.symbols is None:
            return draws.at("noise").uniform("values", shape)
        return draws.at("noise").integers("values", self.space.symbols, shape).float()

    def _target(self, values: Tensor) -> Tensor:
        """Patterns ``(R, n, *shape)`` as numbers ``(R, n, W)`` from -1 to 1; NaN is kept."""
        lacking = values.isnan()
        whole = self.space.as_response(values.nan_to_num(0.0))
        if whole.ndim > values.ndim:
            lacking = lacking[..., None].expand_as(whole)
        else:
            whole = 2 * whole - 1
        return torch.where(lacking, torch.nan, whole).flatten(2)

    def _seen(self, body: dict[str, Tensor], values: Tensor) -> Tensor:
        """Features ``(R, n, F)`` of what is given of patterns, centred and of one length."""
        told = self._target(values)
        if self.space.symbols in {None, 2}:  # a background that patterns share says nothing
            told = told - told.nanmean(2, keepdim=True)
        length = told.nan_to_num(0.0).norm(dim=2, keepdim=True).clamp(min=FLAT)
        e = torch.bmm(told.nan_to_num(0.0) / length, body["embedding"])
        return Projection(e, body["weight"], body["bias"]).features()

    def _evoked(self, engram: Engram, y: Tensor) -> Tensor:
        """What codes ``y (R, n, H)`` evoke, ``(R, n, W)``."""
        return torch.bmm(y, engram["evoked"].mT) / self.winners

    def _answer(self, evoked: Tensor, cue: Cue) -> Tensor:
        shape = (*cue.values.shape[:2], *self.space.response_shape)
        if len(shape) > cue.values.ndim:
            level = evoked.reshape(shape).clamp(min=0) + 1e-6
            found, known = level / level.sum(-1, keepdim=True), self.space.as_response(cue.values)
            return torch.where(cue.certain[..., None], known, found)
        found = (0.5 + 0.5 * evoked).clamp(0, 1).reshape(shape)
        return torch.where(cue.certain, cue.values, found)
