"""A protocol's arms laid out as one list of stages, in which shared beginnings run once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

from memlab.protocol import Act, Arm, Write


@final
@dataclass(frozen=True)
class Stage:
    """One act on the way of one or more arms."""

    parent: int | None  # the stage whose engram this act starts from; None: a blank one
    arms: tuple[str, ...]
    phase: str
    act: Act
    past: tuple[Act, ...]  # the acts before it
    closes: bool  # the last act of its phase
    cue: str
    medium: tuple[tuple[str, float | int], ...]

    @property
    def presented(self) -> tuple[int, ...]:
        """The items shown before this act, in order, repeats included."""
        return tuple(act.item for act in self.past if isinstance(act, Write) and act.salience > 0)


def stages(arms: tuple[Arm, ...]) -> tuple[Stage, ...]:
    """All stages, each after the one it starts from; equal beginnings of arms are merged."""
    found: list[Stage] = []
    known: dict[Stage, int] = {}
    for arm in arms:
        parent: int | None = None
        for bare in _alone(arm):
            stage = replace(bare, parent=parent)
            if stage in known:
                parent = known[stage]
                found[parent] = replace(found[parent], arms=(*found[parent].arms, arm.name))
            else:
                parent = known[stage] = len(found)
                found.append(replace(stage, arms=(arm.name,)))
    return tuple(found)


def _alone(arm: Arm) -> Iterator[Stage]:
    past: tuple[Act, ...] = ()
    for phase in arm.phases:
        for i, act in enumerate(phase.acts):
            closes = i == len(phase.acts) - 1
            yield Stage(None, (), phase.name, act, past, closes, arm.cue, arm.medium)
            past = (*past, act)
