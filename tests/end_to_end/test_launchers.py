"""Launchers: the same bits from all of them, and no process can end more than its own job."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import psutil
import pytest

from memlab.record.outcome import Status, found
from tests.end_to_end.commands import ROOT, fresh

pytestmark = pytest.mark.slow


def memlab(folder, *arguments):
    """Run ``python -m memlab``, and its workers, in new interpreters."""
    return fresh(folder, "memlab", *arguments)


QUICK = ("replicates=2", "patterns.size=16", "protocol=single", "tracking=none")
SWEEP = (*QUICK, "sweep.figures=never", "substrate=notebook,gray_scott", "seed=1,2")
LONG = (*QUICK, "sweep.figures=never", "substrate=gray_scott")
SECONDS = "substrate.read_steps=8000"  # long enough to be met at work
FOR_EVER = "substrate.read_steps=1000000"  # only a signal ends it
DASK = """
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""
RAY = """
import ray
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
input()
"""
HALF = len(os.sched_getaffinity(0)) // 2 or 1  # of the cores
LAUNCHERS = {
    "solo": ("hydra/launcher=solo",),
    "pool": ("hydra/launcher=pool", "hydra.launcher.n_jobs=2", "hydra.launcher.threads_per_job=2"),
    "submitit": ("hydra/launcher=submitit_local",),
}
AT_ONCE = {  # two jobs
    "pool": ("hydra/launcher=pool", "hydra.launcher.n_jobs=2"),
    "submitit": ("hydra/launcher=submitit_local", f"hydra.launcher.cpus_per_task={HALF}"),
}


def jobs(folder):
    """The outcomes of the sweep in a folder, by the number of the job."""
    files = sorted(folder.glob("outputs/sweeps/*/[0-9]*/outcome.json"))
    return {int(file.parent.name): found(file.parent) for file in files}


def arrays(outcome):
    with np.load(f"{outcome.folder}/session.npz", allow_pickle=False) as session:
        return {name: session[name].tobytes() for name in session.files}


def same(folder, reference):
    ours = jobs(folder)
    assert ours.keys() == reference.keys()
    for number, theirs in reference.items():
        assert ours[number].status is Status.FINISHED
        assert ours[number].key == theirs.key
        assert ours[number].scalars == pytest.approx(theirs.scalars, rel=0, abs=0, nan_ok=True)
        assert arrays(ours[number]) == arrays(theirs)


@contextmanager
def cluster(script, folder):
    """The address of a cluster of two workers, in processes of its own."""
    file = folder / "cluster.py"
    file.write_text(script)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_register_timeout_seconds": "250",  # to import what a job needs, under load
    }
    process = subprocess.Popen(
        [sys.executable, file],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield next(line for line in iter(process.stdout.readline, "") if ":" in line).strip()
        process.stdin.close()


@contextmanager
def sweeping(folder, *arguments, launcher="pool"):
    """A sweep of long jobs, once two of them are under way; with the pids of those."""
    words = [*LONG, *AT_ONCE[launcher], *arguments]
    process = subprocess.Popen(
        [sys.executable, "-m", "memlab", "-m", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process, under_way(folder, 2)
        finally:
            process.kill()


def under_way(folder, count, but=()):
    """The pids of the jobs that run, once there are so many; ``but`` are those not to count."""
    for _ in range(1800):
        running = {n: o.process.pid for n, o in jobs(folder).items() if o.status is Status.RUNNING}
        pids = {number: pid for number, pid in running.items() if pid not in but}
        if len(pids) >= count:
            return pids
        time.sleep(0.1)
    pytest.fail(f"{count} jobs should run at once within 3 minutes")


def all_gone(processes):
    _, left = psutil.wait_procs(processes, timeout=10)
    return [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []


def family(process):
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """What Hydra's own launcher makes of the sweep: one job after the other, in one process."""
    folder = tmp_path_factory.mktemp("basic")
    result = memlab(folder, "-m", *SWEEP, "hydra/launcher=basic")
    assert result.returncode == 0, result.stderr
    found = jobs(folder)
    assert len(found) == 4
    return found


@pytest.mark.parametrize("name", LAUNCHERS)
def test_every_launcher_of_this_machine_gives_the_same_bits(name, reference, tmp_path):
    result = memlab(tmp_path, "-m", *SWEEP, *LAUNCHERS[name])
    assert result.returncode == 0, result.stderr
    same(tmp_path, reference)


@pytest.mark.parametrize(("backend", "script"), [("dask", DASK), ("ray", RAY)])
def test_a_cluster_gives_the_same_bits(backend, script, reference, tmp_path, monkeypatch):
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[backend])
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # what a cluster of one test does not need
    with cluster(script, tmp_path) as address:
        there = (f"hydra.launcher.backend={backend}", f"hydra.launcher.address={address}")
        result = memlab(tmp_path, "-m", *SWEEP, "hydra/launcher=pool", *there)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    same(tmp_path, reference)
    assert len({outcome.process.pid for outcome in jobs(tmp_path).values()}) == 2


@pytest.mark.parametrize("launcher", AT_ONCE)
def test_a_crash_costs_one_job(launcher, tmp_path):
    with sweeping(tmp_path, SECONDS, "seed=1,2,3", launcher=launcher) as (process, pids):
        os.kill(pids[0], signal.SIGSEGV)
        again = under_way(tmp_path, 1, but=pids.values())  # job 2, or job 0 once more
        while 0 not in again:
            again = under_way(tmp_path, 1, but=[*pids.values(), *again.values()])
        os.kill(again[0], signal.SIGKILL)
        _, told = process.communicate(timeout=60)
    ended = jobs(tmp_path)
    assert process.returncode == 1
    assert [ended[number].status.value for number in range(3)] == ["FAILED", "FINISHED", "FINISHED"]
    assert "its process was ended by SIGKILL (often: out of memory)" in ended[0].message
    assert ended[0].message in told
    before = next(tmp_path.glob("outputs/sweeps/*/0/earlier/1"))
    assert found(before).message == "its process was ended by SIGSEGV (segmentation fault)"
    assert "Segmentation fault" in (before / "memlab.log").read_text()


@pytest.mark.parametrize(
    ("launcher", "request_to_end", "code"),
    [("submitit", signal.SIGINT, 130), ("pool", signal.SIGTERM, 143)],
)
def test_a_sweep_that_is_asked_to_end_closes_its_runs(launcher, request_to_end, code, tmp_path):
    with sweeping(tmp_path, FOR_EVER, "seed=1,2,3", launcher=launcher) as (process, _):
        everybody = family(process)
        if request_to_end is signal.SIGINT:  # as Ctrl-C: to all processes of the terminal
            os.killpg(process.pid, request_to_end)
        else:
            process.send_signal(request_to_end)
        _, told = process.communicate(timeout=20)
        assert process.returncode == code
        assert all_gone(everybody)
    assert [one.status for one in jobs(tmp_path).values()] == [Status.KILLED, Status.KILLED]
    assert "Traceback" not in told


def test_a_killed_parent_leaves_no_process_behind(tmp_path):
    with sweeping(tmp_path, FOR_EVER, "seed=1,2", "hydra.launcher.threads_per_job=2") as (
        process,
        pids,
    ):
        assert psutil.Process(pids[0]).environ()["OMP_NUM_THREADS"] == "2"
        everybody = family(process)
        process.kill()
        process.wait()
        assert all_gone(everybody)
    assert all(one.stale for one in jobs(tmp_path).values())


def test_a_job_that_raises_under_submitit_costs_itself_alone(tmp_path):
    what = "_target_: memlab.metrics.recall.likeness, _partial_: true, measure: iou"
    more = f"+metrics.scalars.more={{{what}, arm: written, phase: recall, group: targets}}"
    axis = "metrics.scalars.more.measure=sharpness,iou"
    result = memlab(
        tmp_path, "-m", *QUICK, "substrate=notebook", more, axis, *LAUNCHERS["submitit"]
    )
    assert result.returncode == 1
    assert [one.status.value for one in jobs(tmp_path).values()] == ["FAILED", "FINISHED"]
    assert "1 of 2 jobs finished." in result.stderr
    assert "no measure 'sharpness'" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_interrupt_before_the_first_job_ends_the_command_without_a_trace(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "memlab", "-m", *QUICK, "substrate=notebook", "seed=range(200)"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)  # it composes, and imports what checking its parts needs
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in words
