"""Reaction-diffusion chemistry that remembers by scars in its local rates."""

from functools import cached_property
from typing import Annotated, Literal, final

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.nn.functional import avg_pool2d

from memlab import native
from memlab.draws import Draws
from memlab.reaction_diffusion import REFERENCE, Backend, Kinetics, ScarRule, faded, steady_states
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate

FILMED = ("v", "scar depth")  # the panels of a video of writing

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=1)]
Steps = Annotated[int, Field(gt=0, le=10_000_000)]


@final
@dataclass(frozen=True, config=ConfigDict(strict=True))
class GrayScott(Substrate):
    """Gray–Scott medium whose feed F and kill K are scarred where it was bright on a pattern.

        u' = Du ∇²u − u v² + F (1 − u)        v' = Dv ∇²v + u v² − (F + K) v

    Writing seeds a faint v from the item and lets it run; while v resembles the item, F rises and
    K falls where both are bright, which makes those places bistable. Reading seeds v from the cue
    and lets it run; the answer is v over the lit state of a full scar. Memory: F and K.

    Sources: J. E. Pearson, Science 261:189 (1993) for the chemistry; B. Barzin, "Parametric
    Scarring: Memory in Reaction-Diffusion Systems" (2025) for the rule. A background kill of
    0.065 or more leaves the unscarred medium quiescent (ours); the published 0.060 does not.
    """

    space: Space
    size: Annotated[int, Field(gt=0, le=16_384)] = (
        128  # cells along the pattern's longest side; a multiple of it
    )
    feed: Rate = 0.037  # F before any scar, 1/step
    kill: Rate = 0.067  # K before any scar, 1/step
    diffuse_u: Rate = 0.16  # cells^2/step, times 0.3 (the stencil's own scale)
    diffuse_v: Rate = 0.08  # cells^2/step, times 0.3
    decay: Rate = 0.9995  # of v, per step
    law: Literal["saturating", "graded"] = "saturating"  # how a scar grows
    strength: Share = 0.003  # growth of F per scarring step; K loses half
    threshold: Share = 0.3  # what counts as bright, for v and for the pattern
    gate: Share = 0.5  # scars only while cosine(v, pattern) exceeds it
    fade: Share = 0.0  # share of a scar that heals per step
    amplitude: Rate = 0.8  # v laid down for a pattern value of 1
    write_steps: Steps = 60  # own time of one presentation
    write_contrast: Share = 0.2  # of the pattern, at the start of a presentation
    write_noise: Annotated[float, Field(ge=0, le=10)] = (
        0.1  # sd of v at the start of a presentation
    )
    read_steps: Steps = 500  # own time of one recall
    report_every: Steps = 10  # steps between two looks at the field
    backend: Literal["auto", "native", "torch"] = "auto"  # C on CPU where it was built

    def __post_init__(self) -> None:
        if len(self.space.shape) != 2 or self.space.symbols not in {None, 2}:
            raise ValueError(f"gray_scott holds 2-D binary or graded patterns, got {self.space}")
        longest = max(self.space.shape)
        if self.size < longest or self.size % longest:
            raise ValueError(
                f"a medium of size={self.size} cells cannot hold patterns of {self.space}: "
                f"size must be a whole multiple of {longest} (substrate.size={longest} or "
                f"{longest * max(2, -(-self.size // longest))}, or patterns.size={self.size})"
            )
        if self.backend == "native" and not native.available():
            raise ValueError(
                "backend=native needs the compiled kernel (make setup); try torch or auto"
            )
        if steady_states(self.rule.feed_max, self.rule.kill_min, self.kinetics) is None:
            raise ValueError("a full scar must have a lit state: raise decay towards 1")

    @cached_property
    def kinetics(self) -> Kinetics:
        return Kinetics(self.diffuse_u, self.diffuse_v, self.decay)

    @cached_property
    def rule(self) -> ScarRule:
        return ScarRule(
            law=self.law,
            strength=self.strength,
            threshold=self.threshold,
            gate=self.gate,
            fade=self.fade,
            feed=self.feed,
            kill=self.kill,
        )

    @property
    def scale(self) -> int:
        """Cells of the medium along one value of the pattern."""
        return self.size // max(self.space.shape)

    @cached_property
    def lit(self) -> float:
        """V of a fully scarred, well-mixed medium: what an answer of 1 means."""
        states = steady_states(self.rule.feed_max, self.rule.kill_min, self.kinetics)
        return states[1] if states else 1.0

    def blank(self, draws: Draws) -> Engram:
        height, width = (side * self.scale for side in self.space.shape)
        ones = torch.ones((len(draws.replicates), height, width), device=draws.device)
        return Engram(
            {"feed": Part(self.feed * ones, grid=True), "kill": Part(self.kill * ones, grid=True)}
        )

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        target = self._laid_out(item.values * item.valid)
        noise = draws.normal("write noise", tuple(target.shape[1:]))
        v = (self.write_contrast * target + self.write_noise * noise).clamp(0, 1)
        u = torch.ones_like(v)
        fields = u, v, engram["feed"], engram["kill"]
        train = self._backend(v).train
        meter.show(0, torch.stack([v, self._depth(engram)], 1), FILMED)
        for done, steps in _chunks(self.write_steps, self.report_every):
            likeness = train(self.kinetics, self.rule, steps, *fields, target, item.salience).cpu()
            meter.tick(steps)
            for step in range(steps):
                meter.add("similarity", done + step + 1, likeness[:, step])
            self._measure(engram, done + steps, meter)
            covered = self._covered(engram, target)
            meter.add("scar_coverage", done + steps, covered, unit="share of the pattern's cells")
            meter.show(done + steps, torch.stack([v, self._depth(engram)], 1), FILMED)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        v = self._laid_out(cue.values * cue.given).clamp(0, 1)  # (R, C, H, W)
        u = torch.ones_like(v)
        advance = self._backend(v).advance
        meter.look(0, self._answer(v), v)
        for done, steps in _chunks(
            self.read_steps, self.report_every if meter.watched else self.read_steps
        ):
            advance(self.kinetics, steps, u, v, engram["feed"], engram["kill"])
            meter.tick(steps)
            meter.look(done + steps, self._answer(v), v)
        return Readout(self._answer(v))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        faded(self.rule, presentations * self.write_steps, engram["feed"], engram["kill"])
        meter.tick(presentations * self.write_steps)
        self._measure(engram, presentations * self.write_steps, meter)

    def picture(self, engram: Engram) -> Tensor:
        return self._pooled(self._depth(engram)).clamp(0, 1)

    def painted(self, engram: Engram, patterns: Tensor) -> Engram:
        lit = (self._laid_out(patterns) > self.threshold).any(1)  # the union of all
        memory = engram.copy()
        memory["feed"] = torch.where(lit, self.rule.feed_max, self.feed)
        memory["kill"] = torch.where(lit, self.rule.kill_min, self.kill)
        return memory

    def _backend(self, field: Tensor) -> Backend:
        """The C kernel where it can be had and is not declined; on a GPU only torch can be."""
        on_cpu = field.device.type == "cpu"
        if self.backend == "native" and not on_cpu:
            raise ValueError(
                f"backend=native runs on a CPU, got {field.device}; take auto or torch"
            )
        if self.backend != "torch" and on_cpu and native.available():
            return native.backend()
        return REFERENCE

    def _laid_out(self, patterns: Tensor) -> Tensor:
        """Patterns as a field of v: ``(…, h, w)`` to ``(…, H, W)``, a value a square of cells."""
        fine = patterns.repeat_interleave(self.scale, -2).repeat_interleave(self.scale, -1)
        return (self.amplitude * fine).contiguous()

    def _pooled(self, field: Tensor) -> Tensor:
        """The mean over each square of cells: ``(…, H, W)`` to ``(…, h, w)``."""
        flat = field.reshape(-1, 1, *field.shape[-2:])
        return avg_pool2d(flat, self.scale).reshape(*field.shape[:-2], *self.space.shape)

    def _answer(self, v: Tensor) -> Tensor:
        return (self._pooled(v) / self.lit).clamp(0, 1)

    def _measure(self, engram: Engram, step: int, meter: Meter) -> None:
        """How much scar there is, and how much of it can grow no further."""
        feed, kill = engram["feed"], engram["kill"]
        mass = (feed - self.feed).abs().double().sum((-2, -1))
        mass += (kill - self.kill).abs().double().sum((-2, -1))
        full = (feed >= self.rule.feed_max - _EDGE) & (kill <= self.rule.kill_min + _EDGE)
        scarred = self._scarred(engram).sum((-2, -1))
        saturated = full.sum((-2, -1)) / scarred.clamp(min=1)
        meter.add("scar_mass", step, mass, unit="rate × cells")
        meter.add("saturated", step, saturated, unit="share of scarred cells")

    def _covered(self, engram: Engram, target: Tensor) -> Tensor:
        """Share of a pattern's bright cells that carry a scar, ``(R,)``."""
        bright = target > self.threshold
        return (self._scarred(engram) & bright).sum((-2, -1)) / bright.sum((-2, -1)).clamp(min=1)

    def _scarred(self, engram: Engram) -> Tensor:
        return (engram["feed"] != self.feed) | (engram["kill"] != self.kill)

    def _depth(self, engram: Engram) -> Tensor:
        """Scars as a share of the deepest there can be, ``(R, H, W)``."""
        return (engram["feed"] - self.feed) / (self.rule.feed_max - self.feed)


_EDGE = 1e-5  # a rate this near its bound is at it


def _chunks(steps: int, every: int) -> list[tuple[int, int]]:
    """Stretches of at most ``every`` steps: (steps done before, steps in it)."""
    return [(done, min(every, steps - done)) for done in range(0, steps, every)]
