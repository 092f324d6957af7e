"""Where a run stands between two acts: all that is needed to go on from there."""

from dataclasses import dataclass, field
from typing import final

from memlab.plan import Stage
from memlab.session import Forecast, Recall, Session
from memlab.substrate import Engram, Series


@final
@dataclass(frozen=True)
class Position:
    """What is done and what it left behind; random numbers are keyed and need no place here.

    It shares its arrays with the run and holds until the run goes on.
    """

    session: Session  # so far
    engrams: dict[int, Engram] = field(default_factory=dict)  # that later stages start from
    stage: int = 0  # that comes next or, with a recall, is under way
    recall: Recall | Forecast | None = None  # the medium's answers and those of the first controls
    done: int = 0  # acts, each control of a recall counting as one
    ticks: int = 0  # own steps the medium took in them
    series: list[tuple[str, Series]] = field(default_factory=list)  # they left, for the curves


def needed(stages: tuple[Stage, ...], position: int) -> set[int]:
    """The stages before a position whose engrams the stages from there on start from."""
    parents = {stage.parent for stage in stages[position:]}
    return {parent for parent in parents if parent is not None and parent < position}
