"""The one interface every medium implements, and what passes through it."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import final

import torch
from torch import Tensor

from memlab.damage import destroy, permuted
from memlab.draws import Draws
from memlab.foretelling.chances import foretold, studied
from memlab.similarity import cosine, pearson
from memlab.space import Cue, Item, Space


class Role(StrEnum):
    """What an array of an engram is."""

    MEMORY = "memory"  # what learning writes: counted, lesioned, shuffled
    STRUCTURE = "structure"  # how a memory that grows is laid out: counted, but only as a whole
    BODY = "body"  # the fixed random make-up of the medium
    LEARNER = "learner"  # optimiser moments and the like


@final
@dataclass(frozen=True)
class Part:
    """One array of an engram, ``(R, …)``."""

    values: Tensor
    role: Role = Role.MEMORY
    grid: bool = False  # its last axes are the plane (or volume) of the pattern
    grows: bool = False  # axis 1 is a list of which the first ``used`` rows are live


@final
@dataclass
class Engram:
    """All that outlasts the input, as named arrays that lead with the replicate axis."""

    parts: dict[str, Part]
    used: Tensor | None = None  # (R,) int64, live rows of the parts that grow

    def __getitem__(self, name: str) -> Tensor:
        return self.parts[name].values

    def __setitem__(self, name: str, values: Tensor) -> None:
        self.parts[name] = replace(self.parts[name], values=values)

    def memory(self) -> dict[str, Part]:
        """The parts that learning writes."""
        return {name: part for name, part in self.parts.items() if part.role is Role.MEMORY}

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Engram":
        """Every array changed by a function that keeps the replicate axis."""
        parts = {n: replace(p, values=change(p.values)) for n, p in self.parts.items()}
        return Engram(parts, None if self.used is None else change(self.used))

    def copy(self) -> "Engram":
        """An independent copy."""
        return self.mapped(torch.clone)

    def digest(self) -> str:
        """A hash of every byte."""
        arrays = {name: part.values for name, part in self.parts.items()}
        if self.used is not None:
            arrays["used"] = self.used
        sha = hashlib.sha256()
        for name, values in sorted(arrays.items()):
            sha.update(f"{name} {tuple(values.shape)} {values.dtype}".encode())
            sha.update(values.detach().cpu().contiguous().numpy().tobytes())
        return sha.hexdigest()

    def bytes(self) -> Tensor:
        """Bytes of live memory per replicate, ``(R,)`` int64."""
        total: Tensor | int = 0
        counted = {Role.MEMORY, Role.STRUCTURE}
        for part in (one for one in self.parts.values() if one.role in counted):
            rows = part.values[0, 0] if part.grows and part.values.shape[1] else part.values[0]
            size = rows.numel() * rows.element_size()
            total = total + (self.used * size if part.grows and self.used is not None else size)
        replicates = next(iter(self.parts.values())).values.shape[0] if self.parts else 1
        return torch.as_tensor(total).cpu().expand(replicates).clone()


@final
@dataclass(frozen=True)
class Readout:
    """The answer to a cue.

    ``response (R, C, *shape[, A])`` is the probability of each symbol (binary: of *on*; graded:
    the value itself), calibrated by the substrate. ``activity (R, C, units)`` is that of the units
    it was read from, where a medium has such: whatever their code is measured by.
    """

    response: Tensor
    activity: Tensor | None = None


@final
@dataclass(frozen=True)
class Series:
    """A named measurement along steps; NaN where a replicate stopped early."""

    steps: Tensor  # (S,) int64
    values: Tensor  # (R, S) or (R, C, S)
    unit: str = ""


@final
@dataclass
class Meter:
    """What one act measures while it runs: append-only, polled from outside.

    ``truth (R, C, *shape)`` is what a recall is scored against step by step. The substrate never
    sees it: it shows its answer with ``look`` and the meter keeps the score.
    """

    truth: Tensor | None = None
    keep_frames: bool = False
    ticks: int = 0  # own steps done, times fields advanced
    points: dict[str, list[tuple[int, Tensor]]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    frames: list[tuple[int, Tensor]] = field(default_factory=list)
    panels: tuple[str, ...] = ()  # what the planes of a frame show; none: one per cue
    best: Tensor | None = None  # the answer to each cue at its best moment so far, as truth has it
    best_score: Tensor | None = None  # (R, C) Pearson

    @property
    def watched(self) -> bool:
        """Whether anyone wants to see the answer take shape; if not, a medium need not show it."""
        return self.truth is not None or self.keep_frames

    def tick(self, steps: int) -> None:
        """Note that the medium moved on by so many own steps."""
        self.ticks += steps

    def add(self, name: str, step: int, values: Tensor, unit: str = "") -> None:
        """Append one point ``(R,)`` or ``(R, C)`` of a series."""
        self.units.setdefault(name, unit)
        self.points.setdefault(name, []).append((step, values.detach().cpu()))

    def look(self, step: int, response: Tensor, state: Tensor | None = None) -> None:
        """Score the answer as it stands, ``(R, C, *shape)``; show it, or the state behind it."""
        if self.truth is not None and self.truth.shape == response.shape:
            dims = tuple(range(2, response.ndim))
            score = pearson(response, self.truth, dims)
            self.add("pearson", step, score)
            self.add("cosine", step, cosine(response, self.truth, dims))
            self._keep_best(response, score)
        self.show(step, response if state is None else state)

    def show(self, step: int, frame: Tensor, panels: tuple[str, ...] = ()) -> None:
        """Keep one frame ``(R, panels, H, W)``, of replicate 0 alone, if frames are wanted."""
        if self.keep_frames:
            self.panels = panels
            self.frames.append((step, frame[0].detach().cpu().clone()))

    def _keep_best(self, response: Tensor, score: Tensor) -> None:
        if self.best is None or self.best_score is None:
            self.best, self.best_score = response.clone(), score
            return
        better = (score > self.best_score)[(..., *[None] * (response.ndim - 2))]
        self.best = torch.where(better, response, self.best)
        self.best_score = torch.maximum(score, self.best_score)

    def part(self, first: int, last: int) -> "Meter":
        """A meter for some of the cues."""
        truth = None if self.truth is None else self.truth[:, first:last]
        return Meter(truth=truth, keep_frames=self.keep_frames)

    def absorb(self, parts: list["Meter"]) -> None:
        """Take over what meters for consecutive cues measured at the same steps.

        Cues that came to rest before others stay as they were.
        """
        self.ticks += sum(part.ticks for part in parts)
        for name in parts[0].points:
            for row in _together([part.points[name] for part in parts]):
                step, values = max(step for step, _ in row), [v for _, v in row]
                self.add(name, step, torch.cat(values, dim=1), parts[0].units[name])
        for shown in _together([part.frames for part in parts]):
            self.frames.append((max(step for step, _ in shown), torch.cat([f for _, f in shown])))
        bests = [part.best for part in parts if part.best is not None]
        self.best = torch.cat(bests, dim=1) if bests else None

    def series(self) -> dict[str, Series]:
        """All series measured so far."""
        return {
            name: Series(
                steps=torch.tensor([step for step, _ in points]),
                values=torch.stack([values for _, values in points], dim=-1),
                unit=self.units[name],
            )
            for name, points in self.points.items()
        }


def _together(
    parts: list[list[tuple[int, Tensor]]],
) -> Iterator[tuple[tuple[int, Tensor], ...]]:
    """What several lists of points hold one after the other; a shorter one repeats its last."""
    longest = max(len(points) for points in parts)
    if all(parts):
        padded = [points + points[-1:] * (longest - len(points)) for points in parts]
        yield from zip(*padded, strict=True)


class Substrate(ABC):
    """A medium that can hold patterns of one space.

    All it remembers is in the engram it is handed; its parameters are frozen. Constructors refuse
    a space they cannot hold and say which they could.
    """

    space: Space

    @abstractmethod
    def blank(self, draws: Draws) -> Engram:
        """The engram before anything was presented."""

    @abstractmethod
    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        """Present an item once; the engram changes. Salience 0 is the same as ``rest(1)``."""

    @abstractmethod
    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        """Answer every cue; the engram keeps every byte."""

    @abstractmethod
    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        """Let as much of the medium's own time pass as so many presentations take, no input."""

    def foretell(self, engram: Engram, patterns: Tensor, draws: Draws, meter: Meter) -> Tensor:
        """The probability of every symbol at each place, given those before it in reading order.

        ``patterns (R, C, *shape)`` give ``(R, C, size, A)``; the engram keeps every byte.
        """
        return foretold(self, engram, patterns, draws, meter)

    def study(self, engram: Engram, items: Item, draws: Draws, meter: Meter) -> Tensor:
        """Present each of the items, values ``(R, N, *shape)``, once and in that order.

        Gives the nats ``(R, N)`` of each, as foretold just before it was learned.
        """
        return studied(self, engram, items, draws, meter)

    def consolidate(
        self, engram: Engram, items: tuple[Item, ...], draws: Draws, meter: Meter
    ) -> None:
        """Protect what items have taught from what comes later; most media protect nothing."""
        return

    def footprint(self) -> int:
        """Bytes of one replicate's engram, as far as they are known beforehand."""
        return 0

    def lesion(self, engram: Engram, blank: Engram, share: float, draws: Draws) -> None:
        """Destroy a random share of the memory: those entries are again as in a blank engram.

        The same draws with a larger share destroy the same entries, and more.
        """
        destroy(engram, blank, share, draws)

    def scramble(self, engram: Engram, draws: Draws) -> Engram:
        """Destroy the memory but keep its statistics: permute its live entries."""
        return permuted(engram, draws)

    def picture(self, engram: Engram) -> Tensor | None:
        """The memory seen in the pattern's shape, ``(R, *shape)`` in [0, 1], where it has one."""
        return None

    def painted(self, engram: Engram, patterns: Tensor) -> Engram | None:
        """The memory of ``patterns (R, P, *shape)`` drawn by hand, where that can be done.

        Tells learning from copying: a medium whose painted memory recalls as well as its learned
        one has learned a stencil.
        """
        return None
