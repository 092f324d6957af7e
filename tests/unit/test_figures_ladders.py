"""Curves along an axis show the medium, what it must beat, and what theory expects."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.figures.ladders import score_along, score_by_age, score_by_parts
from memlab.figures.salience import by_salience
from memlab.metrics import ages
from memlab.metrics.ladder import ladder
from memlab.patterns.salience import Spread
from memlab.protocols.capacity import Capacity
from memlab.protocols.lesion import Lesion
from memlab.protocols.salience import Salience
from memlab.protocols.spacing import Spacing
from memlab.protocols.stream import Stream
from memlab.report import evaluate
from memlab.substrates.hopfield import Hopfield
from memlab.substrates.notebook import Notebook
from tests.unit.media import Window
from tests.unit.test_protocols import run


@pytest.fixture(scope="module")
def climbed():
    """A Hebbian memory of 144 units on its way beyond what it holds."""
    return run(Hopfield, Capacity(ladder=(2, 8, 16, 32), asked=8))


def plot(draw, session, **options):
    """The first panel of a figure."""
    figure = draw(session, evaluate(session, {}, {}), **options)
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    return figure.axes[0]


def drawn(panel):
    return {line.get_label(): np.asarray(line.get_ydata()) for line in panel.lines}


def test_a_curve_goes_through_the_means_of_its_ladder(climbed):
    panel = plot(score_along, climbed, axis="items", measures=["success"])
    expected = ladder(climbed, axis="items").values.mean(0).tolist()
    assert drawn(panel)["the medium"].tolist() == pytest.approx(expected)


def test_the_best_floor_of_flipped_cues_is_the_cue_itself(climbed):
    panel = plot(score_along, climbed, axis="items", measures=["overlap"])
    cue = ladder(climbed, axis="items", measure="overlap", control="cue").values.mean(0)
    assert drawn(panel)["best floor"].tolist() == pytest.approx(cue.tolist(), abs=0.01)


def test_theory_is_named_where_the_axis_reaches_it(climbed):
    panel = plot(score_along, climbed, axis="items", measures=["success"], theory_lines=True)
    assert [text.get_text().strip() for text in panel.texts] == ["0.138 N", "N / 2 ln N"]


def test_the_second_axis_is_the_load(climbed):
    (above,) = plot(score_along, climbed, axis="items", measures=["success"]).child_axes
    ticks = [float(label.get_text()) for label in above.get_xticklabels()]
    assert ticks == pytest.approx([items / 144 for items in (2, 8, 16, 32)], rel=0.05)


def test_the_half_life_of_a_stream_is_marked_where_the_window_ends():
    streamed = run(partial(Window, keep=4), Stream(items=12))
    panel = plot(score_by_age, streamed, arm="stream", measures=["success"])
    half = float(ages.half_life(streamed, arm="stream").mean())
    assert 3 < half < 4
    assert panel.texts[0].get_text().strip() == f"half-life {half:.1f}"


def test_the_floor_of_a_stream_is_one_control_at_every_age_smoothed_as_the_medium():
    streamed = run(partial(Window, keep=4), Stream(items=12))
    panel = plot(score_by_age, streamed, arm="stream", measures=["pearson"])
    name = panel.get_title(loc="left").removeprefix("best floor: ").replace(" ", "_")
    raw = ages.by_age(streamed, arm="stream", phase="recall", measure="pearson", control=name)
    floor = drawn(panel)["best floor"]
    assert floor.tolist() == pytest.approx(ages.falling(raw).values.mean(0).tolist())
    assert (np.diff(floor) <= 1e-12).all()


def test_a_memory_that_never_forgets_has_no_half_life():
    streamed = run(Notebook, Stream(items=6))
    assert not plot(score_by_age, streamed, arm="stream", measures=["success"]).texts


def test_each_delay_has_its_curve_and_its_floor():
    spaced = run(Notebook, Spacing(gaps=(0, 2), delays=(1, 3), fillers=("idle",)))
    parts = {"soon": {"delay": "first"}, "late": {"delay": "last"}}
    panel = plot(score_by_parts, spaced, axis="gap", measure="pearson", parts=parts)
    assert drawn(panel)["soon"].tolist() == pytest.approx([1, 1])
    assert sum("best floor" in str(line.get_label()) for line in panel.lines) == 2


def test_damage_is_drawn_from_whole_to_gone():
    hurt = run(Hopfield, Lesion(items=2, shares=(0.0, 0.5, 1.0)))
    shown = drawn(plot(score_along, hurt, axis="share", measures=["pearson"]))["the medium"]
    assert shown[0] == pytest.approx(1)
    assert shown[-1] < 0.9


def test_an_axis_that_no_recall_lies_on_is_named(climbed):
    found = score_along(climbed, evaluate(climbed, {}, {}), axis="gap", measures=["success"])
    assert isinstance(found, Absent)
    assert "gap" in found.reason


def test_an_interval_that_reaches_0_is_drawn_down_to_0():
    chosen = run(Hopfield, Salience(items=30), salience=Spread(low=0.3, high=3.0))
    panel = plot(by_salience, chosen, measure="success")
    ends = [np.asarray(line.get_ydata()) for line in panel.lines]
    assert any(low == 0 < high for low, high in ends)


def test_a_predicted_limit_is_marked_where_the_metric_says(climbed):
    limits = {"limit": lambda session: ladder(session, axis="items").values[:, 0] * 0 + 12.0}
    panel = plot(score_along, climbed, axis="items", measures=["success"], marks=limits)
    assert [text.get_text().strip() for text in panel.texts] == ["limit 12"]
    assert any(set(line.get_xdata()) == {12.0} for line in panel.lines)
