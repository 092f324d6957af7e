"""The doses of the protocol of concepts, and what is measured of the codes it logs."""

import pytest
import torch

from memlab.absent import Absent
from memlab.metrics import codes
from memlab.metrics.measure import gain
from memlab.protocol import Recall as Ask
from memlab.protocol import Rest, Write
from memlab.protocols.concepts import Concepts
from memlab.session import Exposure, Recall, Session
from memlab.space import Cue, Space
from memlab.substrate import Series

SMALL = Concepts(others=2, acquired=(1, 3), interfered=(2,), rested=(4,), relearned=(1,))


def arms(protocol):
    return {arm.name: arm for arm in protocol.arms()}


def acts(arm, kind):
    return [act for phase in arm.phases for act in phase.acts if isinstance(act, kind)]


def test_every_dose_is_asked_for_and_the_doses_add_up():
    taught = arms(SMALL)["taught"]
    asked = [dict(act.at) for act in acts(taught, Ask)]
    assert asked == [
        {"acquired": 0},
        {"acquired": 1},
        {"acquired": 3},
        {"interfered": 2},
        {"rested": 4},
        {"relearned": 1},
    ]
    assert [act.item for act in acts(taught, Write)] == [0, 0, 0, 1, 1, 0]
    assert [act.presentations for act in acts(taught, Rest)] == [4]
    assert [act.controlled for act in acts(taught, Ask)] == [False, False, True, True, True, True]


def test_the_idle_arm_rests_as_long_as_the_other_is_interfered_with():
    idle = arms(SMALL)["idle"]
    assert [act.item for act in acts(idle, Write)] == [0, 0, 0]
    assert sum(act.presentations for act in acts(idle, Rest)) == 2


def test_the_naive_arm_learns_the_concept_after_the_other():
    assert [act.item for act in acts(arms(SMALL)["naive"], Write)] == [1, 1, 0]


def test_a_contrast_does_the_same_in_another_medium():
    protocol = Concepts(contrasts={"absent": {"probability": 0.0}})
    found = arms(protocol)
    assert found["absent"].phases == found["taught"].phases
    assert found["absent"].medium == (("probability", 0.0),)


@pytest.mark.parametrize("axis", ["acquired", "interfered", "rested", "relearned"])
def test_doses_that_do_not_go_up_are_refused(axis):
    with pytest.raises(ValueError, match=f"{axis} must go up"):
        Concepts(**{axis: (2, 2)})


def recall(axis, x, activity):
    """A recall of three items whose activity is given."""
    truth = torch.zeros(1, 3, 2)
    cue = Cue(truth, truth == 0, truth == 0)
    at, answer = {axis: float(x)}, torch.zeros(1, 3, 2, 4)
    return Recall(
        arms=("taught",),
        phase=f"{axis} {x}",
        items=(0, 1, 2),
        presented=(),
        truth=truth,
        cue=cue,
        response=answer,
        controls={},
        absent={},
        series={},
        at=at,
        activity=None if activity is None else torch.tensor([activity]),
    )


def session(*recalls, series=None):
    logged = Exposure(("taught",), "acquired 0 to 1", 0, series or {})
    return Session(
        space=Space((2,), 4),
        seed=0,
        replicates=(0,),
        protocol="concepts",
        names=("a", "b", "c"),
        groups={"concept": (0,), "others": (1, 2)},
        patterns=torch.zeros(1, 3, 2),
        salience=torch.ones(1, 3),
        floors=(),
        ceilings=(),
        exposures=[logged],
        recalls=list(recalls),
    )


BEFORE = recall("acquired", 1, [[1.0, 1, 0, 0], [0, 0, 2, 2], [0, 2, 2, 0]])
AFTER = recall("interfered", 2, [[1.0, 0, 1, 0], [0, 0, 1, 1], [0, 0, 1, 1]])


def test_codes_are_counted_compared_and_followed():
    run = session(BEFORE, AFTER)
    place = {"arm": "taught", "axis": "acquired"}
    assert codes.distinct(run, **place).tolist() == [3]
    assert codes.distinct(run, arm="taught", axis="interfered").tolist() == [2]
    assert codes.entropy(run, **place).item() == pytest.approx(1.584963, abs=1e-6)
    assert codes.inactive(run, **place).tolist() == [0.5]
    apart = codes.apart(run, **place, group="concept", of="others")
    assert apart.item() == pytest.approx(1 - (0 + 1 / 3) / 2)
    within = codes.apart(run, **place, group="others", of="others")
    assert within.item() == pytest.approx(1 - 1 / 3)  # no item with itself
    both = {"before": ("acquired", "last"), "after": ("interfered", 2)}
    assert codes.kept(run, arm="taught", **both, group="concept").item() == pytest.approx(1 / 3)
    assert codes.kept(run, arm="taught", **both, group="others").item() == pytest.approx(2 / 3)


def test_bands_count_the_units_that_carry_the_mean():
    run = session(recall("acquired", 1, [[3.0, 0, 0, 0], [3, 0, 0, 0], [3, 0, 0, 0]]))
    assert codes.bands(run, arm="taught", axis="acquired").tolist() == [1]
    even = session(recall("acquired", 1, [[1.0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]))
    assert codes.bands(even, arm="taught", axis="acquired").tolist() == [4]


def test_what_is_not_finite_is_no_memory():
    nan = float("nan")
    dead = session(recall("acquired", 1, [[nan, nan, 0, 0]] * 3), AFTER)
    found = codes.kept(
        dead, arm="taught", before=("acquired", 1), after=("acquired", 1), group="concept"
    )
    assert isinstance(found, Absent)
    assert found.reason == "no unit was active in 1 of 1 replicates"
    assert codes.inactive(dead, arm="taught", axis="acquired").tolist() == [1]


def test_series_of_the_medium_are_read_at_their_end():
    largest = Series(torch.tensor([5, 10]), torch.tensor([[2.0, 8.0]]))
    mean = Series(torch.tensor([5, 10]), torch.tensor([[1.0, 2.0]]))
    run = session(series={"largest_weight": largest, "mean_weight": mean})
    assert codes.outlier(run, arm="taught", axis="acquired").tolist() == [4]
    missing = codes.last_of(run, "taught", "acquired", "growth")
    assert isinstance(missing, Absent)
    assert "records no 'growth'" in missing.reason


def test_what_a_medium_does_not_show_is_absent():
    run = session(recall("acquired", 1, None))
    found = codes.distinct(run, arm="taught", axis="acquired")
    assert isinstance(found, Absent)
    assert "shows no activity" in found.reason
    nowhere = codes.distinct(run, arm="taught", axis="rested")
    assert isinstance(nowhere, Absent)
    assert "no recall on the axis 'rested'" in nowhere.reason


def test_an_arm_that_was_not_run_is_named_and_where_to_find_it():
    found = codes.distinct(session(BEFORE), arm="concept_absent", axis="acquired")
    assert isinstance(found, Absent)
    assert "no arm 'concept_absent', only ['taught']" in found.reason
    assert "experiment=zypher" in found.reason


def test_a_gain_is_a_difference_or_a_log_ratio():
    def four(_):
        return torch.tensor([4.0])

    def two(_):
        return torch.tensor([2.0])

    run = session(BEFORE)
    assert gain(run, of=four, over=two).tolist() == [2]
    assert gain(run, of=four, over=two, log=True).item() == pytest.approx(0.693147, abs=1e-6)
    assert isinstance(gain(run, of=four, over=lambda _: Absent("none")), Absent)
