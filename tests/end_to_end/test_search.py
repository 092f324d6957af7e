"""Searches and sweep files from the command line: what they leave, and how they go on."""

import csv
import os
import subprocess
import sys
import time

import pytest
from hydra import compose, initialize_config_dir

from memlab.cli import conf_dir
from memlab.record.outcome import Status, found, loaded
from tests.end_to_end.commands import ROOT
from tests.end_to_end.test_cli import memlab

pytest.importorskip("optuna")

SMALL = ("replicates=2", "patterns.size=16", "tracking=none", "sweep.figures=never")
WORDS = (
    "-m",
    *SMALL,
    "substrate=no_memory",
    "sweep.search=optuna",
    "sweep.metric=after/pearson",
    "sweep.prune.metric=before/pearson",
    "sweep.prune.warmup=2",
    "sweep.trials=8",
    "sweep.parallel=2",
    "cue.keep=tag(log,interval(0.02,0.5))",
    "protocol.targets=interval(1,3)",
)


def outcomes(folder):
    """How every job of the only sweep stands, by number."""
    files = folder.glob("outputs/sweeps/*/*/outcome.json")
    return {int(file.parent.name): loaded(file) for file in files}


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A search whose process was killed after its second job, and the same command again."""
    folder = tmp_path_factory.mktemp("search")
    first = subprocess.Popen(
        [sys.executable, "-m", "memlab", *WORDS],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 120
    while not [path for path in folder.glob("outputs/sweeps/*/2") if found(path)]:
        assert time.monotonic() < until
        assert first.poll() is None
        time.sleep(0.02)
    first.kill()
    first.wait()
    before = {n: x for n, x in outcomes(folder).items() if x.status is Status.FINISHED}
    return folder, before, memlab(folder, *WORDS)


def test_a_search_that_was_killed_goes_on(killed):
    folder, before, result = killed
    assert result.returncode == 0, result.stderr
    after = outcomes(folder)
    ended = [one for one in after.values() if one.status in {Status.FINISHED, Status.PRUNED}]
    assert len(ended) == 8
    assert all(after[number] == outcome for number, outcome in before.items())


def test_a_search_gives_up_what_does_not_look_well(killed):
    folder, _, result = killed
    pruned = [one for one in outcomes(folder).values() if one.status is Status.PRUNED]
    assert pruned
    assert "before/pearson = " in pruned[0].message
    assert (folder / "outputs" / "sweeps" / pruned[0].folder / "session.npz").is_file()
    assert "given up" in result.stderr


def test_a_search_shows_its_best_trial_and_keeps_all(killed):
    folder, _, result = killed
    (summary,) = folder.glob("outputs/sweeps/*/summary")
    with (summary / "trials.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    best = max(float(row["after/pearson"] or -1) for row in rows)
    assert f"{best:.4g}" in result.stdout
    assert "python -m memlab -m replicates=2" in result.stdout
    assert (summary / "search_parallel.png").is_file()


def test_a_search_that_is_done_runs_nothing_more(killed):
    folder, _, _ = killed
    count = len(outcomes(folder))
    result = memlab(folder, *WORDS)
    assert result.returncode == 0, result.stderr
    assert len(outcomes(folder)) == count
    assert "8/8 done · 0 running · 8 reused" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sweep.metric=after/pearsn",), "did you mean after/pearson?"),
        (("sweep.prune.metric=claim/decay",), "sweep.prune.metric=claim/decay is no metric"),
        (("sweep.trials=0",), "sweep.trials must be greater than 0, got 0"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_any_job(tmp_path, words, message):
    result = memlab(tmp_path, *WORDS, *words)
    assert result.returncode == 2
    assert message in result.stderr
    assert not list(tmp_path.rglob("outcome.json"))


def test_choices_that_do_not_fit_each_other_are_refused_with_the_job(tmp_path):
    axes = ("substrate=gray_scott,notebook", "substrate.kill=0.06,0.07")
    result = memlab(tmp_path, "-m", *SMALL, *axes)
    assert result.returncode == 2
    assert "there is no key substrate.kill" in result.stderr
    assert "substrate=notebook substrate.kill=0.06" in result.stderr
    assert not list(tmp_path.rglob("outcome.json"))


SHRUNK = {  # every file, so small that it takes seconds
    "associative": ("substrate=notebook,hopfield", "protocol.ladder=[2,4]"),
    "capacity": ("substrate=notebook", "protocol.targets=1,2"),
    "damage": ("substrate=notebook", "cue.keep=0.1,0.8"),
    "decay": ("substrate.decay=0.0,0.1", "protocol.targets=3", "protocol.lures=3"),
    "in_context": ("substrate.steps=3", "substrate.distract=0,8", "substrate.damping=1.0"),
    "interference": ("substrate=notebook", "protocol.lures=1"),
    "scars": ("substrate.size=16", "substrate.strength=0.001", "substrate.kill=0.06,0.07"),
    "search_scars": ("substrate.size=16", "sweep.trials=2"),
    "sparse_keys": ("substrate.active=0.5,0.05", "substrate.damping=1.0", "protocol.items=16"),
}
OF_PAIRS = {"decay", "in_context", "sparse_keys"}  # whose patterns have no size


@pytest.mark.parametrize("words", [["sweep.jobs=auto"], *([f"sweep={name}"] for name in SHRUNK)])
def test_a_sweep_file_runs_as_many_jobs_at_once_as_there_are_cores(words):
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=words, return_hydra_config=True)
    assert config.hydra.launcher.n_jobs == "auto"


def test_a_value_that_a_part_refuses_is_told_before_any_job_runs(tmp_path):
    result = memlab(tmp_path, "-m", *SMALL, "cue.keep=0.5,-1")
    assert result.returncode == 2
    assert "cue.keep must be greater than or equal to 0, got -1" in result.stderr
    assert "in the job" in result.stderr
    assert not list(tmp_path.rglob("outcome.json"))


def test_every_sweep_file_is_tested():
    assert {file.stem for file in conf_dir().glob("sweep/*.yaml")} == set(SHRUNK)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHRUNK)
def test_a_sweep_is_one_file_and_the_command_line_wins(tmp_path, name):
    quick = ("substrate.read_steps=20", "substrate.write_steps=5") if "scars" in name else ()
    small = [one for one in SMALL if name not in OF_PAIRS or not one.startswith("patterns.")]
    words = (f"sweep={name}", "hydra/launcher=basic", *small, *SHRUNK[name], *quick)
    result = memlab(tmp_path, *words)
    assert result.returncode == 0, result.stderr
    statuses = {one.status for one in outcomes(tmp_path).values()}
    assert Status.FINISHED in statuses
    assert statuses <= {Status.FINISHED, Status.PRUNED}
    (folder,) = tmp_path.glob("outputs/sweeps/*")
    assert folder.name.startswith(f"{name}_")
