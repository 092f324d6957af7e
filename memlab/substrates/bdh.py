"""The Dragon Hatchling as a medium: pairs are read token by token, and ρ keeps them in mind."""

from dataclasses import replace
from functools import cached_property
from typing import Annotated, TypeAlias, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.bdh.hatchling import Form, Hatchling, Weights
from memlab.bdh.lesson import Lesson, taught
from memlab.bdh.running import neurons, run, step
from memlab.bdh.state import State, faded
from memlab.bdh.training import Training
from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate

BYTES = 4  # of a float32
PAIR = 2  # tokens of an item
LEAST = 3  # symbols: with two, an answer is no distribution over them
WARM_UP = 10  # a course's rate rises in one of so many parts of it
BODY = ("embedding", "d_x", "d_y", "e", "head")

Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Tokens: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Rate: TypeAlias = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Kept: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=1)]


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Bdh(Substrate):
    """A language model that learned beforehand to tell, in its state, what came after what.

    An item is a key and a value, two tokens, and then ``distract`` tokens of noise; what they leave
    in ρ (``memlab.bdh.hatchling``) is the memory. Recall reads the key, after everything that was
    presented, and takes what is expected next; ρ stays as it was. Backpropagation makes the body,
    once per replicate, from sequences of random pairs (``memlab.bdh.lesson``), so that it knows no
    pair. Salience scales what the pair adds to ρ. Time without input damps ρ and lets it age.
    Symbols below ``keys`` are keys, the others values.
    A key that was not given is not guessed: the medium answers forwards only.
    """

    space: Space
    width: Count = 48
    neurons: Count = 384  # of all heads
    layers: Count = 2
    form: Form = "code"
    damping: Kept | tuple[Kept, ...] = 1.0  # what a token leaves of ρ, in all heads but the first
    quick: Kept = 0.1  # and in the first, which so tells what came just before; a list has it all
    heads: Annotated[int, Field(strict=True, ge=2, le=64)] = 2
    keys: Count | None = None  # symbols that are keys, the first; None: half of them
    distract: Tokens = 0  # tokens of noise after each pair
    noises: Count = 4  # that there are
    pairs: Count = 4  # of a lesson, at most
    gap: Tokens = 3  # tokens of noise in it after a pair, at most
    steps: Count = 600  # of training
    sequences: Count = 48  # of a step of training
    rate: Rate = 0.005  # of AdamW

    def __post_init__(self) -> None:
        """Refuse patterns it cannot hold, and models that cannot be."""
        if self.space.shape != (PAIR,) or (self.space.symbols or 0) < LEAST:
            raise ValueError(
                f"bdh holds pairs of a key and a value out of {LEAST} symbols or more "
                f"(patterns=pairs), got {self.space}"
            )
        _ = self._model

    def footprint(self) -> int:
        state = self.layers * self.neurons * self.width
        return BYTES * (self._model.parameters + state) + 8

    def blank(self, draws: Draws) -> Engram:
        each = [
            taught(self._model, self._lesson, self._course, replace(draws, replicates=(one,)))
            for one in draws.replicates
        ]
        body = {name: torch.cat([vars(one)[name] for one in each]) for name in BODY}
        count, per_head = len(each), self._model.per_head
        shape = (count, self.layers, self.heads, per_head, self.width)
        position = torch.zeros(count, dtype=torch.int64, device=draws.device)
        return Engram(
            {name: Part(one, Role.BODY) for name, one in body.items()}
            | {
                "rho": Part(torch.zeros(shape, device=draws.device)),
                "position": Part(position, Role.LEARNER),  # of the next token
            }
        )

    @torch.no_grad()
    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        before = _state(engram)
        salience = torch.where(item.valid.all(-1), item.salience, 0.0)
        state = before
        for token in self._tokens(item.values).unbind(-1):
            after = step(self._model, _weights(engram), token, state).state
            state = _impressed(faded(self._model, state, 1), after, salience)
        if self.distract:
            noise = draws.integers("noise", self.noises, (1, self.distract))
            tokens = self._symbols + noise
            state = run(self._model, _weights(engram), tokens, state).state
        idle = faded(self._model, before, self._time)
        _keep(engram, _impressed(idle, state, (salience > 0).to(salience)))
        meter.tick(self._time)

    @torch.no_grad()
    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        given, symbols = cue.given[..., :1], self.space.as_response(cue.values)  # (R, C, 2, V)
        key = torch.where(given, cue.values[..., :1], 0).long()
        past = _state(engram)
        state = State(tuple(_shared(one, cue.count) for one in past.rho), past.position)
        asked = run(self._model, _weights(engram), key, state)
        told = asked.logits[:, :, 0, : self._symbols].softmax(-1)
        answer = torch.stack([symbols[:, :, 0], told], 2)
        answer = torch.where(given[..., None], answer, 1 / self._symbols)
        response = torch.where(cue.certain[..., None], symbols, answer)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response, neurons(asked.layers[-1].y)[:, :, 0])

    @torch.no_grad()
    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        _keep(engram, faded(self._model, _state(engram), presentations * self._time))
        meter.tick(presentations * self._time)

    @cached_property
    def _lesson(self) -> Lesson:
        keys = self._symbols // 2 if self.keys is None else self.keys
        values = self._symbols - keys
        return Lesson(keys, values, self.noises, self.pairs, self.gap, sequences=self.sequences)

    @property
    def _symbols(self) -> int:
        return self.space.symbols or 0

    @cached_property
    def _model(self) -> Hatchling:
        return Hatchling(
            vocabulary=self._lesson.vocabulary,
            width=self.width,
            neurons=self.neurons,
            heads=self.heads,
            layers=self.layers,
            form=self.form,
            damping=self._damping,
            dropout=0.0,
        )

    @property
    def _damping(self) -> tuple[float, ...]:
        """What a token leaves, of each head."""
        if isinstance(self.damping, tuple):
            return self.damping
        return (self.quick, *[self.damping] * (self.heads - 1))

    @cached_property
    def _course(self) -> Training:
        return Training(self.steps, self.rate, warm_up=self.steps // WARM_UP, every=self.steps)

    @property
    def _time(self) -> int:
        """Tokens of a presentation."""
        return PAIR + self.distract

    def _tokens(self, pairs: Tensor) -> Tensor:
        """Pairs ``(R, 2)`` as two tokens, ``(R, 1, 2)``; ValueError for those of no lesson."""
        keys, tokens = self._lesson.keys, pairs.long()
        wrong = ((tokens < keys) != torch.tensor([True, False], device=tokens.device)).any(-1)
        if wrong.any():
            raise ValueError(
                f"a pair must be a key below keys={keys} and a value from there on, got "
                f"{tokens[wrong][0].tolist()}; set substrate.keys to patterns.keys"
            )
        return tokens[:, None]


def _weights(engram: Engram) -> Weights:
    return Weights(**{name: engram[name] for name in BODY})


def _state(engram: Engram) -> State:
    """The state of one sequence per replicate; their positions are the same."""
    layers = engram["rho"][:, :, :, None].unbind(1)
    return State(layers, int(engram["position"][0]))


def _keep(engram: Engram, state: State) -> None:
    engram["rho"] = torch.stack(state.rho, 1)[:, :, :, 0]
    engram["position"] = torch.full_like(engram["position"], state.position)


def _shared(rho: Tensor, cues: int) -> Tensor:
    """The same ``rho (R, heads, 1, N, d)`` for every cue."""
    return rho.expand(-1, -1, cues, -1, -1)


def _impressed(idle: State, written: State, strength: Tensor) -> State:
    """What was written over what time alone leaves, as strongly as ``strength (R,)`` says."""
    share = strength[:, None, None, None, None]
    pairs = zip(idle.rho, written.rho, strict=True)
    rho = tuple(torch.where(share > 0, a + share * (b - a), a) for a, b in pairs)
    return State(rho, written.position)
