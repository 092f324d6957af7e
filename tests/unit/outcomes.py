"""Outcomes and processes for the tests of what lies on disk of a run."""

import subprocess
import sys
from dataclasses import replace

from memlab.record.outcome import Outcome, Status
from memlab.record.process import here


def ended():
    """A process of this machine that is certainly gone."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return replace(here(), pid=child.pid)


def outcome(folder, status=Status.RUNNING, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    return replace(Outcome(status, str(folder), ("seed=1",), process=here()), **changes).save()
