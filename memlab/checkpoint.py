"""Where a run stands, kept on disk so that a run that was killed goes on from there."""

import logging
import math
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import torch

from memlab import archive
from memlab.experiment import Plan
from memlab.position import Position, needed
from memlab.record.attempts import CHECKPOINT
from memlab.record.provenance import device_name
from memlab.session import Session

SHARE = 30  # a run takes at least so many times as long between two checkpoints as for one

log = logging.getLogger(__name__)


@final
@dataclass(frozen=True)
class Checkpoint:
    """A position, what is computed from there, and the arithmetic it was computed with."""

    key: str  # identity.key
    machine: str
    position: Position


@final
@dataclass(frozen=True)
class Checkpoints:
    """The one checkpoint that a run keeps in its folder and replaces as it goes on.

    It is written between two acts only: an act changes an engram in place, so that in the middle
    of one no memory is whole. Going on costs the act that was under way, and gives the same bits.
    """

    folder: Path
    key: str
    every: float | None  # s from one to the next at least; None keeps none
    earlier: tuple[Path, ...] = ()  # folders of attempts that this one may go on from

    def latest(self, plan: Plan) -> Position | None:
        """Where an earlier attempt at the same run stood; its checkpoint moves to this folder."""
        for file in (folder / CHECKPOINT for folder in dict.fromkeys(self.earlier)):
            position = self._read(file, plan) if file.exists() else None
            if position is not None:
                self._take_over(file)
                return position
        return None

    def keep(self, plan: Plan, positions: Iterable[Position]) -> None:
        """Let a run go on to its end and keep a checkpoint now and then."""
        every = math.inf if self.every is None else self.every
        due = time.monotonic() + every
        for position in positions:
            began = time.monotonic()
            if began >= due:
                self._write(plan, position)
                ended = time.monotonic()
                due = ended + max(every, SHARE * (ended - began))

    def clear(self) -> None:
        """The run is whole: nobody goes on from anywhere."""
        (self.folder / CHECKPOINT).unlink(missing_ok=True)

    def _write(self, plan: Plan, position: Position) -> None:
        """Replace the checkpoint; the last one stays where the disk does not take a new one."""
        now = Checkpoint(self.key, machine(plan.experiment.device), position)
        try:
            archive.save(now, self.folder / CHECKPOINT, level=0)
        except OSError as error:
            log.warning("no checkpoint could be written, the run goes on without: %s", error)

    def _read(self, file: Path, plan: Plan) -> Position | None:
        try:
            found = archive.read(file, Checkpoint)
            self._check(found, plan)
        except ValueError as error:
            log.warning("%s is not used, the run starts anew: %s", file, error)
            return None
        return placed(found.position, plan.experiment.device)

    def _check(self, found: Checkpoint, plan: Plan) -> None:
        """Raise ValueError unless going on gives the bits that starting anew would."""
        if found.key != self.key:
            raise ValueError(f"it must be of the run {self.key}, got one of {found.key}")
        here = machine(plan.experiment.device)
        if found.machine != here:
            raise ValueError(f"it must have been computed on {here}, got {found.machine}")
        stages, position = plan.stages, found.position
        if not 0 <= position.stage <= len(stages):
            raise ValueError(f"it must stand in 0 … {len(stages)}, got {position.stage}")
        if position.engrams.keys() != needed(stages, position.stage):
            raise ValueError("it must hold the engrams that the stages to come start from")
        if not same_task(position.session, plan.session):
            raise ValueError("its session must be of the same items, groups and controls")

    def _take_over(self, file: Path) -> None:
        """Move a checkpoint to where it is looked for if this attempt is cut off as well."""
        if file.parent == self.folder:
            return
        try:
            shutil.move(file, self.folder / CHECKPOINT)
        except OSError as error:
            log.warning("%s stays where it is: %s", file, error)


def machine(device: torch.device) -> str:
    """What the last bits of a result can depend on."""
    isa = torch.backends.cpu.get_cpu_capability()
    return f"{device_name(device)}, {isa}, torch {torch.__version__}"


def placed(position: Position, device: torch.device) -> Position:
    """A position whose engrams are on this device, in memory of torch's own alignment."""
    engrams = {
        stage: engram.mapped(lambda values: values.to(device, copy=True))
        for stage, engram in position.engrams.items()
    }
    return replace(position, engrams=engrams)


def same_task(one: Session, other: Session) -> bool:
    """Whether two sessions began as the same, whatever happened in them since."""
    return _head(one) == _head(other) and torch.equal(one.patterns, other.patterns)


def _head(session: Session) -> tuple[object, ...]:
    return (
        *(session.space, session.seed, session.replicates, session.protocol),
        *(session.names, session.groups, session.floors, session.ceilings),
    )
