"""A protocol's arms laid out as one list of stages, in which shared beginnings run once."""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import final

from memlab.protocol import Act, Arm, Foretell, Recall, Rest, Sample, Setting, Study, Write


@final
@dataclass(frozen=True)
class Stage:
    """One act on the way of one or more arms."""

    parent: int | None  # the stage whose engram this act starts from; None: a blank one
    arms: tuple[str, ...]
    phase: str
    act: Act
    nth: int  # how many such acts came before it; no two of them draw the same numbers
    presented: tuple[int | Study, ...]  # a question's: what was shown before it, with repeats
    closes: bool  # the last act of its phase
    medium: Setting

    @property
    def place(self) -> Hashable:
        """Equal for two stages that do the same to the same engram."""
        return (self.parent, self.phase, self.act, self.closes, self.medium)


def stages(arms: tuple[Arm, ...]) -> tuple[Stage, ...]:
    """All stages, each after the one it starts from; equal beginnings of arms are merged."""
    found: list[Stage] = []
    known: dict[Hashable, int] = {}
    for arm in arms:
        parent: int | None = None
        for bare in _alone(arm):
            stage = replace(bare, parent=parent)
            if stage.place in known:
                parent = known[stage.place]
                found[parent] = replace(found[parent], arms=(*found[parent].arms, arm.name))
            else:
                parent = known[stage.place] = len(found)
                found.append(replace(stage, arms=(arm.name,)))
    return tuple(found)


def _alone(arm: Arm) -> Iterator[Stage]:
    before: Counter[Hashable] = Counter()
    shown: list[int | Study] = []
    for phase in arm.phases:
        for i, act in enumerate(phase.acts):
            closes = i == len(phase.acts) - 1
            kind = Rest if isinstance(act, Rest) else act
            seen = tuple(shown) if isinstance(act, Recall | Foretell | Sample) else ()
            yield Stage(None, (), phase.name, act, before[kind], seen, closes, arm.medium)
            before[kind] += 1
            if isinstance(act, Write) and act.salience > 0:
                shown.append(act.item)
            if isinstance(act, Study):
                shown.append(act)
