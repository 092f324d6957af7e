"""Runs that have not arrived in their store, for the tests of how they do."""

import subprocess
import sys
from dataclasses import replace

from memlab.record.journal import Journal, journal
from memlab.record.mirror import brought
from memlab.record.process import here
from memlab.record.tracking import Untracked
from memlab.record.unsettled import opened
from tests.faults.store import acts, last, place, record, store


def sqlite(root, **settings):
    return store(f"sqlite:///{root}/outputs/mlflow.db", root, **settings)


def gone():
    """A process of this machine that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return replace(here(), pid=child.pid)


def ended(tracking, root, name="run"):
    """A run that is over and of which no store knows."""
    where = place(root, name)
    run = Untracked().begin(record(name), acts(2), where)
    run.finish(last())
    journal_of(where).save(where.folder)
    replace(journal_of(where), targets=(tracking.target(root),)).save(where.folder)
    opened(where.outputs, where.folder)
    return where


def journal_of(where) -> Journal:
    run = journal(where.folder)
    assert run is not None
    return run


def told(root):
    return [(one.folder.name, one.why) for one in brought(root / "outputs")]
