"""The three media of published comparison 2A, with the defects they were published with.

All of them hold one state per replicate, ``(R, n, n)``, and carry it from one act to the next.
"""

from abc import ABC, abstractmethod
from typing import final

import numpy as np
import torch
from torch import Tensor

from memlab import native
from memlab.draws import Draws
from memlab.reaction_diffusion import REFERENCE, Kinetics


class Medium(ABC):
    """What the comparison asks of a medium."""

    @abstractmethod
    def state(self) -> Tensor:
        """What is compared with a pattern, ``(R, n, n)``."""

    @abstractmethod
    def reset(self) -> None:
        """The state before any input; what was stored stays."""

    @abstractmethod
    def inject(self, pattern: Tensor) -> None:
        """Put a pattern or cue ``(R, n, n)`` in."""

    @abstractmethod
    def evolve(self, steps: int) -> None:
        """Let own time pass."""

    @abstractmethod
    def store(self, pattern: Tensor) -> None:
        """Learn a pattern ``(n, n)``, the same in every replicate."""

    @abstractmethod
    def recall(self, cue: Tensor) -> None:
        """Answer a cue ``(R, n, n)``; the answer is the state."""


@final
class ReactionDiffusion(Medium):
    """Gray–Scott field whose feed rises and kill falls with every stored pattern.

        F ← F + 0.01 p        K ← K − 0.005 p

    As published: all patterns add into one field, whatever V does meanwhile, and a recall starts
    from the state that the last one left.
    """

    KINETICS = Kinetics()
    FEED, KILL = 0.037, 0.060  # 1/step
    FEEDS, KILLS = (0.01, 0.08), (0.035, 0.08)  # bounds, 1/step
    RECALL = 50  # steps

    def __init__(self, side: int, draws: Draws) -> None:
        shape = (len(draws.replicates), side, side)
        self.feed, self.kill = torch.full(shape, self.FEED), torch.full(shape, self.KILL)
        self.reset()

    def state(self) -> Tensor:
        return self.v

    def reset(self) -> None:
        self.u, self.v = torch.ones_like(self.feed), torch.zeros_like(self.feed)

    def inject(self, pattern: Tensor) -> None:
        self.v = (self.v + 0.5 * pattern.float()).clamp(0, 1)

    def evolve(self, steps: int) -> None:
        backend = native.backend() if native.available() else REFERENCE
        u, v = self.u[:, None].clone(), self.v[:, None].clone()  # what was read of them stays
        backend.advance(self.KINETICS, steps, u, v, self.feed, self.kill)
        self.u, self.v = u[:, 0], v[:, 0]

    def store(self, pattern: Tensor) -> None:
        p = pattern.float()
        self.feed = (self.feed + 0.01 * p).clamp(*self.FEEDS)
        self.kill = (self.kill - 0.005 * p).clamp(*self.KILLS)

    def recall(self, cue: Tensor) -> None:
        self.inject(cue)
        self.evolve(self.RECALL)


@final
class ContinuousHopfield(Medium):
    """Graded units with Hebbian couplings: dx/dt = −x + tanh(W x / T).

        W ← W + p pᵀ / N, without diagonal, p of norm 1

    As published: dividing by the norm and by N leaves a loop gain near 10⁻³, so that 0 is the only
    attractor and every state fades in proportion. W is kept as its patterns, ``(P, N)``.
    """

    TEMPERATURE = 0.5
    DT = 0.1  # time / step
    STEPS = 100  # of a recall, at most
    STILL = 1e-3  # norm of the last change at which a recall ends

    def __init__(self, side: int, draws: Draws) -> None:
        self.x = torch.zeros((len(draws.replicates), side, side), dtype=torch.float64)
        self.p = torch.zeros((0, side * side), dtype=torch.float64)

    @property
    def gain(self) -> float:
        """The largest eigenvalue of W / T, all but the diagonal's part of 1/N of it."""
        n = self.p.shape[1]
        return float(torch.linalg.eigvalsh(self.p @ self.p.T / n).max()) / self.TEMPERATURE

    def state(self) -> Tensor:
        return self.x

    def reset(self) -> None:
        self.x = torch.zeros_like(self.x)

    def inject(self, pattern: Tensor) -> None:
        self.x = pattern.double()

    def evolve(self, steps: int) -> None:
        x = self.x.flatten(1)
        for _ in range(steps):
            fields = (x @ self.p.T @ self.p - x * self.p.square().sum(0)) / x.shape[1]
            x = x + self.DT * (torch.tanh(fields / self.TEMPERATURE) - x)
        self.x = x.clamp(-1, 1).reshape(self.x.shape)

    def store(self, pattern: Tensor) -> None:
        p = pattern.double().flatten()
        p = torch.tanh((p - p.mean()) / (p.std(correction=0) + 1e-10))
        self.p = torch.cat([self.p, (p / p.norm())[None]])

    def recall(self, cue: Tensor) -> None:
        self.inject(cue)
        for _ in range(self.STEPS):
            before = self.x
            self.evolve(1)
            if float((self.x - before).flatten(1).norm(dim=1).max()) < self.STILL:
                return


@final
class Oscillators(Medium):
    """Phase oscillators, θ' = ω + (0.1/|n|) Σ sin(θ_j − θ_i) over a neighbourhood; state cos θ.

    As published: an array of the wrong shape makes the coupling one value per column, which all
    rows share (here that of the first row, whose neighbourhood it is); storing draws the natural
    frequencies anew, sets the phases from a spectrum and keeps nothing of the pattern.
    """

    COUPLING = 0.1  # 1/time
    RADIUS = 3  # cells
    SLOWEST, FASTEST = 0.8, 1.2  # rad / time
    DT = 0.01  # time / step
    SETTLING = 500  # steps after storing
    ROUNDS, ROUND = 1_000, 10  # rounds of a recall, at most, and steps of one
    TOGETHER = 0.7  # order parameter at which a recall ends

    def __init__(self, side: int, draws: Draws) -> None:
        self.side, self.draws, self.stored = side, draws, 0
        self.around = _neighbours(side, self.RADIUS).numpy()
        self.reset()

    def order(self) -> Tensor:
        """How much the phases agree, per replicate, in [0, 1]."""
        return torch.polar(torch.ones_like(self.theta), self.theta).mean((-2, -1)).abs()

    def state(self) -> Tensor:
        return self.theta.cos()

    def reset(self) -> None:
        drawn = self.draws.at("phases", self.stored).uniform("theta", (self.side, self.side))
        self.theta = 2 * torch.pi * drawn.double()
        self.omega = self._frequencies()

    def inject(self, pattern: Tensor) -> None:
        self.theta = self.theta + torch.pi * pattern.double()

    def evolve(self, steps: int) -> None:
        first = self.theta[:, : self.RADIUS + 1].numpy().copy()  # what the first row can see
        drift = self.omega[:, : self.RADIUS + 1].numpy()
        total = np.zeros_like(first[:, 0])
        for _ in range(steps):
            sines, cosines = np.sin(first), np.cos(first)
            pull = cosines[:, 0] * (sines.reshape(len(first), -1) @ self.around)
            pull -= sines[:, 0] * (cosines.reshape(len(first), -1) @ self.around)
            first += self.DT * (drift + self.COUPLING * pull[:, None])
            total += pull
        shared = torch.from_numpy(self.COUPLING * total)[:, None]
        self.theta = self.theta + self.DT * (steps * self.omega + shared)

    def store(self, pattern: Tensor) -> None:
        self.stored += 1
        self.reset()
        spectrum = torch.fft.fft(pattern.double().flatten()).abs()
        nearest = (self.omega / (2 * torch.pi) * spectrum.numel()).round().long()
        self.theta = 0.01 * spectrum[nearest]
        self.evolve(self.SETTLING)

    def recall(self, cue: Tensor) -> None:
        self.inject(cue)
        for _ in range(self.ROUNDS):
            self.evolve(self.ROUND)
            if float(self.order().min()) > self.TOGETHER:
                return

    def _frequencies(self) -> Tensor:
        drawn = self.draws.at("frequencies", self.stored).uniform("omega", (self.side, self.side))
        return self.SLOWEST + (self.FASTEST - self.SLOWEST) * drawn.double()


def _neighbours(side: int, radius: int) -> Tensor:
    """Share of each cell of the first rows in what a cell of the first row sees, ``(…, side)``."""
    y, x = torch.meshgrid(torch.arange(radius + 1), torch.arange(side), indexing="ij")
    gap = x.flatten()[:, None] - torch.arange(side)
    distance = y.flatten()[:, None] ** 2 + gap**2
    seen = ((distance <= radius**2) & (distance > 0)).double()
    return seen / seen.sum(0)
