"""What is drawn and kept of the inside of a medium: couplings, courses of recalls, curves."""

import numpy as np
import pytest
import torch

from memlab import archive
from memlab.absent import Absent
from memlab.app.results import keep_tables
from memlab.figures.courses import courses
from memlab.figures.weights import weight_matrix
from memlab.metrics.ladder import ladder
from memlab.protocols.capacity import Capacity
from memlab.protocols.lesion import Lesion
from memlab.protocols.recognition import Recognition
from memlab.report import curve_frame, evaluate
from memlab.substrates.hopfield import Hopfield
from memlab.substrates.notebook import Notebook
from tests.unit.test_protocols import FLOORS, run


@pytest.fixture(scope="module")
def filled():
    """A Hebbian memory that is asked with 2, 8 and, beyond what it holds, 40 items."""
    return run(Hopfield, Capacity(ladder=(2, 8, 40), asked=8))


@pytest.fixture(scope="module")
def noted():
    """A notebook that climbs two rungs."""
    return run(Notebook, Capacity(ladder=(2, 4), asked=4))


def lines(figure, panel):
    return {line.get_label(): line.get_ydata() for line in figure.axes[panel].lines}


def test_only_the_end_of_an_arm_keeps_its_matrix(filled):
    assert [sorted(shot.matrices) for shot in filled.snapshots] == [[]] * 5 + [["weights"]]
    assert filled.snapshots[-1].matrices["weights"].shape == (144, 144)


def test_every_arm_keeps_its_own_matrix():
    hurt = run(Hopfield, Lesion(items=2, shares=(0.0, 0.5)))
    kept = {shot.arms: shot.matrices["weights"] for shot in hurt.snapshots if shot.matrices}
    zeros = [float((kept[arms,] == 0).float().mean()) for arms in ("lesion 0", "lesion 0.5")]
    assert set(kept) == {("lesion 0",), ("lesion 0.5",)}
    assert zeros[1] > zeros[0] + 0.2


def test_a_matrix_outlives_the_file(filled, tmp_path):
    again = archive.load(archive.save(filled, tmp_path / "session.npz"))
    assert torch.equal(
        again.snapshots[-1].matrices["weights"], filled.snapshots[-1].matrices["weights"]
    )


def test_a_list_of_items_is_no_matrix(noted):
    drawn = weight_matrix(noted, evaluate(noted, {}, {}), arm="ladder")
    assert isinstance(drawn, Absent)
    assert "square" in drawn.reason


def test_the_spectrum_of_a_hebbian_memory_drops_after_the_items_it_learned(filled):
    drawn = weight_matrix(filled, evaluate(filled, {}, {}), arm="ladder")
    values = lines(drawn, 2)["the memory"]
    assert np.ptp(values[40:]) < 1e-4  # without self-coupling all others are -P / N
    assert values[40:].mean() == pytest.approx(-40 / 144, abs=1e-4)
    assert values[39] > values[40] + 0.02


def test_shuffled_entries_lose_the_large_eigenvalues(filled):
    shown = lines(weight_matrix(filled, evaluate(filled, {}, {}), arm="ladder"), 2)
    assert shown["the memory"][0] > 1.3 * shown["entries shuffled"][0]
    assert shown["the memory"].sum() == pytest.approx(shown["entries shuffled"].sum(), abs=1e-3)


@pytest.mark.parametrize(("phase", "right", "wrong"), [("recall 2", 8, 0), (None, 0, 32)])
def test_courses_are_told_apart_by_how_they_end(filled, phase, right, wrong):
    drawn = courses(filled, evaluate(filled, {}, {}), arm="ladder", phase=phase)
    told = {label.split(" (")[0] for label in lines(drawn, 0)}
    assert {f"recalled: {right} cues", f"not recalled: {wrong} cues"} <= told


def test_the_energy_of_every_drawn_cue_falls(filled):
    drawn = courses(filled, evaluate(filled, {}, {}), arm="ladder", phase="recall 8")
    paths = [y for y in (line.get_ydata() for line in drawn.axes[0].lines) if len(y) > 2]
    assert len(paths) >= 32
    assert all(np.diff(path).max() <= 1e-4 for path in paths)


def test_a_medium_that_answers_at_once_has_no_course(noted):
    assert isinstance(courses(noted, evaluate(noted, {}, {}), arm="ladder"), Absent)


def test_the_table_of_curves_has_the_numbers_of_the_ladder(filled):
    table = curve_frame(filled)
    own = table[(table.measure == "success") & (table.answer == "medium")]
    expected = ladder(filled, axis="items", measure="success").values.mean(0)
    assert own["items"].tolist() == [2, 8, 40]
    assert own["mean"].tolist() == pytest.approx(expected.tolist())
    assert (own.low <= own["mean"]).all()
    assert (own["mean"] <= own.high).all()


def test_the_table_of_curves_has_every_control(filled):
    table = curve_frame(filled)
    assert set(table.answer) == {"medium", "nearest", *FLOORS}
    assert set(table.n) == {4}


def test_recalls_on_no_axis_leave_no_curve(tmp_path):
    met = run(Notebook, Recognition(old=2, new=2))
    keep_tables(met, evaluate(met, {}, {}), tmp_path)
    assert not (tmp_path / "tables" / "curves.csv").exists()


def test_curves_are_kept_beside_the_other_tables(noted, tmp_path):
    keep_tables(noted, evaluate(noted, {}, {}), tmp_path)
    first = (tmp_path / "tables" / "curves.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first == "arm,phase,items,measure,answer,mean,low,high,n"
