"""What a run keeps of the medium itself: snapshots of its memory, and films of its activity."""

from dataclasses import replace

import torch

from memlab.plan import Stage
from memlab.protocol import Recall, Study, Write
from memlab.session import Film, Session, Snapshot
from memlab.substrate import Engram, Meter, Part

PLANE = 2  # axes of a matrix
KEPT = 2**20  # entries of a matrix that a snapshot still holds


def titled(session: Session, stage: Stage) -> str:
    """A stage in words: its arms, its phase, and what it presents."""
    arms = stage.arms[0] if len(stage.arms) == 1 else f"{stage.arms[0]}+{len(stage.arms) - 1}"
    what = stage.phase
    if isinstance(stage.act, Write):
        what = session.names[stage.act.item]
    if isinstance(stage.act, Study):
        what = f"items {stage.act.span.start + 1} to {stage.act.span.stop}"
    return f"{arms} · {stage.phase} · {what}" if what != stage.phase else f"{arms} · {stage.phase}"


def last_of_arms(stages: tuple[Stage, ...]) -> set[int]:
    """The stages with which an arm is over."""
    last = {arm: index for index, stage in enumerate(stages) for arm in stage.arms}
    return set(last.values())


def snapshot(stage: Stage, engram: Engram, *, ends: bool) -> Snapshot:
    """The memory at the end of a phase; couplings between units only where an arm ends."""
    memory = engram.memory()
    grids = {n: p.values[0].cpu().clone() for n, p in memory.items() if p.grid}
    square = {n: p.values[0].cpu().clone() for n, p in memory.items() if ends and _square(p)}
    return Snapshot(stage.arms, stage.phase, engram.bytes(), grids, square)


def keep_film(session: Session, stage: Stage, meter: Meter) -> None:
    """Append the frames of an act to the film of its phase."""
    if not meter.frames:
        return
    captions = tuple(f"{titled(session, stage)}, step {step}" for step, _ in meter.frames)
    frames = torch.stack([frame for _, frame in meter.frames])
    panels = meter.panels or tuple(session.names[i] for i in _items(stage))
    film = Film(stage.phase, panels, captions, frames)
    if session.films and session.films[-1].phase == stage.phase:
        earlier = session.films.pop()
        whole = torch.cat([earlier.frames, frames])
        film = replace(film, captions=earlier.captions + captions, frames=whole)
    session.films.append(film)


def _square(part: Part) -> bool:
    """Whether a part couples units with each other, and is small enough to be kept."""
    one = part.values[0]
    fixed = not (part.grid or part.grows)
    return fixed and one.ndim == PLANE and one.shape[0] == one.shape[1] and one.numel() <= KEPT


def _items(stage: Stage) -> tuple[int, ...]:
    return stage.act.items if isinstance(stage.act, Recall) else ()
