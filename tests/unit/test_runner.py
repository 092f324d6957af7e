"""From an experiment to its session, and what is left of one that failed."""

from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch

from memlab import archive, controls
from memlab.controls import Controls
from memlab.cues import Mask, Uniform
from memlab.experiment import Experiment, prepare
from memlab.patterns.image import Shapes
from memlab.protocol import Arm, Lesion, Phase, Protocol, Recall, Rest, Write
from memlab.protocols.three_phase import ThreePhase
from memlab.runner import Progress, execute
from memlab.similarity import pearson
from memlab.substrates.gray_scott import GrayScott
from memlab.substrates.no_memory import NoMemory
from memlab.substrates.notebook import Notebook

FLOORS = {
    "blank": controls.blank,
    "blank_best": controls.blank_best,
    "scrambled": controls.scrambled,
    "shifted": controls.shifted,
    "rotated": controls.rotated,
    "even": controls.even,
    "other": controls.other,
    "cue": controls.cue,
    "filled_cue": controls.filled_cue,
    "blurred_cue": controls.blurred_cue,
    "constant": controls.constant,
    "mean": controls.mean,
    "wrong_cue": controls.wrong_cue,
    "uniform_cue": partial(controls.instead, cue=Uniform(level=0.5)),
    "painted": controls.painted,
}
CEILINGS = {"nearest": controls.nearest, "picture": controls.picture}


def experiment(substrate, protocol=None, replicates=4):
    """A small run of any substrate."""
    return Experiment(
        seed=1,
        replicates=replicates,
        device=torch.device("cpu"),
        video=False,
        substrate=substrate,
        patterns=Shapes(size=16),
        cue=Mask(keep=0.5),
        cues={},
        protocol=protocol or ThreePhase(targets=2, lures=2),
        protocol_name="three_phase",
        controls=Controls(FLOORS, CEILINGS),
    )


def run(substrate, **options):
    """The session of a small run."""
    return execute(prepare(experiment(substrate, **options)), Progress())


@pytest.fixture(scope="module")
def scarred():
    """The session of a small scarred field."""
    return run(partial(GrayScott, size=64, write_steps=40, read_steps=60))


def test_every_arm_shares_cues_to_the_byte(scarred):
    arms = [scarred.recall(arm, "after") for arm in ("interfered", "idle", "lures_only")]
    assert all(torch.equal(recall.cue.values, arms[0].cue.values) for recall in arms)


def test_every_substrate_meets_the_same_patterns_and_cues(scarred):
    other = run(Notebook)
    assert torch.equal(scarred.patterns, other.patterns)
    before = [s.recall("idle", "before").cue.values for s in (scarred, other)]
    assert torch.equal(*before)


def test_the_cue_to_an_item_is_the_same_before_and_after(scarred):
    before, after = scarred.recall("idle", "before"), scarred.recall("idle", "after")
    assert torch.equal(before.cue.values, after.cue.values[:, :2])


def test_progress_counts_every_act_and_control(scarred):
    progress = Progress()
    session = execute(prepare(experiment(NoMemory)), progress)
    assert progress.done == progress.total
    asked = len(session.recalls) * (1 + len(FLOORS) + len(CEILINGS))
    assert progress.total == asked + len(session.exposures)


def test_the_notebook_reaches_the_ceiling_and_no_memory_returns_the_cue():
    notebook, nothing = run(Notebook), run(NoMemory)
    best = notebook.recall("idle", "after")
    assert torch.equal(best.response, best.controls["nearest"])
    floor = nothing.recall("idle", "after")
    assert torch.equal(floor.response, floor.cue.values)


def test_a_control_without_meaning_says_why():
    absent = run(Notebook).recall("idle", "after").absent
    assert "does not lie on the pattern's plane" in absent["shifted"]
    assert "no picture" in absent["picture"]
    assert (
        "at least two replicates"
        in run(NoMemory, replicates=1).recall("idle", "after").absent["other"]
    )


def test_another_replicates_memory_answers_with_its_own_patterns():
    session = run(Notebook)
    recall = session.recall("idle", "before")
    theirs = session.patterns[[1, 0, 3, 2]][:, list(recall.presented)]
    for answer, stored in zip(
        recall.controls["other"].flatten(0, 1), theirs.repeat_interleave(2, 0), strict=True
    ):
        mixed = answer.sum() > 0 and (answer % 1 > 0).any()  # a tie between two of them
        assert mixed or any(torch.equal(answer, pattern) for pattern in stored)


def test_a_scarred_field_is_told_from_a_painted_one_only_by_looking(scarred):
    recall = scarred.recall("idle", "before")
    assert recall.controls["picture"].min() >= 0
    assert not torch.equal(recall.controls["blank"], recall.response)


def test_series_of_a_recall_are_scored_against_time(scarred):
    series = scarred.recall("idle", "before").series["pearson"]
    assert series.steps.tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert series.values.shape == (4, 2, 7)


def test_a_session_is_the_same_after_a_save(scarred, tmp_path):
    loaded = archive.load(archive.save(scarred, tmp_path / "session.npz"))
    assert loaded.names == scarred.names
    assert loaded.groups == scarred.groups
    first, second = loaded.recall("interfered", "after"), scarred.recall("interfered", "after")
    assert torch.equal(first.response, second.response)
    assert torch.equal(first.series["cosine"].values, second.series["cosine"].values)
    assert first.absent == second.absent


def test_a_file_that_holds_no_session_is_refused(tmp_path):
    path = tmp_path / "session.npz"
    path.write_text("not a session")
    with pytest.raises(ValueError, match="must be a Session that memlab saved"):
        archive.load(path)


class Asking(Protocol):
    """Writes, then asks with a cue that nobody provided."""

    def groups(self):
        return {"targets": 1}

    def arms(self):
        acts = (Write(0), Rest(1), Recall((0,), cue="louder"))
        return (Arm("only", (Phase("ask", acts),)),)


def test_a_cue_nobody_provided_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match=r"asks for cues \['louder'\]"):
        prepare(experiment(NoMemory, Asking()))


def test_a_divergence_names_the_act_and_keeps_what_was_recorded(monkeypatch):
    plan = prepare(experiment(partial(GrayScott, size=32, write_steps=20, read_steps=20)))
    whole = GrayScott.write

    def poisoned(self, engram, item, draws, meter):
        if draws.key[1] == 1:
            engram["feed"].fill_(torch.nan)
        whole(self, engram, item, draws, meter)

    monkeypatch.setattr(GrayScott, "write", poisoned)
    progress = Progress()
    with pytest.raises(FloatingPointError, match=r"acquire · .*must stay finite"):
        execute(plan, progress)
    assert progress.session is not None
    assert not progress.session.complete
    assert len(progress.session.exposures) == 1


def test_a_medium_parameter_of_an_arm_reaches_the_medium():
    class Short(Protocol):
        def groups(self):
            return {"targets": 1}

        def arms(self):
            medium = (("write_steps", 7),)
            return (Arm("short", (Phase("acquire", (Write(0),)),), medium=medium),)

    session = run(partial(GrayScott, size=32, write_steps=20), protocol=Short())
    assert session.exposures[0].series["similarity"].steps.tolist() == list(range(1, 8))


def test_the_same_seed_gives_the_same_session_whatever_the_number_of_replicates():
    small = replace(
        experiment(partial(GrayScott, size=32, write_steps=20, read_steps=20)), replicates=2
    )
    few = execute(prepare(small), Progress()).recall("interfered", "after")
    many = execute(prepare(replace(small, replicates=4)), Progress()).recall("interfered", "after")
    assert torch.equal(few.response, many.response[:2])


def test_many_cues_are_asked_in_blocks_and_answered_alike(monkeypatch):
    substrate = partial(GrayScott, size=32, write_steps=20, read_steps=20)
    whole = run(substrate).recall("interfered", "after")
    monkeypatch.setattr(controls, "BLOCK", 3)
    parted = run(substrate).recall("interfered", "after")
    assert torch.equal(whole.response, parted.response)
    assert torch.equal(whole.series["pearson"].values, parted.series["pearson"].values)
    assert torch.equal(whole.controls["blank_best"], parted.controls["blank_best"])


def test_a_filled_cue_beats_the_cue_and_keeps_what_is_certain():
    recall = run(Notebook).recall("idle", "before")
    filled, cue = recall.controls["filled_cue"], recall.cue
    assert torch.equal(filled[cue.certain], cue.values[cue.certain])
    likeness = [pearson(x, recall.truth, (2, 3)).mean() for x in (filled, cue.values)]
    assert likeness[0] > likeness[1] + 0.05


def test_the_blank_at_its_best_is_no_worse_than_in_the_end(scarred):
    recall = scarred.recall("interfered", "after")
    best, last = (
        pearson(recall.controls[x], recall.truth, (2, 3)) for x in ("blank_best", "blank")
    )
    assert (best >= last - 1e-6).all()
    assert (best > last).any()


def test_without_memory_no_answer_differs_from_its_floors():
    recall = run(NoMemory).recall("interfered", "after")
    for floor in ("blank", "scrambled", "other", "cue"):
        assert torch.equal(recall.controls[floor], recall.response)


@dataclass(frozen=True)
class Damaged(Protocol):
    """Learns two items, loses a share of the memory, and is asked before and after."""

    def groups(self):
        return {"targets": 2}

    def arms(self):
        learn, ask = Phase("learn", (Write(0), Write(1))), (Recall((0, 1), at=(("share", 0.9),)),)
        return (
            Arm("whole", (learn, Phase("ask", ask))),
            Arm("hurt", (learn, Phase("hurt", (Lesion(0.9),)), Phase("ask", ask))),
        )


def test_a_lesion_harms_the_arm_it_was_done_in_and_no_other():
    session = run(Notebook, protocol=Damaged())
    whole, hurt = session.recall("whole", "ask"), session.recall("hurt", "ask")
    assert torch.equal(whole.response, whole.truth)
    assert float((hurt.response - hurt.truth).abs().mean()) > 0.02
    assert hurt.at == {"share": 0.9}


def test_each_item_is_presented_with_its_own_salience(monkeypatch):
    shown = []

    def noting(self, engram, item, draws, meter):
        shown.append(item.salience)

    monkeypatch.setattr(NoMemory, "write", noting)
    asked = replace(experiment(NoMemory, Damaged()), patterns=Shapes(size=16, salience=(2.0, 0.5)))
    plan = prepare(asked)
    execute(plan, Progress())
    assert [x.tolist() for x in shown] == [[2.0] * 4, [0.5] * 4]
    assert plan.session.salience.tolist() == [[2.0, 0.5]] * 4


def test_memories_that_do_not_fit_the_machine_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(NoMemory, "footprint", lambda _: 10**15)
    with pytest.raises(ValueError, match=r"need 1\.6e\+07 GB, and cpu has .* GB free"):
        prepare(experiment(NoMemory))


def test_a_run_tells_that_it_makes_the_medium_before_the_first_act(monkeypatch):
    progress, told, blank = Progress(), [], Notebook.blank

    def watched(substrate, draws):
        told.append(progress.label)
        return blank(substrate, draws)

    monkeypatch.setattr(Notebook, "blank", watched)
    execute(prepare(experiment(Notebook)), progress)
    assert told[0] == "making the medium"
    assert progress.label != "making the medium"
