"""Tasks in turn: what each arm does, and the measures of a matrix of results that is given."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from memlab.absent import Absent
from memlab.figures.continual import forgetting_matrix, transfer_bars
from memlab.metrics import continual
from memlab.protocol import Consolidate, Recall, Write
from memlab.protocols.continual import Continual
from memlab.report import evaluate
from memlab.session import Recall as Log
from memlab.session import Session
from memlab.space import Cue, Space

R = [  # learned so many tasks, score on each
    [-0.1, 0.0, 0.1],
    [0.9, 0.2, 0.0],
    [0.95, 0.8, 0.3],
    [0.5, 0.6, 0.7],
]
JOINT = [0.9, 0.8, 0.8]


def acts(protocol, name):
    (arm,) = [arm for arm in protocol.arms() if arm.name == name]
    return [act for phase in arm.phases for act in phase.acts]


def written(protocol, name):
    return [act.item for act in acts(protocol, name) if isinstance(act, Write)]


def test_tasks_are_learned_in_turn_and_all_asked_after_each():
    protocol = Continual(tasks=2, items=2, presentations=2)
    assert protocol.groups() == {"task 1": 2, "task 2": 2}
    assert written(protocol, "plain") == [0, 1, 0, 1, 2, 3, 2, 3]
    recalls = [act for act in acts(protocol, "plain") if isinstance(act, Recall)]
    assert [dict(recall.at)["learned"] for recall in recalls] == [0, 1, 2]
    assert {recall.items for recall in recalls} == {(0, 1, 2, 3)}
    assert [recall.controlled for recall in recalls] == [False, False, True]


def test_replay_presents_an_earlier_item_beside_each_new_one():
    assert written(Continual(tasks=3, presentations=2), "replay") == [0, 0, 1, 0, 1, 0, 2, 0, 2, 1]


def test_joint_learns_everything_at_once_as_often():
    assert written(Continual(tasks=3, presentations=2), "joint") == [0, 1, 2, 0, 1, 2]


def test_a_protection_has_its_own_medium_and_consolidates_all_but_the_last_task():
    protocol = Continual(tasks=3, items=2, presentations=1, protections=("ewc",))
    (arm,) = [arm for arm in protocol.arms() if arm.name == "ewc"]
    assert arm.medium == (("protection", "ewc"),)
    kept = [act.items for act in acts(protocol, "ewc") if isinstance(act, Consolidate)]
    assert kept == [(0, 1), (2, 3)]
    assert written(protocol, "ewc") == written(protocol, "plain")
    assert not any(isinstance(act, Consolidate) for act in acts(protocol, "plain"))


def test_arms_that_are_not_wanted_are_not_run():
    assert [arm.name for arm in Continual(replay=False, joint=False).arms()] == ["plain"]


def test_one_task_has_none_before_it():
    with pytest.raises(ValidationError, match="tasks"):
        Continual(tasks=1)


def recall(arm, learned, scores):
    """A recall whose answers have exactly these skills, one item a task, for two replicates."""
    random = torch.Generator().manual_seed(0)
    truth = torch.rand(2, len(scores), 40, generator=random).double()
    mean = truth.mean(2, keepdim=True)
    # (1 - share) of the way to the mean leaves an error of (1 - share)² variances.
    off = torch.tensor([(1 - score) ** 0.5 for score in scores]).double()[None, :, None]
    hidden = torch.zeros(truth.shape, dtype=torch.bool)
    at, phase = {"learned": float(learned)}, f"after {learned}"
    cue, answer = Cue(0 * truth, hidden, hidden), truth + off * (mean - truth)
    return Log((arm,), phase, (0, 1, 2), (), truth, cue, answer, {}, {}, {}, at=at)


@pytest.fixture(scope="module")
def session():
    """The matrix R, arm by arm."""
    recalls = [recall("plain", learned, scores) for learned, scores in enumerate(R)]
    return Session(
        Space((40,), None),
        seed=0,
        replicates=(0, 1),
        protocol="continual",
        names=("a", "b", "c"),
        groups={f"task {k}": (k - 1,) for k in (1, 2, 3)},
        patterns=torch.rand(2, 3, 40),
        salience=torch.ones(2, 3),
        floors=(),
        ceilings=(),
        recalls=[*recalls, recall("joint", 3, JOINT)],
    )


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (continual.average, (0.5 + 0.6 + 0.7) / 3),
        (continual.incremental_average, (0.9 + (0.95 + 0.8) / 2 + 0.6) / 3),
        (continual.backward_transfer, ((0.5 - 0.9) + (0.6 - 0.8)) / 2),
        (continual.forward_transfer, ((0.2 - 0.0) + (0.3 - 0.1)) / 2),
        (continual.forgetting_first, ((0.9 - 0.5) + (0.8 - 0.6)) / 2),
        (continual.forgetting_max, ((0.95 - 0.5) + (0.8 - 0.6)) / 2),
        (continual.learning_accuracy, (0.9 + 0.8 + 0.7) / 3),
        (continual.retention, (0.5 / 0.9 + 0.6 / 0.8) / 2),
        (continual.intransigence, ((0.9 - 0.9) + (0.8 - 0.8) + (0.8 - 0.7)) / 3),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_measures_of_a_known_matrix(session, of, expected):
    assert of(session, arm="plain").tolist() == pytest.approx([expected] * 2, abs=1e-5)


def test_a_gain_is_the_difference_of_averages(session):
    found = continual.gain(session, arm="joint", over="plain")
    assert found.tolist() == pytest.approx([(0.9 + 0.8 + 0.8 - 1.8) / 3] * 2, abs=1e-5)


def test_what_an_arm_cannot_tell_is_absent_by_name(session):
    assert "no arm 'ewc'" in continual.average(session, arm="ewc").reason
    assert "does not learn one task after another" in (
        continual.backward_transfer(session, arm="joint").reason
    )
    blank = replace(session, recalls=[recall("plain", k, [0.0] * 3) for k in range(4)])
    assert isinstance(continual.retention(blank, arm="plain"), Absent)


def test_matrix_and_bars_are_drawn(session, tmp_path):
    for draw in (forgetting_matrix, transfer_bars):
        draw(session, evaluate(session, {}, {})).savefig(tmp_path / "figure.png")
        assert (tmp_path / "figure.png").stat().st_size > 5_000
    bare = replace(session, recalls=[])
    assert isinstance(forgetting_matrix(bare, evaluate(session, {}, {})), Absent)
