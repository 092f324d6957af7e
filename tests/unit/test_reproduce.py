"""Two runs compared bit by bit, and the names by which a run is found."""

import math
from dataclasses import replace
from functools import cache

import pytest
import torch

from memlab import archive
from memlab.app.reproduction import changed
from memlab.record.difference import compared, gap, unequal
from memlab.record.lookup import Unknown, job_folders, one_run
from memlab.record.outcome import Outcome, Status
from memlab.reproduce import DIFFERENT, EQUAL, arguments, concluded
from tests.unit.sessions import three_phase

DONE = Outcome(
    Status.FINISHED,
    "/gone",
    (),
    scalars={"recall": 0.5},
    values={"recall": (0.25, 0.75)},
    verdicts={"recalled": "holds"},
)


@cache
def session():
    """A small one, the same each time."""
    return three_phase(replicates=2, side=8)


def run(folder, outcome=DONE, **parts):
    """A finished run with a small session."""
    folder.mkdir(parents=True)
    archive.save(replace(session(), **parts), folder / "session.npz")
    replace(outcome, folder=str(folder)).save()
    return folder


def changed_patterns(at, by):
    patterns = session().patterns.clone()
    patterns[at] += by
    return patterns


def test_two_runs_of_equal_bits_do_not_differ(tmp_path):
    found = compared(run(tmp_path / "a"), run(tmp_path / "b"))
    assert (found.measures, found.verdicts, found.differences) == (1, 1, ())
    assert found.arrays > 3


def test_the_first_difference_names_array_replicate_and_both_values(tmp_path):
    at = (1, 0, *[0] * (session().patterns.ndim - 2))
    other = run(tmp_path / "b", patterns=changed_patterns(at, 0.5))
    first = compared(run(tmp_path / "a"), other).differences[0]
    assert (first.where, first.differing) == ("patterns", 1)
    assert first.index.startswith("replicate 1, at [0")
    assert float(first.now) - float(first.then) == 0.5


def test_an_array_is_named_by_its_recall(tmp_path):
    recalls = list(session().recalls)
    recalls[0] = replace(recalls[0], response=recalls[0].response + 1e-3)
    first = compared(run(tmp_path / "a"), run(tmp_path / "b", recalls=recalls)).differences[0]
    phase = recalls[0].phase
    assert first.where == f"recalls 0 {'+'.join(recalls[0].arms)}/{phase} · response"


def test_what_is_no_array_is_compared_too(tmp_path):
    first = compared(run(tmp_path / "a"), run(tmp_path / "b", seed=99)).differences[0]
    assert (first.where, first.now) == ("seed", "99")


def test_a_measure_that_differs_in_one_replicate_is_a_difference(tmp_path):
    other = replace(DONE, values={"recall": (0.25, math.nextafter(0.75, 1))})
    (only,) = compared(run(tmp_path / "a"), run(tmp_path / "b", other)).differences
    assert (only.where, only.index) == ("measure recall", "replicate 1")


def test_a_measure_that_is_gone_and_another_verdict_are_differences(tmp_path):
    other = replace(DONE, scalars={}, values={}, verdicts={"recalled": "no data"})
    found = compared(run(tmp_path / "a"), run(tmp_path / "b", other)).differences
    assert [one.where for one in found] == ["measure recall", "verdict on recalled"]


def test_minus_zero_is_not_zero_and_a_nan_is_itself():
    assert list(unequal("x", torch.tensor([0.0]), torch.tensor([-0.0]), replicated=True))
    nan = torch.tensor([math.nan])
    assert not list(unequal("x", nan, nan.clone(), replicated=True))


@pytest.mark.parametrize("kind", [torch.bool, torch.int64, torch.bfloat16, torch.float64])
def test_every_type_of_array_is_compared(kind):
    old, new = torch.zeros(2, 3, dtype=kind), torch.zeros(2, 3, dtype=kind)
    new[1, 2] = 1
    (only,) = unequal("x", old, new, replicated=True)
    assert (only.index, only.differing, only.values) == ("replicate 1, at [2]", 1, 6)


def test_another_shape_is_said_as_such():
    (only,) = unequal("x", torch.zeros(2), torch.zeros(3), replicated=True)
    assert (only.then, only.now) == (
        "float32 array of shape (2,)",
        "float32 array of shape (3,)",
    )


def test_a_gap_is_relative_to_the_largest_value():
    assert gap(torch.tensor([4.0, 0.0]), torch.tensor([4.0, 1.0])) == 0.25
    assert gap(torch.tensor([1.0]), torch.tensor([math.nan])) == math.inf


@pytest.mark.parametrize(("tolerance", "code"), [(1e-3, EQUAL), (1e-6, DIFFERENT), (0, DIFFERENT)])
def test_a_small_gap_is_equal_to_a_tolerance_that_allows_it(tmp_path, capsys, tolerance, code):
    other = replace(DONE, values={"recall": (0.25, 0.7501)})
    found = compared(run(tmp_path / "a"), run(tmp_path / "b", other))
    assert concluded(found, tolerance) == code
    assert ("equal to tolerance" in capsys.readouterr().out) == (code == EQUAL)


@pytest.mark.parametrize("text", ["-1", "1", "nan"])
def test_a_tolerance_is_a_portion(text, capsys):
    with pytest.raises(SystemExit):
        arguments(["run", f"--tolerance={text}"])
    assert "must be at least 0 and below 1" in capsys.readouterr().err


def test_facts_that_changed_are_named_and_others_not():
    then = {"memlab.code_hash": "a" * 64, "memlab.host": "here pid 1"}
    now = {"memlab.code_hash": "b" * 64, "memlab.host": "here pid 2"}
    assert changed(then, now) == {"code": ("a" * 12, "b" * 12)}


@pytest.fixture
def outputs(tmp_path):
    """Two single runs, and a sweep of two jobs of which the second was computed before."""
    for name in ("2026-01-01_10", "2026-01-01_11"):
        run(tmp_path / "runs" / name)
    run(tmp_path / "sweeps" / "seeds_ab" / "0")
    second = tmp_path / "sweeps" / "seeds_ab" / "1"
    second.mkdir()
    earlier = str(tmp_path / "runs" / "2026-01-01_10")
    replace(DONE, folder=earlier, reused=True).save(second)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("2026-01-01_11", "runs/2026-01-01_11"),
        ("2026-01-01_11/", "runs/2026-01-01_11"),
        ("seeds/0", "sweeps/seeds_ab/0"),
        ("seeds_ab/1", "runs/2026-01-01_10"),
    ],
)
def test_a_run_is_found_by_the_start_of_its_name(outputs, asked, place):
    assert one_run(asked, outputs) == outputs / place


def test_a_run_is_found_by_its_folder(outputs):
    folder = outputs / "sweeps" / "seeds_ab" / "0"
    assert one_run(str(folder), outputs) == folder


def test_a_sweep_stands_for_all_its_jobs(outputs):
    assert [folder.name for folder in job_folders("seeds", outputs)] == ["0", "1"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("2026-01-01", "several runs below .* start with"),
        ("2026-01-01_12", "there is no run .*\n  2026-01-01_10\n  2026-01-01_11"),
        ("seeds/7", "there is no job 7 in .*, which has 2"),
        ("speeds/0", "there is no sweep 'speeds' .*\n  seeds_ab"),
        ("seeds", "is a sweep of 2 jobs; name one: seeds/0 … 1"),
        ("", "must be named"),
    ],
)
def test_a_name_that_fits_no_one_run_is_refused_with_those_there_are(outputs, asked, told):
    with pytest.raises(Unknown, match=told):
        one_run(asked, outputs)


def test_where_there_are_no_runs_that_is_said(tmp_path):
    with pytest.raises(Unknown, match="has none at all"):
        one_run("2026", tmp_path)
