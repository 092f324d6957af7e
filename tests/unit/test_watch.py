"""The progress of a sweep, from nothing but the folders of its jobs."""

import time

import pytest

from memlab.record.outcome import Outcome, Status
from memlab.sweep import watch
from memlab.sweep.watch import Watch, watched


def said(folder, number, status, *, message="", reused=False):
    """A job's folder says this of it from now on."""
    place = folder / str(number)
    place.mkdir(exist_ok=True)
    asked = (f"seed={number}", "replicates=2")
    return Outcome(status, str(place), asked, message=message, reused=reused).save()


def test_jobs_are_counted_as_they_begin_and_end(tmp_path):
    found = Watch(tmp_path, 3, {"seed"})
    said(tmp_path, 0, Status.RUNNING)
    said(tmp_path, 1, Status.FINISHED)
    assert found.look() == []
    assert found.line().startswith("1/3 done · 1 running · ")
    assert found.names() == ["seed=0"]
    said(tmp_path, 0, Status.FINISHED)
    said(tmp_path, 2, Status.FINISHED, reused=True)
    found.look()
    assert found.line().startswith("3/3 done · 0 running · 1 reused · ")
    assert "took 0:00:00" in found.line()


def test_the_start_of_workers_is_no_part_of_the_rate(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    found = Watch(tmp_path, 4)
    now[0] = 100
    found.look()
    now[0] = 102
    said(tmp_path, 0, Status.RUNNING)
    found.look()
    now[0] = 112
    said(tmp_path, 0, Status.FINISHED)
    found.look()
    assert "0.083 jobs/s" in found.line()
    assert "0:00:36 left" in found.line()


def test_a_failure_is_told_once_with_what_the_job_was_asked(tmp_path):
    found = Watch(tmp_path, 2, {"seed"})
    said(tmp_path, 1, Status.FAILED, message="ValueError: no\nmore of it")
    assert found.look() == ["FAILED: seed=1: ValueError: no"]
    assert found.look() == []
    assert "1 failed" in found.line()


def test_what_was_done_before_counts_and_what_failed_before_does_not(tmp_path):
    for number, status in enumerate((Status.FINISHED, Status.FAILED, Status.RUNNING)):
        said(tmp_path, number, status)
    found = Watch(tmp_path, 3)
    assert found.look() == []
    assert found.line() == "1/3 done · 0 running · 1 reused"
    said(tmp_path, 1, Status.FAILED, message="again")
    assert found.look() == ["FAILED: 1: again"]


def test_a_total_that_grows_leaves_the_rest_to_be_done(tmp_path):
    found = Watch(tmp_path, 1)
    said(tmp_path, 0, Status.FINISHED)
    found.look()
    found.total = 3
    assert found.line().startswith("1/3 done")


def test_a_look_at_ten_thousand_jobs_is_cheap(tmp_path):
    number = 10_000
    for job in range(number):
        (tmp_path / str(job)).mkdir()
    found = Watch(tmp_path, number)
    found.over = dict.fromkeys(range(number - 10), False)
    began = time.perf_counter()
    found.look()
    assert time.perf_counter() - began < 0.2  # 0.02 s on a quiet machine


def test_without_a_terminal_there_are_plain_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(watch, "EVERY", 0.01)
    monkeypatch.setattr(watch, "PLAIN_EVERY", 0.05)
    with watched(Watch(tmp_path, 2, {"seed"})):
        said(tmp_path, 0, Status.FAILED, message="no")
        time.sleep(0.3)
        said(tmp_path, 1, Status.FINISHED)
    failure, first, *_, last = capsys.readouterr().err.splitlines()
    assert failure == "FAILED: seed=0: no"
    assert first.startswith("1/2 done")
    assert last.startswith("2/2 done")


def test_the_last_line_is_told_even_if_the_sweep_fails(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt), watched(Watch(tmp_path, 2)):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "0/2 done · 0 running\n"
