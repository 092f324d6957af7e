"""Arms are laid out as stages, and what they share runs once."""

from memlab.plan import stages
from memlab.protocol import Arm, Phase, Recall, Rest, Write
from memlab.protocols.three_phase import ThreePhase

ACQUIRE = Phase("acquire", (Write(0), Write(1)))
ASK = Phase("ask", (Recall((0, 1)),))


def test_a_shared_beginning_runs_once():
    planned = stages(
        (Arm("a", (ACQUIRE, ASK)), Arm("b", (ACQUIRE, Phase("wait", (Rest(2),)), ASK)))
    )
    assert [s.arms for s in planned] == [("a", "b"), ("a", "b"), ("a",), ("b",), ("b",)]


def test_arms_with_another_medium_share_nothing():
    planned = stages((Arm("a", (ACQUIRE,)), Arm("b", (ACQUIRE,), medium=(("write_steps", 5),))))
    assert [s.arms for s in planned] == [("a",), ("a",), ("b",), ("b",)]


def test_every_stage_follows_the_one_it_starts_from():
    planned = stages(ThreePhase().arms())
    assert all(s.parent is None or s.parent < i for i, s in enumerate(planned))


def test_each_arm_finds_all_its_acts_along_its_own_path():
    arms = ThreePhase(targets=2, lures=3, presentations=2).arms()
    planned = stages(arms)
    for arm in arms:
        last, acts = max(i for i, s in enumerate(planned) if arm.name in s.arms), []
        while last is not None:
            acts.insert(0, planned[last].act)
            last = planned[last].parent
        assert acts == [act for phase in arm.phases for act in phase.acts]


def test_an_act_done_again_is_told_from_the_first_time():
    again = Phase("acquire", (Write(0), Rest(1), Write(0), Rest(3), Write(1)))
    assert [s.nth for s in stages((Arm("a", (again,)),))] == [0, 0, 1, 1, 0]


def test_presented_holds_what_was_learned_and_not_what_only_passed():
    arm = Arm("a", (Phase("acquire", (Write(0), Write(1, salience=0.0), Rest(1), Write(2))), ASK))
    assert stages((arm,))[-1].presented == (0, 2)


def test_the_last_act_closes_its_phase():
    planned = stages((Arm("a", (ACQUIRE, ASK)),))
    assert [s.closes for s in planned] == [False, True, True]


def test_idle_and_interfered_take_the_same_time():
    arms = {arm.name: arm for arm in ThreePhase(targets=2, lures=5, presentations=3).arms()}
    rest = arms["idle"].phases[2].acts[0]
    assert isinstance(rest, Rest)
    assert rest.presentations == len(arms["interfered"].phases[2].acts) == 15
    assert len(arms["rehearsed"].phases[2].acts) == 15
