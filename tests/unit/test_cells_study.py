"""The abilities of cells as a study: learners, floors, what is kept, and what is said."""

from dataclasses import replace

import pytest
import torch

from memlab.cells.tasks import carry, half, recall
from memlab.draws import Draws
from memlab.statistics import estimate
from memlab.studies.cells import measuring, outline
from memlab.studies.cells.abilities import FIT, LOSS, PEAK, STREAM, task_of
from memlab.studies.cells.abilities import TASKS as TRAINED
from memlab.studies.cells.bars import BARS, TITLES, Bar
from memlab.studies.cells.effort import SUDDEN, Effort
from memlab.studies.cells.figure import portrait
from memlab.studies.cells.floors import FLOORS
from memlab.studies.cells.keeping import Kept
from memlab.studies.cells.learners import BUDGET, GRU, SIZED, count, learner
from memlab.studies.cells.measuring import Trial, joined
from memlab.studies.cells.row import Row
from memlab.studies.cells.study import abilities
from memlab.studies.cells.training import followed, judged, losses, train
from memlab.studies.cells.verdict import verdict

EFFORT = Effort(steps=1, stream=100)
DRAWS = Draws(1, tuple(range(6)))


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def floor(name, task, seed=1):
    """R² of an answer without a network."""
    taught = joined([task.train(generator(seed)) for _ in range(30)])
    asked = task.held(generator(seed + 1))
    y, target = FLOORS[name](taught, asked)[asked.counts], asked.target[asked.counts]
    return 1 - float((y - target).square().mean() / target.var())


def row(task, who, values, measure=FIT):
    return Row(task, who, 3000, measure, estimate(values), BARS[task][measure])


def test_the_command_knows_every_learner_and_every_task():
    assert (*SIZED, GRU) == outline.CELLS
    assert outline.TASKS == tuple(BARS) == tuple(TITLES) == (*TRAINED, STREAM)


@pytest.mark.parametrize("name", outline.CELLS)
def test_every_learner_is_as_large_as_the_budget_allows(name):
    one = learner(name, 2, generator())
    assert 0.9 * BUDGET < one.size <= BUDGET
    assert one.answers(torch.zeros(3, 4, 2)).shape == (3, 4, 1)


def test_the_size_of_a_cell_is_that_of_its_parameters():
    cell = SIZED["pmrc"](2, 5)
    assert count(cell) == sum(one.numel() for one in cell.initial(generator()).values())


@pytest.mark.parametrize("name", outline.CELLS)
def test_a_state_that_runs_on_answers_as_the_whole_sequence_does(name):
    one, x = learner(name, 1, generator()), torch.rand(2, 8, 1)
    first, state = one.walk(x[:, :3], one.blank(2))
    rest, _ = one.walk(x[:, 3:], state)
    torch.testing.assert_close(torch.cat([first, rest], 1), one.answers(x))


def test_ten_lags_recall_ten_steps_and_no_memory_none():
    assert floor("linear, 10 lags", recall(10)) == pytest.approx(1)
    assert floor("linear, 10 lags", recall(11)) == pytest.approx(0, abs=0.02)
    assert floor("linear, no memory", recall(10)) == pytest.approx(0, abs=0.02)


def test_floors_of_a_filter_are_those_that_theory_has():
    assert floor("linear, no memory", carry()) == pytest.approx(0.51, abs=0.03)
    assert floor("linear, 10 lags", carry()) == pytest.approx(1 - 0.7**22, abs=1e-3)
    assert floor("mean", carry()) == pytest.approx(0, abs=0.01)
    assert floor("persistence", recall(0)) == 1


def test_training_helps():
    task, one = recall(1), learner("pmrc", 1, generator())
    before = judged(one, task.held(generator(2)))[FIT]
    train(one, task, generator(3), 20)
    assert judged(one, task.held(generator(2)))[FIT] > max(before, 0.5)


def test_a_stream_is_learned_while_it_runs():
    stream = half(generator(), 200)
    errors = followed(learner("ndm", 4, generator(2)), stream)
    assert errors.shape == (200,)
    assert errors[-50:].mean() < 0.1 * errors[:20].mean()


def test_losses_are_of_the_last_block_and_of_the_highest():
    errors, target = torch.cat([torch.full((100,), x) for x in (1.0, 3, 2)]), torch.tensor([0.0, 4])
    assert losses(errors, target) == {LOSS: 0.5, PEAK: 0.75}


def test_gradients_that_are_not_finite_end_the_training():
    one = learner("gru", 1, generator())
    with torch.no_grad():
        one.parameters[0].fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="gradients must stay finite"):
        train(one, recall(1), generator(), 1)


def test_tasks_that_ask_for_one_value_take_longer_and_series_do_not():
    assert [Effort().steps_of(task) for task in ("recall_10", "sine")] == [1500, 600]
    assert set(SUDDEN) < set(TRAINED)


def test_a_bar_is_passed_beyond_it_only_and_the_worst_is_on_its_wrong_side():
    high, low = Bar(0.9, above=True), Bar(2, above=False)
    assert [high.passed(x) for x in (0.8, 0.9, 0.95)] == [False, False, True]
    assert [low.passed(x) for x in (1.0, 2.0, 3.0)] == [True, False, False]
    assert (high.worst((0.2, 0.7)), low.worst((0.2, 0.7))) == (0.2, 0.7)


def test_what_is_kept_is_not_measured_again_and_other_facts_are(tmp_path):
    calls = []

    def measure():
        calls.append(len(calls))
        return {FIT: 0.1 + 0.2 + len(calls)}

    kept = Kept(tmp_path / "measured")
    first = kept.scores({"seed": 1}, measure)
    assert Kept(kept.folder).scores({"seed": 1}, measure) == first == {FIT: 0.1 + 0.2 + 1}
    assert kept.scores({"seed": 2}, measure) != first
    assert calls == [0, 1]


def test_a_score_does_not_depend_on_what_was_measured_before(tmp_path):
    trial, (third,) = Trial("recall_10", "gru", EFFORT), (replace(DRAWS, replicates=(3,)),)
    alone = trial.scores(Kept(tmp_path / "a"), third)
    for r in (0, 3):
        found = trial.scores(Kept(tmp_path / "b"), replace(DRAWS, replicates=(r,)))
    assert found == alone


def test_the_effort_of_a_stream_is_not_that_of_mini_batches(tmp_path):
    kept, one = Kept(tmp_path), replace(DRAWS, replicates=(0,))
    longer = replace(EFFORT, steps=3)
    for effort in (EFFORT, longer):
        Trial(STREAM, "mean", effort).scores(kept, one)
        Trial("recall_10", "mean", effort).scores(kept, one)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interrupted_study_goes_on_with_the_rows_of_a_whole_one(tmp_path, monkeypatch):
    def study(folder):
        return abilities(["pmrc", "dtpn"], ["recall_10", "carry"], EFFORT, tmp_path / folder)

    whole = [row for part in study("whole").parts for row in part(DRAWS)]
    for piece in study("cut").ahead[:3]:
        piece(replace(DRAWS, replicates=(0,)))
    before = set((tmp_path / "cut").iterdir())
    measured = []
    monkeypatch.setattr(measuring, "train", lambda *given: measured.append(train(*given)))
    found = [row for part in study("cut").parts for row in part(DRAWS)]
    assert found == whole
    assert len(measured) == 2 * 2 * 6 - 2  # of the pieces kept, two had trained
    assert before < set((tmp_path / "cut").iterdir())


def test_all_learners_of_a_seed_see_the_same_sequences(monkeypatch, tmp_path):
    seen = []

    def look(_one, task, lessons, _steps):
        seen.append(task.train(lessons).x)

    monkeypatch.setattr(measuring, "train", look)
    for who in ("pmrc", "gru"):
        Trial("recall_10", who, EFFORT).scores(Kept(tmp_path), replace(DRAWS, replicates=(0,)))
    assert torch.equal(*seen)


def test_the_series_of_a_task_is_made_once():
    assert task_of("sine") is task_of("sine")


def test_the_verdict_says_who_passes_with_the_worst_seed_and_who_with_the_mean_only():
    rows = [
        row("sine", "pmrc", [0.9995, 0.9999]),
        row("sine", "amn", [0.9985, 0.9999]),
        row("sine", "linear, 10 lags", [1.0, 1.0]),
        row("adding_50", "pmrc", [0.2, 0.99]),
        row("adding_50", "gru", [0.96, 0.97]),
    ]
    told = verdict(rows, Effort())
    assert "sine, 10 ahead: passed by pmrc. Without a network: linear, 10 lags." in told
    assert "sine, 10 ahead: passed by the mean, not by the worst seed: amn." in told
    assert "adding, 50 steps: passed by gru." in told
    assert "Tasks passed of 2: pmrc 1, gru 1, amn 0." in told
    assert "No memory-native cell passes: adding, 50 steps." in told
    assert any("linear filter of the last inputs passes as well: sine" in one for one in told)
    assert "600 mini-batches" in told[0]


def test_a_stream_is_passed_by_who_passes_both_of_its_bars():
    rows = [row(STREAM, "ndm", [0.01, 0.02], LOSS), row(STREAM, "ndm", [0.5, 2.5], PEAK)]
    assert [one.holds for one in rows] == [True, False]
    assert any("y = x/2, online: passed by none." in one for one in verdict(rows, Effort()))


def test_the_figure_has_a_panel_per_task_and_a_line_per_learner():
    rows = [
        row("sine", "pmrc", [0.9, 0.95]),
        row("sine", "gru", [1.0, 1.0]),
        row(STREAM, "pmrc", [0.1, 0.2], LOSS),
        row(STREAM, "pmrc", [0.1, 0.2], PEAK),
    ]
    figure = portrait(rows)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [TITLES["sine"], TITLES[STREAM]]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["pmrc", "gru"]
    assert figure.axes[0].get_xscale() == "log"
