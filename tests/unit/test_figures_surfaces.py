"""A score over two axes: each cell is the mean of its recalls, each floor the best one there."""

import numpy as np
import pytest

from memlab.absent import Absent
from memlab.figures.surfaces import surface
from memlab.metrics.ladder import ladder
from memlab.protocols.basin import Basin
from memlab.protocols.capacity import Capacity
from memlab.report import evaluate
from memlab.substrates.hopfield import Hopfield
from tests.unit.test_protocols import run

FLIPS, LOADS = (0.0, 0.2, 0.5), (2, 24)


@pytest.fixture(scope="module")
def cued_ever_worse():
    """A Hebbian memory of 144 units, within and beyond what it holds."""
    protocol = Basin(loads=LOADS, asked=6, flips=FLIPS, hidden=(), amplitudes=(), starts=0)
    return run(Hopfield, protocol)


def cells(session):
    """What the two panels show, ``(flips, loads)`` each."""
    figure = surface(session, evaluate(session, {}, {}), axis="flips", over="items", arm="filled")
    figure.canvas.draw()
    return [np.asarray(panel.images[0].get_array()) for panel in figure.axes[:2]]


def test_a_cell_is_the_mean_success_at_its_flips_and_load(cued_ever_worse):
    own, _ = cells(cued_ever_worse)
    for column, load in enumerate(LOADS):
        found = ladder(cued_ever_worse, axis="flips", where={"items": float(load)})
        assert own[:, column].tolist() == pytest.approx(found.values.mean(0).tolist())
    assert own[1, 0] > own[1, 1] + 0.5


def test_a_floor_is_the_highest_of_its_own_cell(cued_ever_worse):
    _, floors = cells(cued_ever_worse)
    found = [
        ladder(cued_ever_worse, axis="flips", where={"items": 2.0}, control=name)
        for name in cued_ever_worse.floors
    ]
    means = np.stack([one.values.mean(0).numpy() for one in found if not isinstance(one, Absent)])
    assert floors[:, 0].tolist() == pytest.approx(means.max(0).tolist())


def test_a_run_without_flips_has_no_surface():
    session = run(Hopfield, Capacity(ladder=(2, 4), asked=2))
    report = evaluate(session, {}, {})
    assert isinstance(surface(session, report, axis="flips", over="items", arm="ladder"), Absent)
