"""What media of one kind share: patterns are strings, and a tree of contexts remembers them."""

from abc import abstractmethod
from typing import Annotated, TypeAlias

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.draws import Draws
from memlab.foretelling.evidence import evidence
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Role, Substrate
from memlab.text.contexts import Contexts, Forest, Rule
from memlab.text.forest import damaged, relettered
from memlab.text.strings import Strings, strung
from memlab.text.tree import completed, copied, expected, learned, planted

TREE = ("nodes", "traces", "slots", "scale")  # parts of an engram
DECIDED = 0.51  # the chance of a symbol that is decided for, at the least
DUE = 1e-6  # a scale below this is taken into the traces

Share: TypeAlias = Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)]
Beam: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=1024)]


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class StringTree(Substrate):
    """Symbols are read one after the other; what came after what is counted (``memlab.text.tree``).

    A pattern is a string in reading order, up to its end where it has one. A recall follows the
    ``beam`` likeliest ways to complete a cue from left to right and answers with the likeliest, a
    symbol as sure as the ways agree on it: a value that is certain is so, one that is given is
    wrong with the chance ``doubt``, and any symbol then as likely. Salience is the weight that a
    string is counted with. With every presentation, and as much time without one, all that was
    counted loses a share ``decay``.
    The tree is kept on the CPU.
    """

    space: Space
    beam: Beam = 8
    doubt: Share = 0.1
    decay: Share = 0.0  # per presentation

    def __post_init__(self) -> None:
        """Refuse patterns that are not of symbols."""
        if self.space.symbols is None:
            raise ValueError(
                f"{self.medium} holds patterns of symbols (patterns=names, strings, shapes with "
                f"two), got {self.space}"
            )

    @property
    @abstractmethod
    def medium(self) -> str:
        """Its name, for messages."""

    @property
    @abstractmethod
    def contexts(self) -> Contexts:
        """Which contexts are counted."""

    @property
    @abstractmethod
    def rule(self) -> Rule:
        """How what comes next follows from the counts."""

    def blank(self, draws: Draws) -> Engram:
        return _engram(planted(self.contexts, len(draws.replicates)), draws.device)

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        one = Item(item.values[:, None], item.valid[:, None], item.salience[:, None])
        self._learn(engram, one)
        meter.tick(1)

    def study(self, engram: Engram, items: Item, draws: Draws, meter: Meter) -> Tensor:
        chances = self._learn(engram, items, foretold=True)
        forest = self._forest(engram)
        _keep(engram, copied(forest, in_order=True))
        meter.tick(items.values.shape[1])
        return chances

    def foretell(self, engram: Engram, patterns: Tensor, draws: Draws, meter: Meter) -> Tensor:
        replicates, count = patterns.shape[:2]
        whole = torch.ones((count, self.space.size), dtype=torch.bool)
        strings = [strung(one, whole) for one in patterns.flatten(2).cpu()]
        found = torch.stack(expected(self._forest(engram), self.rule, strings, every=True))
        meter.tick(1)
        return found.view(replicates, count, self.space.size, -1).to(patterns)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        seen = evidence(cue, self.contexts.symbols, self.doubt).cpu().contiguous()
        forest = self._forest(engram)
        ways = completed(forest, self.rule, seen, beam=self.beam, ends=self.space.ends)
        response = self._answered(_decided(*ways).to(cue.values.device), cue)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response)

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        engram["scale"] = engram["scale"] * (1 - self.decay) ** presentations
        self._settle(engram)
        meter.tick(presentations)

    def lesion(self, engram: Engram, blank: Engram, share: float, draws: Draws) -> None:
        room = engram["traces"].shape[1]
        hit = draws.uniform("nodes", (room,)) < share
        engram["traces"] = damaged(engram["nodes"], engram["traces"], hit)

    def scramble(self, engram: Engram, draws: Draws) -> Engram:
        known, ends = self._forest(engram), self.space.ends
        forest = relettered(known, self.rule, draws, ends=ends)
        return _engram(forest, engram["nodes"].device)

    def _learn(self, engram: Engram, items: Item, *, foretold: bool = False) -> Tensor:
        """Nats that each item ``(R, N)`` was worth before it was learned, if they are foretold."""
        strings = self._strings(items)
        weights = [one.double().cpu().contiguous() for one in items.salience]
        forest = self._forest(engram)
        keep = 1 - self.decay
        chances = learned(forest, self.rule, strings, weights, keep=keep, foretold=foretold)
        _keep(engram, forest)
        self._settle(engram)
        nats = [_summed(-c.log(), s) for c, s in zip(chances, strings, strict=True)]
        return torch.stack(nats).to(items.values)

    def _strings(self, items: Item) -> list[Strings]:
        flat, valid = items.values.flatten(2).cpu(), items.valid.flatten(2).cpu()
        return [strung(*one) for one in zip(flat, valid, strict=True)]

    def _settle(self, engram: Engram) -> None:
        """Take a small scale into the traces, before what is learned is no number beside it."""
        if bool((engram["scale"] < DUE).any()):
            _keep(engram, copied(self._forest(engram), engram["nodes"].shape[1]))

    def _forest(self, engram: Engram) -> Forest:
        parts = {name: engram[name].cpu().contiguous() for name in TREE}
        used = engram.used
        if used is None:
            raise ValueError("the engram of a tree must say how many of its nodes are used")
        return Forest(self.contexts, used=used.cpu(), **parts)

    def _answered(self, found: Tensor, cue: Cue) -> Tensor:
        """Chances ``(R, C, N, A)`` in the shape of an answer."""
        shape = (*cue.values.shape[:2], *self.space.response_shape)
        if found.shape[-1] == 2 and self.space.symbols == 2:
            found = found[..., 1]
        return found.reshape(shape).clamp(0, 1)


def _engram(forest: Forest, device: torch.device) -> Engram:
    kinds = {"nodes": Role.STRUCTURE, "slots": Role.STRUCTURE, "scale": Role.LEARNER}
    parts = {
        name: Part(
            getattr(forest, name).to(device),
            kinds.get(name, Role.MEMORY),
            grows=name in {"nodes", "traces"},
        )
        for name in TREE
    }
    return Engram(parts, forest.used.to(device))


def _keep(engram: Engram, forest: Forest) -> None:
    device = engram["nodes"].device
    for name in TREE:
        engram[name] = getattr(forest, name).to(device)
    engram.used = forest.used.to(device)


def _decided(posterior: Tensor, likeliest: Tensor) -> Tensor:
    """The posterior ``(R, C, N, A)``, but at each place above one half for the likeliest way.

    Place by place, ways of different lengths would all vote for an end.
    """
    way = likeliest.long()[..., None]
    own = posterior.gather(-1, way)
    sure = own.clamp(min=DECIDED)
    rest = (1 - sure) / (1 - own).clamp(min=1e-12)
    return (posterior * rest.clamp(max=1)).scatter(-1, way, sure)


def _summed(values: Tensor, strings: Strings) -> Tensor:
    """The sum over each string, ``(N,)``; one that is infinite spoils no other."""
    own = torch.arange(strings.count).repeat_interleave(strings.lengths)
    return values.new_zeros(strings.count).index_add_(0, own, values)
