"""The raw log of a run: what was presented, asked and answered. Metrics and figures read it."""

from dataclasses import dataclass, field
from typing import final

from torch import Tensor

from memlab.space import Cue, Space
from memlab.substrate import Series

FEW = 8  # recalls that a message still lists


@final
@dataclass(frozen=True)
class Exposure:
    """One presentation; or, ``item`` None, a stretch of the medium's own time, or a lesion.

    A study of many items is one as well. Its series are "surprise" (nats per symbol) and "symbols",
    a step for each item, at its place in the order.
    """

    arms: tuple[str, ...]
    phase: str
    item: int | None  # index into Session.names
    series: dict[str, Series]
    presentations: int = 1  # how much time it took


@final
@dataclass(frozen=True)
class Recall:
    """One round of questions: the cues, the medium's answers, and every control's answers."""

    arms: tuple[str, ...]  # the arms that share this recall
    phase: str
    items: tuple[int, ...]  # (C) what was asked for, as indices into Session.names
    presented: tuple[int, ...]  # what the medium had been shown before, in order, repeats included;
    # where each replicate has an order of its own: what any was shown, once each
    truth: Tensor  # (R, C, *shape)
    cue: Cue
    response: Tensor  # (R, C, *shape[, A])
    controls: dict[str, Tensor]  # control -> its response, same shape
    absent: dict[str, str]  # control -> why it has no meaning here
    series: dict[str, Series]  # "pearson", "cosine" of the answer against time, (R, C, S), and more
    cue_name: str = "default"  # which of the run's cues
    at: dict[str, float] = field(default_factory=dict)  # where it lies on the axes of a curve
    activity: Tensor | None = None  # (R, C, units) behind the answers, of a medium that has such

    def of(self, items: tuple[int, ...]) -> list[int]:
        """The positions along C at which these items were asked for."""
        return [c for c, item in enumerate(self.items) if item in items]


@final
@dataclass(frozen=True)
class Forecast:
    """Patterns foretold symbol by symbol, each from those before it, by the medium and floors."""

    arms: tuple[str, ...]
    phase: str
    items: tuple[int, ...]  # (C)
    presented: Tensor  # (R, P) int32, the items shown before, in each replicate's own order
    surprise: Tensor  # (R, C, size) nats, NaN on padding
    controls: dict[str, Tensor]  # floor -> its surprise, same shape
    absent: dict[str, str]  # floor -> why it has no meaning here
    reliability: (
        Tensor  # (R, 3, bins) chances foretold, symbols that came, chances: sum, hits, count
    )
    at: dict[str, float] = field(default_factory=dict)  # where it lies on the axes of a curve

    def of(self, items: tuple[int, ...]) -> list[int]:
        """The positions along C at which these items were foretold."""
        return [c for c, item in enumerate(self.items) if item in items]


@final
@dataclass(frozen=True)
class Samples:
    """Patterns that the medium drew from what it foretells."""

    arms: tuple[str, ...]
    phase: str
    values: Tensor  # (R, n, *shape)
    ended: Tensor  # (R, n) bool, of strings: whether the end came in time
    presented: Tensor  # (R, P) int32, the items shown before, in each replicate's own order
    at: dict[str, float] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Snapshot:
    """The memory at the end of a phase; its matrices only at the end of an arm."""

    arms: tuple[str, ...]
    phase: str
    bytes: Tensor  # (R,) of live memory
    grids: dict[str, Tensor]  # memory arrays laid out on the pattern's plane, replicate 0: (H, W)
    matrices: dict[str, Tensor] = field(default_factory=dict)  # square ones, replicate 0: (N, N)


@final
@dataclass(frozen=True)
class Film:
    """Frames of activity and memory of replicate 0 along one phase: what a video shows."""

    phase: str
    panels: tuple[str, ...]  # what the planes of a frame show
    captions: tuple[str, ...]  # (S) what is going on
    frames: Tensor  # (S, panels, H, W)


@final
@dataclass
class Session:
    """Everything a run recorded. ``complete`` is False if it was interrupted or failed."""

    space: Space
    seed: int
    replicates: tuple[int, ...]
    protocol: str
    names: tuple[str, ...]  # (P) item names
    groups: dict[str, tuple[int, ...]]  # "targets", "lures" -> item indices
    patterns: Tensor  # (R, P, *shape)
    salience: Tensor  # (R, P) of each item, before the protocol's own factor
    floors: tuple[str, ...]  # names of the controls an effect must beat
    ceilings: tuple[str, ...]  # names of the controls it can at best reach
    exposures: list[Exposure] = field(default_factory=list)
    recalls: list[Recall] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)
    samples: list[Samples] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    films: list[Film] = field(default_factory=list)
    complete: bool = False

    def recall(self, arm: str, phase: str) -> Recall:
        """The recall of a phase in an arm; KeyError names those there are."""
        for recall in self.recalls:
            if arm in recall.arms and recall.phase == phase:
                return recall
        known = [f"{'/'.join(r.arms)}:{r.phase}" for r in self.recalls]
        some = ", ".join(known if len(known) <= FEW else [*known[: FEW - 1], "…", known[-1]])
        raise KeyError(f"no recall in arm {arm!r}, phase {phase!r}; this run has {some or 'none'}")

    def written(self, arm: str, phase: str) -> list[Exposure]:
        """The presentations of a phase in an arm, in order."""
        return [e for e in self.exposures if arm in e.arms and e.phase == phase]
