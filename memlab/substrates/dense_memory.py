"""Dense associative memories: many stored patterns, sharply separated, and no N × N matrix."""

from typing import Annotated, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from memlab.attention import Rows, Similarity, State, power_mean, power_pull, softmax_mean
from memlab.draws import Draws
from memlab.simplex import decoded, encoded, packed, spread
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate

BINARY = 2  # symbols
FIRST = 4  # rows that a memory starts with; they double


@final
@dataclass(frozen=True)
class DenseMemory(Substrate):
    """The state v moves to a mean of the stored patterns ξ, weighted sharply by their likeness.

    Values are units of ±1 (graded ones 2x - 1, symbols simplex corners); 0 is what is not known.

    energy softmax (Ramsauer et al., Hopfield Networks is All You Need, ICLR 2021):
        E = ½ |v|² - 1/β · log Σ exp(β · likeness(v, ξ) + prior),
        v ← Σ ξ softmax(β · likeness + prior): the expected pattern, which is its own calibration.
    energy polynomial, rectified (Krotov and Hopfield, Dense Associative Memory, NeurIPS 2016):
        E = -Σ exp(prior) F(v · ξ / N), F(x) = xⁿ, or x₊ⁿ; n = 2 of the first is the pairwise
        Hopfield network. Binary units take, all at once, the sign that lowers E given all others;
        graded values and symbols (rectified only) the mean with the weights exp(prior) F′(x).

    prior = κ · log(salience): 0 for an ordinary item; an item of salience 0 is not stored.
    Likeness is summed over the units that are known, so that β has one scale for all: dot v · ξ;
    centred: Pearson times their number (equal to dot for balanced binary patterns); euclidean:
    -½ |v - ξ|² (equal to it, less N, for all binary patterns). β = ½ log((1 - ρ) / ρ) makes one
    step the posterior mean of binary patterns of which a share ρ was flipped: 1.1 for 10 %.
    """

    space: Space
    energy: Literal["softmax", "polynomial", "rectified"] = "softmax"
    power: Literal[2, 3, 4] = 3  # n, polynomial and rectified only
    similarity: Similarity = "dot"
    beta: Annotated[float, Field(gt=0, le=10_000)] = 1.0  # 1/unit, softmax only
    kappa: Annotated[float, Field(ge=0, le=100)] = 1.0  # prior per log(salience)
    steps: Annotated[int, Field(ge=1, le=1000)] = 3  # updates of one recall, at most
    tolerance: Annotated[float, Field(ge=0, le=1)] = 1e-4  # change of v at which a recall is over

    def __post_init__(self) -> None:
        """Refuse a polynomial of anything but a dot product, or of values it has no update for."""
        if self.energy != "softmax" and self.similarity != "dot":
            raise ValueError(
                f"energy={self.energy} is a function of the dot product, got "
                f"similarity={self.similarity}; use similarity=dot, or energy=softmax"
            )
        if self.energy == "polynomial" and self.space.symbols != BINARY:
            raise ValueError(
                f"energy=polynomial holds binary patterns, got {self.space}; use energy=rectified "
                "or softmax"
            )

    def blank(self, draws: Draws) -> Engram:
        replicates, device = len(draws.replicates), draws.device
        items = packed(self.space, torch.zeros((replicates, 0, *self.space.shape), device=device))
        prior = torch.zeros((replicates, 0), device=device)
        used = torch.zeros(replicates, dtype=torch.int64, device=device)
        return Engram({"items": Part(items, grows=True), "prior": Part(prior, grows=True)}, used)

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        used, noted = _used(engram), item.salience > 0
        r = noted.nonzero()[:, 0]
        if len(r):
            _make_room(engram, int(used.max()) + 1)
            rows = packed(self.space, item.values) * item.valid.flatten(1)
            engram["items"][r, used[r]] = rows[r]
            engram["prior"][r, used[r]] = self.kappa * item.salience[r].float().log()
        engram.used = used + noted
        meter.tick(1)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        rows = self._rows(engram)
        given, certain = spread(self.space, cue.given), spread(self.space, cue.certain)
        values = torch.where(cue.given, cue.values, 0.0)
        start = torch.where(given, encoded(self.space, values), 0.0)
        state = State(start, None if bool(given.all()) else given.float())
        settled = torch.zeros_like(given[..., :1])
        energy = start.new_zeros(start.shape[:2])
        for step in range(self.steps):
            if not bool(settled.all()):
                answer, energy = self._updated(rows, state)
                answer = torch.where(certain, start, answer)
                answer = torch.where(settled, state.vectors, answer)
                moved = (answer - state.vectors).abs().amax(-1, keepdim=True)
                settled, state = settled | (moved <= self.tolerance), State(answer)
            meter.tick(1)
            meter.add("energy", step, energy)
            if meter.watched:
                meter.look(step + 1, decoded(self.space, state.vectors))
        return Readout(decoded(self.space, state.vectors))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        """What is stored stays."""

    def _rows(self, engram: Engram) -> Rows:
        """The live rows and their priors."""
        used, prior = _used(engram), engram["prior"]
        count = int(used.max())
        live = torch.arange(count, device=prior.device) < used[:, None]
        weight = prior[:, :count].masked_fill(~live, -torch.inf)
        return Rows(self.space, engram["items"][:, :count], weight)

    def _updated(self, rows: Rows, state: State) -> tuple[Tensor, Tensor]:
        """The next state ``(R, C, U)``, and the energy ``(R, C)`` of this one, NaN without one."""
        v = state.vectors
        if self.energy == "softmax":
            mean, log_sum = softmax_mean(rows, state, beta=self.beta, similarity=self.similarity)
            energy = v.square().sum(-1) / 2 - log_sum / self.beta
            partly = self.similarity == "euclidean" and state.known is not None
            without = self.similarity == "centred" or partly or rows.weight.shape[1] == 0
            return mean, torch.full_like(energy, torch.nan) if without else energy
        if self.space.symbols == BINARY:
            pull, total = power_pull(rows, state, self.power, rectified=self.energy == "rectified")
            return torch.where(pull == 0, v, pull.sign()), -total
        mean, total = power_mean(rows, state, self.power)
        return mean, -total


def _make_room(engram: Engram, needed: int) -> None:
    """Let every list of the memory be at least so long; they double, so that growing is cheap."""
    for name, part in engram.memory().items():
        length = part.values.shape[1]
        if needed > length:
            longer = max(FIRST, needed, 2 * length) - length
            spare = part.values.new_zeros((len(part.values), longer, *part.values.shape[2:]))
            engram[name] = torch.cat([part.values, spare], dim=1)


def _used(engram: Engram) -> Tensor:
    if engram.used is None:
        raise ValueError("a dense memory's engram must count its used rows, got used = None")
    return engram.used
