"""Tasks in the laboratory: what a cue tells, what floors know, and how answers are scored."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from memlab import baselines, controls
from memlab.absent import Absent
from memlab.controls import Controls
from memlab.cues import Inputs, Mask
from memlab.draws import Draws
from memlab.experiment import Experiment, cues_to, prepare
from memlab.metrics.ladder import ladder
from memlab.metrics.measure import Answers, answers, averaged
from memlab.metrics.scores import choice, column_r2, r2
from memlab.patterns.series import Sine
from memlab.patterns.streams import ArFilters, DelayedRecall, RepeatPrevious
from memlab.patterns.trials import Copy
from memlab.protocols.train_test import TrainTest
from memlab.runner import Progress, execute
from memlab.space import Cue, Item, Space, Split
from memlab.substrate import Engram, Meter, Part, Readout, Substrate

FLOORS = {
    "blank": controls.blank,
    "other": controls.other,
    "output_mean": baselines.output_mean,
    "persistence": baselines.persistence,
    "linear": baselines.linear,
    "linear_10_lags": lambda trial: baselines.linear(trial, lags=10),
}
STREAM = {"steps": 300, "tested": 100}


@dataclass(frozen=True)
class Told(Substrate):
    """A medium that keeps the sum of what it was shown, for tests to look into."""

    space: Space

    def blank(self, draws: Draws) -> Engram:
        return Engram({"seen": Part(torch.zeros(len(draws.replicates), *self.space.shape))})

    def write(self, engram: Engram, item: Item, draws: Draws, meter: Meter) -> None:
        engram["seen"] = engram["seen"] + item.values * item.valid

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        seen = engram["seen"][:, None].clamp(0, 1).expand_as(cue.values)
        return Readout(torch.where(cue.certain, cue.values, seen))

    def rest(self, engram: Engram, presentations: int, draws: Draws, meter: Meter) -> None:
        return


def experiment(patterns, protocol=None, cue=None):
    return Experiment(
        seed=1,
        replicates=3,
        device=torch.device("cpu"),
        video=False,
        substrate=Told,
        patterns=patterns,
        cue=cue or Inputs(),
        cues={},
        protocol=protocol or TrainTest(ladder=(1,)),
        protocol_name="train_test",
        controls=Controls(FLOORS, {"nearest": controls.nearest}),
    )


def run(patterns, **options):
    return execute(prepare(experiment(patterns, **options)), Progress())


def scored(session, control=None, measure=r2) -> Tensor | Absent:
    return averaged(measure, answers(session, "trained", "test", "tasks", control))


def test_a_task_needs_an_input_and_an_output():
    space = Space((1, 5, 3), None, ("a", "b"))
    assert (space.inputs, str(space)) == (1, "1×5×3, graded")
    for shape, outputs in (((1, 5, 2), ("a", "b")), ((5, 3), ("a",))):
        with pytest.raises(ValueError, match="a task needs sequences, steps and columns"):
            Space(shape, None, outputs)


def test_hidden_outputs_show_the_mean_of_those_that_are_taught():
    patterns = torch.tensor([0.1, 0.3, 0.9, 0.8]).reshape(1, 1, 1, 4, 1).repeat(1, 1, 1, 1, 2)
    taught = torch.zeros_like(patterns, dtype=torch.bool)
    taught[..., :2, 1] = True
    shown = Split(taught, ~taught).shown(patterns, Space((1, 4, 2), None, ("y",)))
    assert shown[0, 0, 0, :, 1].tolist() == pytest.approx([0.1, 0.3, 0.2, 0.2])
    assert torch.equal(shown[..., 0], patterns[..., 0])


def test_a_cue_to_a_task_tells_all_but_what_is_asked_for():
    plan = prepare(experiment(DelayedRecall(lags=(3,), **STREAM)))
    cue = cues_to(plan, (0,))
    assert torch.equal(cue.certain[:, 0], ~plan.split.asked[:, 0])
    assert torch.equal(cue.values[cue.certain], plan.shown[:, :1][cue.certain])
    assert bool((cue.values[~cue.given] == 0).all())


def test_a_cue_that_hides_inputs_still_tells_the_outputs_that_are_taught():
    plan = prepare(experiment(DelayedRecall(lags=(3,), **STREAM), cue=Mask(keep=0.5)))
    cue = cues_to(plan, (0,))
    assert torch.equal(cue.certain[:, 0, ..., 1], ~plan.split.asked[:, 0, ..., 1])
    assert 0.4 < cue.certain[..., 0].float().mean() < 0.6


def test_inputs_of_patterns_that_are_no_tasks_are_refused():
    with pytest.raises(ValueError, match="inputs needs patterns that are tasks"):
        Inputs().cue(torch.ones(1, 3), torch.ones(1, 3), Space((3,)), Draws(0, (0,)))


def test_a_medium_meets_nothing_that_will_be_asked_for():
    session = run(RepeatPrevious(symbols=3, back=2, **STREAM))
    recall = session.recall("trained", "test")
    assert bool((recall.response[..., -100:, 3:] == 0).all())
    known = recall.response[..., 2:-100, 3:]
    assert torch.equal(known, recall.truth[..., 2:-100, 3:])


def test_the_mean_of_outputs_explains_nothing_and_the_medium_that_says_it_no_more():
    session = run(DelayedRecall(lags=(3, 5), **STREAM))
    floor = scored(session, "output_mean")
    assert bool(((floor <= 0) & (floor > -0.1)).all())
    assert scored(session, "persistence").reason == "1 inputs cannot stand for 2 outputs"
    session = run(Sine(periods=(50.0,), ahead=50, **STREAM))  # what comes is what was
    assert scored(session, "persistence").tolist() == pytest.approx([1] * 3)


def test_a_filter_of_ten_steps_knows_what_came_in_within_them():
    session = run(DelayedRecall(lags=(10,), **STREAM))
    assert float(scored(session, "linear_10_lags").min()) > 0.999
    assert float(scored(session, "linear").max()) < 0.1
    session = run(DelayedRecall(lags=(11,), **STREAM))
    assert float(scored(session, "linear_10_lags").max()) < 0.1


def test_a_leaky_sum_explains_half_of_itself_without_memory():
    """1 - decay² = .51 of the variance comes with the present input."""
    session = run(ArFilters(steps=3000, tested=1000))
    assert scored(session, "linear").tolist() == pytest.approx([0.51] * 3, abs=0.08)


def test_filters_are_fitted_to_every_task_that_was_shown():
    session = run(Sine(**STREAM), protocol=TrainTest(ladder=(1,), tasks=2))
    assert float(scored(session, "linear_10_lags").min()) > 0.9  # two sines are four lags' worth
    assert session.recall("trained", "test").presented == (0, 1)


def test_floors_of_tasks_are_absent_where_there_is_none():
    plan = prepare(experiment(Sine(**STREAM)))
    assert plan.split is not None
    lone = Answers(Space((3,), None), (0,), (0,), *[torch.rand(1, 1, 3)] * 3, *[None] * 3)
    for score in (r2, column_r2, choice):
        assert isinstance(score(lone), Absent)


def test_the_memory_of_another_replicate_is_no_floor_where_one_rule_holds_for_all():
    assert "other" in run(Sine(**STREAM)).recall("trained", "test").absent
    assert "other" in run(ArFilters(**STREAM)).recall("trained", "test").controls


def hidden(truth: Tensor, response: Tensor, space: Space, asked: Tensor) -> Answers:
    """Answers to one task whose outputs are asked for at some steps, ``(T,)`` bool."""
    columns = torch.arange(space.shape[2]) >= space.inputs
    certain = ~(asked[:, None] & columns).flatten()[None, None]
    flat = [part.flatten()[None, None].float() for part in (truth, response, truth)]
    return Answers(space, (0,), (0,), *flat, certain, certain, flat[0][None])


def test_r2_is_one_less_the_error_in_variances_of_each_output():
    random = torch.Generator().manual_seed(0)
    truth = torch.rand(40, 3, generator=random)
    asked = torch.arange(40) >= 20
    space = Space((1, 40, 3), None, ("a", "b"))
    response = truth.clone()
    response[:, 1] = truth[20:, 1].mean()
    response[:20] = -7  # of no account
    each = column_r2(hidden(truth, response, space, asked))[0, 0]
    assert each.tolist() == pytest.approx([0, 1], abs=1e-6)
    assert float(r2(hidden(truth, response, space, asked))) == pytest.approx(0.5)


def test_a_choice_is_right_where_the_largest_output_is():
    truth = torch.tensor([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1.0]])
    response = torch.tensor([[1, 0.2, 0.3], [0, 0.1, 0.4], [1, 0.9, 0.2], [0, 0.8, 0.7]])
    answers_ = hidden(truth, response, Space((1, 4, 3), 2, ("a", "b")), torch.ones(4).bool())
    assert float(choice(answers_)) == 0.5


def test_tests_lie_on_the_axis_of_presentations_and_the_last_is_controlled():
    session = run(Copy(trials=20, tested=5), protocol=TrainTest(ladder=(1, 3, 4)))
    found = ladder(session, axis="presentations", measure="choice", arm="trained")
    assert found.x == (1, 3, 4)
    assert [bool(recall.controls) for recall in found.recalls] == [False, False, True]
    written = [one.item for one in session.exposures if one.item is not None]
    assert written == [0] * 4


@pytest.mark.parametrize("steps", [(), (2, 2), (4, 1)])
def test_a_ladder_of_tests_goes_up(steps):
    with pytest.raises(ValueError, match="ladder must"):
        TrainTest(ladder=steps)
