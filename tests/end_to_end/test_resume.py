"""A run that was killed goes on, one that is done is not computed again, and nothing else is."""

import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memlab.record.attempts import CHECKPOINT
from memlab.record.outcome import Status, loaded
from tests.end_to_end.commands import ROOT
from tests.end_to_end.test_cli import memlab

SHORT = (
    "substrate=notebook",
    "protocol=single",
    "sweep.figures=never",
    "replicates=2",
    "tracking=none",
)
LONG = (
    *("substrate=gray_scott", "protocol=single", "protocol.presentations=8", "sweep.figures=never"),
    *("substrate.write_steps=500", "substrate.read_steps=500", "replicates=4", "threads=1"),
    *("tracking=none", "checkpoint.every=0.05"),
)
PATIENCE = 120  # s until a test gives up


def started(folder, *arguments):
    """``python -m memlab`` in a process that goes on beside the test."""
    return subprocess.Popen(
        [sys.executable, "-m", "memlab", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcomes(folder, outputs="outputs"):
    """What became of every single run, in the order they started."""
    return [loaded(file) for file in sorted(folder.glob(f"{outputs}/runs/*/outcome.json"))]


def killed(folder, *arguments):
    """Kill a run with -9 as soon as it has kept a checkpoint; the folder it ran in."""
    process = started(folder, *arguments)
    began = time.monotonic()
    while not (found := [*folder.glob(f"outputs/**/{CHECKPOINT}")]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return found[0].parent


def bits(outcome):
    """What a run recorded, every array by its digest, and what it said of that."""
    with np.load(Path(outcome.folder, "session.npz")) as file:
        digests = {
            name: (file[name].dtype, sha256(file[name].tobytes()).hexdigest())
            for name in file.files
        }
    assert digests
    assert outcome.scalars
    return digests, outcome.scalars, outcome.values, outcome.verdicts


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """A run that was killed and asked for again, and the same run left in peace."""
    folder = tmp_path_factory.mktemp("resumed")
    dead = killed(folder, *LONG)
    again = memlab(folder, *LONG)
    peace = memlab(folder, *LONG, "resume=false", "outputs=peace", "checkpoint.every=null")
    assert peace.returncode == 0, peace.stderr
    return folder, dead, again


def test_a_killed_run_goes_on_from_its_checkpoint(resumed):
    folder, _, again = resumed
    assert again.returncode == 0, again.stderr
    (told,) = [line for line in again.stderr.splitlines() if "going on" in line]
    done, total = (int(word) for word in told.split() if word.isdigit())
    assert told.startswith("going on from a checkpoint: ")
    assert 0 < done < total
    assert told in Path(outcomes(folder)[-1].folder, "memlab.log").read_text(encoding="utf-8")


def test_it_ends_with_the_bits_of_a_run_left_in_peace(resumed):
    folder, *_ = resumed
    (undisturbed,) = outcomes(folder, "peace")
    assert bits(outcomes(folder)[-1]) == bits(undisturbed)


def test_the_folder_of_the_dead_run_says_so_and_no_checkpoint_is_left(resumed):
    folder, dead, _ = resumed
    assert [outcome.status for outcome in outcomes(folder)] == [Status.KILLED, Status.FINISHED]
    assert Path(outcomes(folder)[0].folder) == dead
    assert "ended without a word" in outcomes(folder)[0].message
    assert not [*folder.rglob(f"*{CHECKPOINT}*")]


def test_a_run_that_was_not_cut_off_says_nothing_of_checkpoints(resumed):
    folder, *_ = resumed
    log = Path(outcomes(folder, "peace")[0].folder, "memlab.log")
    assert not log.exists() or "checkpoint" not in log.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_killed_job_of_a_sweep_goes_on_in_its_folder(tmp_path):
    command = ("-m", *LONG, "seed=1,2")
    dead = killed(tmp_path, *command)
    again = memlab(tmp_path, *command)
    assert again.returncode == 0, again.stderr
    log = (dead / "memlab.log").read_text(encoding="utf-8")
    assert "going on from a checkpoint" in log
    assert loaded(dead / "earlier" / "1" / "outcome.json").status is Status.KILLED
    peace = memlab(tmp_path, *LONG, "outputs=peace", f"seed={int(dead.name) + 1}")
    assert peace.returncode == 0, peace.stderr
    assert bits(loaded(dead / "outcome.json")) == bits(outcomes(tmp_path, "peace")[0])


@pytest.mark.slow
def test_a_run_interrupted_by_the_user_goes_on_as_well(tmp_path):
    process = started(tmp_path, *LONG)
    began = time.monotonic()
    while not [*tmp_path.glob(f"outputs/runs/*/{CHECKPOINT}")]:
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    again = memlab(tmp_path, *LONG)
    assert "going on from a checkpoint" in again.stderr
    assert [o.status for o in outcomes(tmp_path)] == [Status.KILLED, Status.FINISHED]


@pytest.mark.slow
def test_without_resume_a_killed_run_starts_anew_and_leaves_the_checkpoint(tmp_path):
    dead = killed(tmp_path, *LONG)
    again = memlab(tmp_path, *LONG, "resume=false")
    assert again.returncode == 0, again.stderr
    assert "going on" not in again.stderr
    assert (dead / CHECKPOINT).exists()


def test_the_same_command_again_computes_nothing(tmp_path):
    first, second = memlab(tmp_path, *SHORT), memlab(tmp_path, *SHORT)
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert "Computed before" in second.stdout
    assert "Computed before" not in first.stdout
    table = [line for line in first.stdout.splitlines() if "│" in line]
    assert table
    assert [line for line in second.stdout.splitlines() if "│" in line] == table
    one, other = outcomes(tmp_path)
    assert (one.reused, other.reused) == (False, True)
    assert one.folder == other.folder


def test_without_resume_it_computes_anew_in_a_new_folder(tmp_path):
    memlab(tmp_path, *SHORT)
    again = memlab(tmp_path, *SHORT, "resume=false")
    assert again.returncode == 0, again.stderr
    assert "Computed before" not in again.stdout
    one, other = outcomes(tmp_path)
    assert one.folder != other.folder
    assert bits(one) == bits(other)


def test_other_pictures_in_the_users_folder_are_another_run(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    for k in range(3):
        pixels = np.zeros((16, 16), dtype=np.uint8)
        pixels[:, 4 * k : 4 * k + 6] = 255
        Image.fromarray(pixels).save(mine / f"{k}.png")
    command = (*SHORT, "patterns=folder", "patterns.path=mine", "patterns.size=16")
    first, again = memlab(tmp_path, *command), memlab(tmp_path, *command)
    assert first.returncode == 0, first.stderr
    assert "Computed before" in again.stdout
    Image.fromarray(255 - pixels).save(mine / "0.png")
    changed = memlab(tmp_path, *command)
    assert changed.returncode == 0, changed.stderr
    assert "Computed before" not in changed.stdout
    keys = [outcome.key for outcome in outcomes(tmp_path)]
    assert keys[0] == keys[1] != keys[2]


def test_two_processes_that_start_the_same_run_compute_it_once(tmp_path):
    both = [started(tmp_path, *LONG, "checkpoint.every=null") for _ in range(2)]
    said = [process.communicate(timeout=PATIENCE) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(outcome.reused for outcome in outcomes(tmp_path)) == [False, True]
    assert len({outcome.folder for outcome in outcomes(tmp_path)}) == 1
    assert sum("Computed before" in out for out, _ in said) == 1
    assert sum("the same run is under way" in err for _, err in said) <= 1
