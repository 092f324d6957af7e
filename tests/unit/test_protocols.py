"""What the protocols do to a medium, and what their metrics make of media that are understood."""

from functools import partial

import pytest
import torch
from pydantic import ValidationError

from memlab import controls
from memlab.absent import Absent
from memlab.controls import Controls
from memlab.cues import Flip, Mask
from memlab.experiment import Experiment, prepare
from memlab.metrics import ages, basins, capacity, ladder, outcomes, recognition, salience, spacing
from memlab.patterns.noise import Random
from memlab.patterns.salience import Spread
from memlab.plan import stages
from memlab.protocol import Recall, Rest, Write
from memlab.protocols.basin import Basin
from memlab.protocols.capacity import Capacity
from memlab.protocols.cued import evenly
from memlab.protocols.lesion import Lesion
from memlab.protocols.recognition import Recognition
from memlab.protocols.salience import Salience
from memlab.protocols.spacing import Spacing
from memlab.protocols.stream import Stream
from memlab.runner import Progress, execute
from memlab.substrates.hopfield import Hopfield
from memlab.substrates.no_memory import NoMemory
from memlab.substrates.notebook import Notebook
from tests.unit.media import Window

FLOORS = {"blank": controls.blank, "cue": controls.cue, "mean": controls.mean}


def run(substrate, protocol, cue=None, **patterns):
    """The session of a protocol with four replicates and random patterns of 144 values."""
    asked = Experiment(
        seed=1,
        replicates=4,
        device=torch.device("cpu"),
        video=False,
        substrate=substrate,
        patterns=Random(size=12, **patterns),
        cue=cue or Flip(share=0.1),
        cues={},
        protocol=protocol,
        protocol_name="test",
        controls=Controls(FLOORS, {"nearest": controls.nearest}),
    )
    plan = prepare(asked)
    return execute(plan, Progress())


def test_a_parameter_that_the_medium_has_not_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r"the protocol sets 'beta' .* which has bound, clamp, decay"
    ):
        run(Hopfield, Salience(items=6, scan="beta", values=(1, 3)))


def acts(protocol, arm):
    """All acts of an arm."""
    (found,) = [one for one in protocol.arms() if one.name == arm]
    return [act for phase in found.phases for act in phase.acts]


@pytest.fixture(scope="module")
def climbed():
    """A window of four items that climbs a ladder."""
    return run(partial(Window, keep=4), Capacity(ladder=(2, 4, 8, 16), asked=16))


def test_a_ladder_presents_every_item_once():
    written = [
        act.item for act in acts(Capacity(ladder=(2, 5)), "ladder") if isinstance(act, Write)
    ]
    assert written == [0, 1, 2, 3, 4]


def test_asked_items_spread_from_the_oldest_to_the_newest():
    assert evenly(100, 5) == (0, 25, 50, 74, 99)
    assert evenly(3, 8) == (0, 1, 2)
    assert evenly(9, 1) == (8,)


def test_success_along_a_ladder_is_that_of_a_window(climbed):
    found = ladder.ladder(climbed, axis="items", arm="ladder")
    assert found.x == (2, 4, 8, 16)
    assert found.values.tolist() == [[1.0, 1.0, 0.5, 0.25]] * 4


def test_capacity_is_the_largest_rung_with_half_of_the_items(climbed):
    assert ladder.largest(climbed, axis="items", arm="ladder").tolist() == [8.0] * 4
    assert capacity.load(climbed, arm="ladder").tolist() == pytest.approx([8 / 144] * 4)


def test_the_fitted_curve_is_at_one_half_where_the_window_is(climbed):
    fitted = capacity.fitted_load(climbed, arm="ladder") * 144
    assert ((fitted > 7) & (fitted < 10)).all()


def test_a_memory_that_never_fails_has_no_fitted_capacity():
    session = run(Notebook, Capacity(ladder=(2, 4)))
    found = capacity.fitted_load(session, arm="ladder")
    assert isinstance(found, Absent)
    assert "above at every rung in 4" in found.reason


def test_bits_per_byte_of_a_notebook_are_those_the_cue_lacks():
    session = run(Notebook, Capacity(ladder=(4,), flips=0.5))
    found = capacity.bits_per_byte(session, arm="ladder")
    lower, upper = 0.5 / 4, 1 / 4  # a bit a value, 4 bytes each; half-flipped cues find fewer
    assert bool((found <= upper).all())
    exact = run(Notebook, Capacity(ladder=(4,), flips=None), cue=Mask(keep=0.5))
    assert bool((capacity.bits_per_byte(exact, arm="ladder") > lower * 0.9).all())


def test_an_axis_that_was_not_run_is_absent_and_names_those_that_were(climbed):
    found = ladder.ladder(climbed, axis="flips", arm="ladder")
    assert isinstance(found, Absent)
    assert "the axes of this run: ['items']" in found.reason


@pytest.fixture(scope="module")
def filled():
    """A notebook in a basin protocol."""
    return run(Notebook, Basin(loads=(3, 6), flips=(0.0, 0.2, 0.5), hidden=(0.5,), starts=3))


def test_the_basin_of_a_notebook_ends_near_half_of_the_values(filled):
    found = ladder.half_at(filled, axis="flips", arm="filled", where={"items": "last"})
    assert bool((found > 0.3).all())
    overlap = basins.critical_overlap(filled, arm="filled", items="last")
    assert overlap.tolist() == pytest.approx((1 - 2 * found).tolist())


def test_random_starts_of_a_notebook_end_in_its_items(filled):
    kinds = {
        kind: outcomes.outcome(filled, kind=kind, items="last", arm="filled")
        for kind in outcomes.KINDS
    }
    assert bool((kinds["stored"] > 0.9).all())
    assert torch.allclose(sum(kinds.values()), torch.ones(4, dtype=torch.float64))


def test_every_recall_at_a_load_lies_on_its_axes():
    recalls = [act for act in acts(Basin(), "filled") if isinstance(act, Recall)]
    assert {axis for recall in recalls for axis, _ in recall.at} == {
        "items", "flips", "hidden", "amplitude", "start"
    }  # fmt: skip
    assert not any(recall.controlled for recall in recalls if dict(recall.at).get("start", -1) >= 0)


def test_a_window_by_salience_keeps_the_salient_third():
    medium, spread = partial(Window, keep=3, by_salience=True), Spread(0.0, 3.0)
    session = run(medium, Salience(items=9), salience=spread)
    high = salience.by_tercile(session, arm="salient", tercile="high")
    assert high.tolist() == [1.0] * 4
    assert salience.by_tercile(session, arm="salient", tercile="low").tolist() == [0.0] * 4
    assert salience.privilege(session, arm="salient").tolist() == [1.0] * 4


def test_without_salience_the_first_three_of_equals_are_kept():
    session = run(
        partial(Window, keep=3, by_salience=True), Salience(items=9), salience=Spread(0, 3)
    )
    even = session.recall("even", "recall")
    assert torch.equal(even.response[:, :3], even.truth[:, :3])


def test_equal_salience_is_no_data_and_says_what_to_set():
    session = run(Notebook, Salience(items=3))
    found = salience.privilege(session, arm="salient")
    assert isinstance(found, Absent)
    assert "patterns.salience=" in found.reason


def test_the_effective_load_of_equal_items_is_their_load():
    session = run(Notebook, Salience(items=9))
    load = salience.effective_load(session, "salient")
    torch.testing.assert_close(load, torch.full((4, 9), 9 / 144, dtype=torch.float64))


def test_a_scan_gives_each_value_a_medium_of_its_own():
    session = run(Window, Salience(items=6, scan="keep", values=(1, 3)))
    assert [r.at.get("keep") for r in session.recalls] == [None, None, 1.0, 3.0]


def test_a_window_retains_its_newest_and_has_its_length_as_half_life():
    session = run(partial(Window, keep=5), Stream(items=12))
    assert ages.retained(session, arm="stream").tolist() == [5.0] * 4
    half = ages.half_life(session, arm="stream")
    assert bool(((half > 4) & (half < 5)).all())
    assert ages.newest(session, arm="stream", count=5).tolist() == [1.0] * 4
    assert ages.oldest(session, arm="stream", count=7).tolist() == [0.0] * 4


def test_the_age_of_an_item_counts_from_its_last_presentation():
    session = run(partial(Window, keep=5), Stream(items=12))
    found = ages.by_age(session, arm="stream")
    assert found.x == tuple(float(age) for age in range(12))


def test_all_spacings_live_through_the_same_time_and_the_same_lures():
    protocol = Spacing(presentations=3, gaps=(0, 2, 5), delays=(1, 4))
    for filler in ("idle", "lures"):
        arms = [acts(protocol, f"{filler}, gap {gap}") for gap in (0, 2, 5)]
        times = [sum(a.presentations if isinstance(a, Rest) else 1 for a in arm) for arm in arms]
        lures = [[a.item for a in arm if isinstance(a, Write) and a.item] for arm in arms]
        assert len(set(times)) == 1
        assert lures[0] == lures[1] == lures[2]
        assert all(arm.count(Write(0)) == 3 for arm in arms)


def test_the_gap_and_the_delay_are_those_of_the_name():
    arm = acts(Spacing(presentations=2, gaps=(0, 3), delays=(2,)), "lures, gap 3")
    shown = [act.item for act in arm if isinstance(act, Write)]
    assert shown == [0, 1, 2, 3, 0, 4, 5]


def test_spacing_gains_nothing_where_only_the_last_presentation_counts():
    session = run(partial(Window, keep=5), Spacing(gaps=(0, 2), delays=(1, 8)))
    for filler in ("idle", "lures"):
        gain = spacing.benefit(session, filler=filler, delay="first")
        assert gain.tolist() == [0.0] * 4
    lost = spacing.by_gap(session, filler="lures", delay="last", measure="success")
    assert lost.values.tolist() == [[0.0, 0.0]] * 4
    kept = spacing.by_gap(session, filler="idle", delay="last", measure="success")
    assert kept.values.tolist() == [[1.0, 1.0]] * 4


def test_a_notebook_recognises_what_it_met_and_a_cue_alone_recognises_nothing():
    session = run(Notebook, Recognition(old=6, new=6))
    assert recognition.auroc(session, arm="learned", phase="recall").tolist() == [1.0] * 4
    cue = recognition.auroc(session, arm="learned", phase="recall", control="cue")
    assert cue.tolist() == [0.5] * 4
    sharp = recognition.d_prime(session, arm="learned", phase="recall")
    assert bool((sharp > 2).all())


def test_likeness_to_the_mean_recognises_without_a_memory_of_any_item():
    session = run(NoMemory, Recognition(old=6, new=6))
    mean = recognition.auroc(session, arm="learned", phase="recall", control="mean")
    assert float(mean.mean()) > 0.9


def test_lesions_come_from_one_memory_and_the_last_leaves_nothing():
    protocol = Lesion(items=3, shares=(0.0, 0.5, 1.0))
    assert sum(isinstance(stage.act, Write) for stage in stages(protocol.arms())) == 3
    session = run(Notebook, protocol)
    found = ladder.ladder(session, axis="share", measure="pearson")
    assert bool((found.values.diff(dim=1) < 0).all())
    assert found.values[:, -1].tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("protocol", "wrong", "told"),
    [
        (Capacity, {"ladder": ()}, "must have a rung"),
        (Capacity, {"ladder": (4, 2)}, "ladder must go up"),
        (Capacity, {"ladder": (0, 2)}, "greater than 0"),
        (Basin, {"flips": (0.2, 0.1)}, "flips must go up"),
        (Basin, {"loads": ()}, "basin needs loads"),
        (Salience, {"scan": "beta"}, "belong together"),
        (Spacing, {"gaps": (1, 2)}, "from 0"),
        (Spacing, {"delays": ()}, "needs a delay"),
        (Lesion, {"shares": (0.1, 0.2)}, "must start at 0"),
        (Stream, {"flips": 2.0}, "less than or equal to 1"),
    ],
)
def test_a_protocol_that_makes_no_sense_is_refused(protocol, wrong, told):
    with pytest.raises(ValidationError, match=told):
        protocol(**wrong)
