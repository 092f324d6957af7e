"""Numbers read off curves that are known by hand."""

import math
from dataclasses import replace

import pytest
import torch

from memlab.absent import Absent
from memlab.metrics import series
from memlab.session import Session
from memlab.substrate import Series
from tests.unit.sessions import asked_once, blobs, three_phase


def reason(found) -> str:
    assert isinstance(found, Absent), found
    return found.reason


def curve(values: list[float], replicates: int = 6) -> Session:
    """A session whose recall of three items has this course, in steps of ten."""
    session = asked_once(lambda truth: truth, patterns=blobs(replicates, 3))
    steps = torch.arange(len(values)) * 10
    line = Series(steps, torch.tensor(values).expand(replicates, 3, -1))
    session.recalls[0] = replace(session.recalls[0], series={"pearson": line})
    return session


TIMED = {"arm": "written", "phase": "recall"}


def test_peak_and_half_life_are_read_off_the_curve():
    session = curve([0.1, 0.9, 0.8, 0.6, 0.4, 0.5])
    assert series.time_to_peak(session, **TIMED).tolist() == [10.0] * 6
    assert series.half_life(session, **TIMED).tolist() == [30.0] * 6
    assert series.series_peak(session, **TIMED, series="pearson").tolist() == pytest.approx(
        [0.9] * 6
    )


def test_a_score_that_stays_has_no_half_life():
    found = series.half_life(curve([0.1, 0.9, 0.8, 0.7]), **TIMED)
    assert reason(found) == "did not fall to half within 30 steps in 6 of 6 replicates"


def test_a_stopped_replicate_keeps_its_last_value():
    session = curve([0.1, 0.9, math.nan, math.nan])
    last = series.series_last(session, **TIMED, series="pearson")
    assert last.tolist() == pytest.approx([0.9] * 6)
    assert "stopped" in reason(series.at_step(session, **TIMED, series="pearson", step=20))


def test_a_step_is_exact_or_absent():
    session = curve([0.1, 0.2, 0.3])
    found = series.at_step(session, **TIMED, series="pearson", step=20, group=1)
    assert found.tolist() == pytest.approx([0.3] * 6)
    missing = series.at_step(session, **TIMED, series="pearson", step=15)
    assert reason(missing) == "pearson was not measured at step 15 but at 0, 10, 20"
    assert "only ['pearson']" in reason(series.at_step(session, **TIMED, series="x", step=0))


def test_the_worst_item_at_a_step():
    session = curve([0.1, 0.2])
    values = torch.tensor([0.3, 0.2, 0.1])[None, :, None].expand(6, 3, 1)
    line = {"pearson": Series(torch.tensor([5]), values)}
    session.recalls[0] = replace(session.recalls[0], series=line)
    found = series.worst_at_step(session, **TIMED, series="pearson", step=5)
    assert found.tolist() == pytest.approx([0.1] * 6)


def test_series_of_writes_are_strung_together():
    session = three_phase()
    where = {"arm": "interfered", "phase": "acquire"}
    mass = series.series_last(session, **where, series="scar_mass")
    first = series.series_last(session, **where, series="scar_mass", group=0)
    assert torch.equal(mass, session.exposures[2].series["scar_mass"].values[:, -1].double())
    assert torch.equal(first, session.exposures[0].series["scar_mass"].values[:, -1].double())
    assert "records no 'energy'" in reason(series.series_last(session, **where, series="energy"))
    nowhere = {"arm": "idle", "phase": "nowhere"}
    assert "nothing happened" in reason(series.series_last(session, **nowhere, series="scar_mass"))


def test_the_step_at_which_a_share_is_reached():
    found = series.time_to_share(curve([0.1, 0.5, 0.9, 1.0]), **TIMED, series="pearson", share=0.5)
    assert found.tolist() == [10.0] * 6
