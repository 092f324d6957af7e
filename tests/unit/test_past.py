"""Memory capacity of media that are understood: a line of delays, and a square of one."""

from dataclasses import dataclass
from functools import partial

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from memlab import baselines, controls
from memlab.absent import Absent
from memlab.controls import Controls
from memlab.cues import Flip, Inputs
from memlab.draws import Draws
from memlab.experiment import Experiment, prepare
from memlab.figures.past import capacity_by_scale, memory_of_lags
from memlab.metrics import past
from memlab.patterns.noise import Random
from memlab.patterns.past import Past
from memlab.patterns.tasks import delayed
from memlab.protocols.memory_capacity import MemoryCapacity
from memlab.report import evaluate
from memlab.runner import Progress, execute
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate
from memlab.substrates.no_memory import NoMemory

TASK = Past(lags=12, second=2, third=1, steps=1200, tested=600, scales=(0.1, 1.0))
FLOORS = {
    "output_mean": baselines.output_mean,
    "linear_10_lags": partial(baselines.linear, lags=10),
}


@dataclass(frozen=True)
class Delays(Substrate):
    """Tells the last so many inputs exactly, squares of them too, and nothing else."""

    space: Space
    steps: int = 5
    squares: int = 0

    def blank(self, draws: Draws) -> Engram:
        return Engram({"none": Part(torch.zeros(len(draws.replicates), 1))})

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        return

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        return

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        x = cue.values[..., 0]
        told = [self._one(tuple(map(int, name.split("+"))), x) for name in self.space.outputs]
        return Readout(torch.cat([cue.values[..., :1], torch.stack(told, -1)], -1))

    def _one(self, term: tuple[int, ...], x: Tensor) -> Tensor:
        first = delayed(x, term[0])
        if len(term) == 1 and term[0] < self.steps:
            return first
        if len(term) == 2 and term[0] == term[1] < self.squares:
            return (first - 0.5).square()
        return torch.full_like(x, 0.5)


def run(substrate, patterns=TASK, cue=None, **protocol):
    asked = Experiment(
        seed=1,
        replicates=3,
        device=torch.device("cpu"),
        video=False,
        substrate=substrate,
        patterns=patterns,
        cue=cue or Inputs(),
        cues={},
        protocol=MemoryCapacity(scales=(0.1, 1.0), **protocol),
        protocol_name="memory_capacity",
        controls=Controls(FLOORS, {"nearest": controls.nearest}),
    )
    return execute(prepare(asked), Progress())


@pytest.fixture(scope="module")
def five():
    """A line of five delays that squares two of them."""
    return run(partial(Delays, steps=5, squares=2))


def test_a_line_of_delays_has_as_much_capacity_as_it_is_long(five):
    for place in (0.1, 1.0, "last"):
        assert past.capacity(five, x=place).tolist() == pytest.approx([5] * 3, abs=0.02)
    assert past.reach(five, x=0.1).tolist() == [5] * 3
    assert past.best_capacity(five).tolist() == pytest.approx([5] * 3, abs=0.04)


def test_squares_count_beyond_and_the_total_is_the_sum(five):
    second, third = (past.capacity(five, x=0.1, degree=d) for d in (2, 3))
    assert second.tolist() == pytest.approx([2] * 3, abs=1e-3)
    assert third.tolist() == [0] * 3
    total = past.processing(five, x=0.1)
    assert total.tolist() == pytest.approx([7] * 3, abs=1e-3)


def test_what_is_told_at_a_lag_falls_off_where_the_line_ends(five):
    shares = past.by_lag(five, x=0.1).values
    assert bool((shares[:, :5] > 0.99).all())
    assert bool((shares[:, 5:] == 0).all())
    levels = past.accuracy_by_lag(five, x=1.0).values
    assert bool((levels[:, :5] == 1).all())
    assert (levels[:, 5:] - 1 / 8).abs().max() < 0.06


def test_a_filter_of_ten_steps_has_eleven_and_the_mean_none(five):
    found = past.capacity(five, x=0.1, control="linear_10_lags")
    assert found.tolist() == pytest.approx([11] * 3, abs=0.1)
    assert past.capacity(five, x=0.1, control="output_mean").tolist() == [0] * 3


def test_unrelated_series_have_next_to_no_capacity():
    """Without the null, a dozen lags would add up to 12 / 600."""
    squared = past._squared(torch.rand(50, 600, 12).double(), torch.rand(50, 600, 12).double())
    assert float(squared.sum(1).mean()) == pytest.approx(12 / 600, rel=0.3)


def test_one_replicate_chooses_its_scale_on_the_first_half_only():
    """A medium that knows more at a small scale has its best there, not at a lucky one."""

    def read(self, engram, cue, draws, meter):
        large = float((cue.values[..., 0] - 0.5).abs().max()) > 0.2
        return Delays.read(Delays(self.space, steps=2 if large else 6), engram, cue, draws, meter)

    kind = dataclass(frozen=True)(type("Scaled", (Delays,), {"read": read}))
    session = run(kind)
    assert past.best_capacity(session).tolist() == pytest.approx([6] * 3, abs=0.04)
    assert past.capacity(session, x="last").tolist() == pytest.approx([2] * 3, abs=0.02)


def test_controls_are_asked_at_the_scales_that_are_named():
    session = run(Delays, controlled=(1.0,))
    assert [bool(recall.controls) for recall in session.recalls] == [False, True]
    missing = past.capacity(session, x=0.1, control="linear_10_lags")
    assert isinstance(missing, Absent)


def test_patterns_without_a_past_are_absent_by_name():
    session = run(NoMemory, Random(size=4), Flip(share=0.1))
    found = past.capacity(session, x=0.1)
    assert isinstance(found, Absent)
    assert "take patterns=past" in found.reason


def test_a_scale_that_was_not_run_names_those_that_were(five):
    assert past.capacity(five, x=0.5).reason == "no recall at scale 0.5; this run has [0.1, 1.0]"


def test_controlled_scales_are_among_the_scales():
    with pytest.raises(ValidationError, match=r"controlled must be among \(0\.1, 1\.0\), got"):
        MemoryCapacity(scales=(0.1, 1.0), controlled=(0.3,))


def test_both_figures_are_drawn(five, tmp_path):
    for draw in (memory_of_lags, capacity_by_scale):
        draw(five, evaluate(five, {}, {})).savefig(tmp_path / "figure.png")
        assert (tmp_path / "figure.png").stat().st_size > 5_000
