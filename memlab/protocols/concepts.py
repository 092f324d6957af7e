"""Acquire a concept, interfere with another, rest, relearn: with a dose to every step of it."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, TypeAlias, final

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from memlab.protocol import Act, Arm, Phase, Protocol, Recall, Rest, Setting, Write
from memlab.protocols.bounds import Count, rising

Doses: TypeAlias = Annotated[tuple[Count, ...], Field(min_length=1)]  # presentations, going up

CONCEPT, INTERFERER = 0, 1  # items
Value: TypeAlias = bool | int | float | str


@final
@checked(frozen=True)
class Concepts(Protocol):
    """The noise-to-memory experiment: A is acquired, B interferes, time passes, A is relearned.

    At every dose, and before the first, all items are asked for: the concept, the one that
    interferes, one never shown, and ``others`` that a medium may meet in its own noise. The recalls
    lie on the axes *acquired*, *interfered*, *rested* and *relearned*, in presentations.

    Arm *taught* does all of it, *idle* rests instead of meeting B, *naive* meets B without A before
    it learns A, which is what savings are measured against. Every one of ``contrasts`` does what
    *taught* does in a medium that is set otherwise: the concept absent, learning off.
    """

    others: Count = 47
    acquired: Doses = (2, 4, 8, 16, 40)
    interfered: Doses = (2, 4, 8, 20)
    rested: Doses = (4, 16)
    relearned: Doses = (1, 2, 4, 8)
    contrasts: Mapping[str, Mapping[str, Value]] = Field(default_factory=dict)  # arm -> settings

    def __post_init__(self) -> None:
        """Refuse doses that do not go up."""
        for name in ("acquired", "interfered", "rested", "relearned"):
            rising(name, getattr(self, name))

    def groups(self) -> dict[str, int]:
        return {"concept": 1, "interferer": 1, "never_shown": 1, "others": self.others}

    def arms(self) -> tuple[Arm, ...]:
        acquire = (self._asked("acquired", 0), *self._course("acquired", CONCEPT, self.acquired))
        interfere = tuple(self._course("interfered", INTERFERER, self.interfered))
        relearn = tuple(self._course("relearned", CONCEPT, self.relearned))
        rest = tuple(self._course("rested", None, self.rested))
        idle = tuple(self._course("interfered", None, self.interfered))
        whole = (*acquire, *interfere, *rest, *relearn)
        naive = (*self._course("interfered", INTERFERER, self.interfered), *relearn)
        found = [Arm("taught", whole), Arm("idle", (*acquire, *idle)), Arm("naive", naive)]
        for name, settings in self.contrasts.items():
            medium: Setting = tuple(sorted(settings.items()))
            found.append(Arm(name, whole, medium=medium))
        return tuple(found)

    def _course(self, axis: str, item: int | None, doses: tuple[int, ...]) -> Iterator[Phase]:
        """Presentations of an item, or time without any, and a recall at every dose."""
        for before, dose in pairwise((0, *doses)):
            acts: tuple[Act, ...] = (Rest(dose - before),)
            if item is not None:
                acts = tuple(Write(item) for _ in range(dose - before))
            yield Phase(f"{axis} {before} to {dose}", acts)
            yield self._asked(axis, dose, controlled=dose == doses[-1])

    def _asked(self, axis: str, dose: int, *, controlled: bool = False) -> Phase:
        every = tuple(range(sum(self.groups().values())))
        recall = Recall(every, controlled=controlled, at=((axis, float(dose)),))
        return Phase(f"{axis} {dose}", (recall,))
