"""Disks that are full or read-only, clocks that jump, commands that run twice at once."""

import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from memlab.record.outcome import Status, found
from tests.end_to_end.commands import ROOT, TINY
from tests.end_to_end.test_cli import memlab

ENDLESS = ("replicates=2", "protocol=single", "substrate.write_steps=10000000", "tracking=none")


@pytest.fixture
def mounted(tmp_path):
    """Mounts a small file system of its own below the test's folder."""
    places = []

    def mount(name, options):
        place = tmp_path / name
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("file systems cannot be mounted here")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_read_only_folder_of_results_is_refused_before_anything_is_computed(mounted, tmp_path):
    place = mounted("readonly", "ro,size=1m")
    result = memlab(tmp_path, *TINY, f"outputs={place}")
    assert result.returncode == 2
    assert "is on a read-only file system; outputs=FOLDER" in result.stderr
    assert str(place) in result.stderr
    assert "Traceback" not in result.stderr


def test_results_below_a_file_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    result = memlab(tmp_path, *TINY, "outputs=file/below")
    assert result.returncode == 2
    assert "no folder; outputs=FOLDER" in result.stderr


def test_a_disk_that_fills_up_fails_the_run_with_its_cause(mounted, tmp_path):
    place = mounted("small", "size=1200k")
    (place / "ballast").write_bytes(bytes(500_000))
    result = memlab(tmp_path, "substrate=notebook", "tracking=none", f"outputs={place}")
    assert result.returncode == 1
    assert "the disk is full" in result.stderr
    assert "Traceback" not in result.stderr
    (place / "ballast").unlink()
    again = memlab(tmp_path, *TINY, "tracking=none", f"outputs={place}")
    assert again.returncode == 0, again.stderr


def sweep(folder, *words):
    return memlab(folder, "-m", *TINY, "tracking=none", "seed=1,2", *words)


def test_the_same_sweep_twice_at_once_is_refused_the_second_time(tmp_path):
    first = subprocess.Popen(
        [sys.executable, "-m", "memlab", "-m", *ENDLESS, "seed=1,2"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not list(tmp_path.glob("outputs/sweeps/*/0/outcome.json")):
        assert time.monotonic() < until
        time.sleep(0.1)
    second = memlab(tmp_path, "-m", *ENDLESS, "seed=1,2")
    first.terminate()
    assert first.wait(60) == 143
    assert second.returncode == 2
    assert "the same sweep is under way" in second.stderr
    assert "resume=false" in second.stderr
    (folder,) = tmp_path.glob("outputs/sweeps/*/0")
    assert found(folder).status is Status.KILLED


def test_two_sweeps_that_share_jobs_run_at_once_and_compute_them_once(tmp_path):
    results = {}

    def run(name, seeds):
        results[name] = memlab(tmp_path, "-m", *TINY, "tracking=none", f"seed={seeds}")

    threads = [
        threading.Thread(target=run, args=one) for one in (("left", "1,2,3"), ("right", "3,2,1"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.returncode for result in results.values()] == [0, 0]
    outcomes = [found(path.parent) for path in tmp_path.glob("outputs/sweeps/*/*/outcome.json")]
    assert len(outcomes) == 6
    assert len({outcome.folder for outcome in outcomes}) == 3
    assert sum(outcome.reused for outcome in outcomes) == 3


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which one small sweep was done."""
    folder = tmp_path_factory.mktemp("sweep")
    result = sweep(folder)
    assert result.returncode == 0, result.stderr
    assert "2 of 2 jobs finished." in result.stderr
    return folder


@pytest.fixture
def done(place, tmp_path):
    """That folder, to go on in: every job knows where it lies, so it is the folder itself."""
    kept = shutil.copytree(place / "outputs", tmp_path / "kept")
    yield place
    shutil.rmtree(place / "outputs")
    kept.rename(place / "outputs")


def test_a_sweep_asked_for_again_is_the_same_folder_and_computes_nothing(done):
    again = sweep(done)
    assert again.returncode == 0
    assert "2 of 2 jobs finished (2 of them before)." in again.stderr
    assert len(list((done / "outputs" / "sweeps").iterdir())) == 1


def test_a_sweep_that_is_forced_has_a_folder_of_its_own(done):
    forced = sweep(done, "resume=false")
    assert "2 of 2 jobs finished." in forced.stderr
    assert len(list((done / "outputs" / "sweeps").iterdir())) == 2


def test_a_clock_that_is_set_back_changes_nothing(done):
    """Files of the future, as a clock that was an hour ahead leaves them."""
    ahead = time.time() + 3600
    for path in done.rglob("*"):
        os.utime(path, (ahead, ahead))
    again = memlab(done, "-m", *TINY, "tracking=none", "seed=1,2,3")
    assert again.returncode == 0, again.stderr
    assert "3 of 3 jobs finished (2 of them before)." in again.stderr
    assert "3/3 done" in again.stderr


def test_results_that_no_folder_can_be_made_for_are_refused_in_our_words(tmp_path):
    result = memlab(tmp_path, "substrate=notebook", "outputs=/proc/nowhere")
    assert result.returncode == 2
    assert "cannot be made there; outputs=FOLDER puts all results elsewhere" in result.stderr
