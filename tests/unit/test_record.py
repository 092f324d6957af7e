"""What lies on disk of a run: its status and its process."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from memlab.record import process
from memlab.record.files import replaced
from memlab.record.outcome import CODES, Status, found, loaded
from memlab.record.process import here
from tests.unit.outcomes import ended, outcome

# --- processes ---------------------------------------------------------------------------------


def test_this_process_is_there():
    assert not here().gone


def test_a_process_that_has_ended_is_gone():
    assert ended().gone


def test_a_process_that_nobody_has_waited_for_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    begun = process.start(child.pid)
    who = replace(here(), pid=child.pid, started=begun)
    assert not who.gone
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    assert who.gone
    child.communicate()


def test_a_pid_that_another_process_has_now_is_gone():
    assert replace(here(), started="1").gone


def test_every_process_of_an_earlier_boot_is_gone():
    assert replace(here(), boot="before the power cut").gone


def test_nothing_is_said_of_a_process_on_another_machine():
    assert not replace(here(), host="elsewhere", boot="x", pid=1).gone


# --- outcomes ----------------------------------------------------------------------------------


def test_an_outcome_survives_its_file(tmp_path):
    kept = outcome(
        tmp_path,
        Status.FAILED,
        scalars={"recall": 0.5},
        values={"recall": (0.25, 0.75)},
        verdicts={"recalled": "holds"},
        message="no",
    )
    assert loaded(tmp_path / "outcome.json") == kept
    assert json.loads((tmp_path / "outcome.json").read_text())["status"] == "FAILED"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "FINISHED"}', "null"])
def test_a_file_that_is_no_outcome_is_refused_by_name(tmp_path, text):
    file = tmp_path / "outcome.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="must be an outcome"):
        loaded(file)
    assert found(tmp_path) is None


def test_every_status_has_an_exit_code():
    assert set(CODES) == set(Status)
    assert [status for status in Status if CODES[status] == 0] == [Status.FINISHED, Status.PRUNED]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    file = tmp_path / "a.json"
    replaced(file, "old")
    with pytest.raises(UnicodeEncodeError):
        replaced(file, "new \udc80")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
