"""The same recall with one thing taken away: floors an effect must beat, ceilings it may reach.

Each control is a function of one `Trial`: the recall as the medium itself meets it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, final

import torch
from scipy import ndimage
from torch import Tensor

from memlab.absent import Absent
from memlab.cues import CueMaker
from memlab.draws import Draws
from memlab.foretelling.outlook import ALIKE, Floor, alike, partners
from memlab.nearest import mixed, nearest_answer
from memlab.space import Cue, Space, joined
from memlab.substrate import Engram, Meter, Readout, Substrate

BLOCK = 16  # cues asked at once: bounds the memory of a recall, and never changes an answer


@final
@dataclass(frozen=True)
class Trial:
    """One recall: the medium, its memory, the cues, and what is needed to take things away."""

    substrate: Substrate
    engram: Engram
    blank: Engram  # the same medium before it was shown anything
    cue: Cue
    foil_cue: Cue  # the same kind of cue, made from another pattern than the one asked for
    truth: Tensor  # (R, C, *shape)
    foil: Tensor  # (R, C, *shape) the patterns of foil_cue
    presented: Tensor  # (R, P, *shape) what this memory was shown, in order; repeats, but for tasks
    draws: Draws
    meter: Meter
    taught: Tensor | None = None  # (R, P, *shape) bool, the outputs of tasks among it
    universal: bool = False  # one rule answers the items of all replicates

    @property
    def space(self) -> Space:
        """The space the patterns are of."""
        return self.substrate.space

    def ask(self, engram: Engram, cue: Cue) -> Tensor:
        """The medium's answers ``(R, C, *shape[, A])``; its own draws do not depend on them."""
        return self.read(engram, cue).response

    def read(self, engram: Engram, cue: Cue) -> Readout:
        """The same with the activity behind it; many cues are asked a block at a time."""
        if cue.count <= BLOCK:
            return self.substrate.read(engram, cue, self.draws, self.meter)
        blocks, meters = [], []
        for i in range(0, cue.count, BLOCK):
            meters.append(self.meter.part(i, i + BLOCK))
            some = cue.part(i, i + BLOCK)
            blocks.append(self.substrate.read(engram, some, self.draws, meters[-1]))
        self.meter.absorb(meters)
        active = [block.activity for block in blocks if block.activity is not None]
        return Readout(
            torch.cat([block.response for block in blocks], dim=1),
            torch.cat(active, dim=1) if active else None,
        )


Control: TypeAlias = Callable[[Trial], Tensor | Absent]


@final
@dataclass(frozen=True)
class Controls:
    """The controls of a run, by name."""

    floors: Mapping[str, Control]
    ceilings: Mapping[str, Control]
    foretold: Mapping[str, Floor] = field(default_factory=dict)  # floors of a forecast


def blank(trial: Trial) -> Tensor:
    """Floor: the same dynamics with a memory that was shown nothing."""
    return trial.ask(trial.blank, trial.cue)


def blank_best(trial: Trial) -> Tensor | Absent:
    """Floor: the blank memory's answers, each at the moment that suits it best.

    Dynamics that hold nothing can pass through a good likeness of the cue before it fades; a score
    taken late must beat that too. The moment is chosen by the truth, so this floor is generous.
    """
    watched = replace(trial, meter=Meter(truth=trial.truth))
    watched.ask(trial.blank, trial.cue)
    if watched.meter.best is None:
        return Absent("this medium's answer does not take shape step by step")
    return watched.meter.best


def scrambled(trial: Trial) -> Tensor:
    """Floor: the memory's entries in a random order; statistics kept, content destroyed."""
    memory = trial.substrate.scramble(trial.engram, trial.draws.at("scrambled"))
    return trial.ask(memory, trial.cue)


def shifted(trial: Trial, share: float = 0.25, *, sideways: bool = False) -> Tensor | Absent:
    """Floor: a field's memory moved by a share of its sides, or of the last alone, on the torus."""

    def moved(values: Tensor) -> Tensor:
        axes = (-1,) if sideways else tuple(range(-len(trial.space.shape), 0))
        return values.roll([round(share * values.shape[axis]) for axis in axes], axes)

    return _with_grids(trial, moved)


def rotated(trial: Trial, degrees: float = 45.0) -> Tensor | Absent:
    """Floor: a field's memory turned about its centre; the corners are filled from the torus."""

    def turned(values: Tensor) -> Tensor:
        plane = ndimage.rotate(
            values.cpu().numpy(), degrees, axes=(-2, -1), reshape=False, order=0, mode="grid-wrap"
        )
        return torch.from_numpy(plane).to(values)

    return _with_grids(trial, turned)


def even(trial: Trial) -> Tensor | Absent:
    """Floor: a field's memory spread evenly over its grid, as strong as where it is strongest."""

    def spread(values: Tensor) -> Tensor:
        flat = values.flatten(1)
        apart = (flat - flat.median(1, keepdim=True).values).abs()
        return flat.gather(1, apart.argmax(1, keepdim=True)).expand_as(flat).reshape(values.shape)

    return _with_grids(trial, spread)


def other(trial: Trial) -> Tensor | Absent:
    """Floor: another replicate's whole memory. The partner is id xor 1, so R does not matter."""
    if len(trial.draws.replicates) < 2:
        return Absent("needs at least two replicates")
    if trial.universal:
        return Absent("every replicate learns the same rule")
    if (trial.truth == trial.truth[:1]).all():
        return Absent("every replicate was shown the same patterns")
    if alike(trial.presented, trial.draws):
        return Absent(ALIKE)
    partner = partners(trial.draws)
    return trial.ask(trial.engram.mapped(lambda x: x[partner.to(x.device)]), trial.cue)


def cue(trial: Trial) -> Tensor:
    """Floor: the cue itself, returned as the answer; 0 where nothing was given."""
    return trial.space.as_response(trial.cue.values)


def filled_cue(trial: Trial, sigma: float = 1.0) -> Tensor | Absent:
    """Floor: the cue, what is uncertain filled in from its neighbourhood; interpolation, no memory.

    Normalised convolution of what is given with a Gaussian (sigma in values, torus).
    """
    if trial.space.symbols not in {None, 2}:
        return Absent("symbols cannot be interpolated")
    axes = tuple(range(2, trial.cue.values.ndim))
    given = trial.cue.given.cpu().numpy().astype("float32")
    values = trial.cue.values.cpu().numpy() * given
    smooth, weight = (
        ndimage.gaussian_filter(x, sigma, axes=axes, mode="wrap", truncate=8.0)
        for x in (values, given)
    )
    filled = torch.from_numpy(smooth / weight.clip(1e-12)).to(trial.cue.values).clamp(0, 1)
    return torch.where(trial.cue.certain, trial.cue.values, filled)


def blurred_cue(trial: Trial, sigma: float = 2.0, level: float = 0.07) -> Tensor | Absent:
    """Floor: the cue smoothed (sigma in pixels, torus) and cut at a level: a filter, no memory."""
    if trial.space.symbols not in {None, 2}:
        return Absent("symbols cannot be blurred")
    axes = tuple(range(2, trial.cue.values.ndim))
    smooth = ndimage.gaussian_filter(trial.cue.values.cpu().numpy(), sigma, axes=axes, mode="wrap")
    return torch.from_numpy((smooth > level).astype("float32")).to(trial.cue.values)


def constant(trial: Trial) -> Tensor:
    """Floor: the same middling value everywhere."""
    return torch.full_like(cue(trial), 0.5)


def mean(trial: Trial) -> Tensor | Absent:
    """Floor: the mean of all that this memory was shown."""
    if trial.presented.shape[1] == 0:
        return Absent("this memory was shown nothing")
    if (trial.presented == trial.presented[:, :1]).all():
        return Absent("this memory was shown one pattern: its mean is the ceiling 'nearest'")
    each = torch.split(trial.presented, 1)  # as responses they may not fit beside each other
    return torch.cat([_mean(shown, trial.space) for shown in each]).expand_as(cue(trial))


def _mean(shown: Tensor, space: Space) -> Tensor:
    """The mean ``(R, 1, …)`` of patterns; of strings, of those that get so far at each place."""
    if not space.ends:
        return space.as_response(shown).mean(1, keepdim=True)
    even = shown.new_full((len(shown), 1, shown.shape[1]), 1 / shown.shape[1]).double()
    return mixed(space, shown, even).to(shown)


def wrong_cue(trial: Trial) -> Tensor:
    """Floor: cued with another pattern than the one asked for."""
    return trial.ask(trial.engram, trial.foil_cue)


def instead(trial: Trial, cue: CueMaker) -> Tensor | Absent:
    """Floor: cued in another, uninformative way."""
    draws = trial.draws.at("instead")
    count = trial.truth.shape[1]
    try:
        cues = [
            cue.cue(trial.truth[:, c], trial.foil[:, c], trial.space, draws.at(c))
            for c in range(count)
        ]
    except ValueError as refusal:
        return Absent(str(refusal))
    return trial.ask(trial.engram, joined(cues))


def painted(trial: Trial) -> Tensor | Absent:
    """Floor: a memory drawn by hand from the patterns, without the medium's own learning."""
    memory = trial.substrate.painted(trial.engram, trial.presented)
    if memory is None:
        return Absent("this memory cannot be drawn by hand")
    return trial.ask(memory, trial.cue)


def nearest(trial: Trial) -> Tensor | Absent:
    """Ceiling: the nearest pattern that was presented, judged on what is given."""
    if trial.space.outputs:
        return Absent("the answers that a task asks for were never presented")
    if trial.presented.shape[1] == 0:
        return Absent("this memory was shown nothing")
    live = torch.ones(trial.presented.shape[:2], dtype=torch.bool, device=trial.truth.device)
    return nearest_answer(trial.space, trial.presented, live, trial.cue)


def picture(trial: Trial) -> Tensor | Absent:
    """Ceiling: the memory itself, looked at; is it simply a stencil of the pattern?"""
    seen = trial.substrate.picture(trial.engram)
    if seen is None:
        return Absent("this memory has no picture in the pattern's shape")
    return seen.unsqueeze(1).expand(trial.truth.shape)


def _with_grids(trial: Trial, change: Callable[[Tensor], Tensor]) -> Tensor | Absent:
    """The answer with every memory array that lies on the pattern's plane changed."""
    memory = trial.engram.copy()
    grids = [name for name, part in memory.memory().items() if part.grid]
    if not grids:
        return Absent("this memory does not lie on the pattern's plane")
    for name in grids:
        memory[name] = change(memory[name]).contiguous()
    return trial.ask(memory, trial.cue)
