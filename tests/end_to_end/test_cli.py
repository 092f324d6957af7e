"""The command line as a user meets it: help, composition, refusals, exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from pydantic import ValidationError

from memlab import native
from memlab.app import laboratory, manual
from memlab.app.assembly import built
from memlab.app.composer import plain
from memlab.app.refusal import explained
from memlab.app.schema import Refused, checked
from memlab.cli import conf_dir, config_dirs
from memlab.protocols.scarring_validation import ScarringValidation
from memlab.protocols.single import Single
from memlab.protocols.three_phase import ThreePhase
from memlab.record.tracking import Record
from tests.end_to_end.commands import ROOT, fresh, warm

TIMED = ("-X", "importtime")
HEAVY = ("torch", "mlflow", "pandas", "scipy", "matplotlib")


def memlab(folder, *arguments):
    """Run ``python -m memlab`` in a folder that is not the repository's."""
    return warm(folder, "memlab", *arguments)


def composed(*overrides):
    """What the command line would hand to a job."""
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return plain(compose("config", overrides=list(overrides)))


def refusal(*overrides):
    """The screen a user sees for these overrides, from the composer or the schema."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  every kind there is
        checked(composed(*overrides))
    return explained(caught.value, tuple(manual.groups([conf_dir()])))


def imported(result):
    """The heavy packages a process started with ``-X importtime`` imported."""
    names = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    return names & set(HEAVY)


def test_the_help_page_lists_every_choice_and_imports_nothing_heavy(tmp_path):
    result = fresh(tmp_path, "memlab", "--help", options=TIMED)
    assert result.returncode == 0
    assert not imported(result)
    for group, choices in manual.groups([conf_dir()]).items():
        assert f"{group}=" in result.stdout
        assert all(choice in result.stdout for choice in choices)


def test_composing_imports_nothing_heavy_and_works_in_any_folder(tmp_path):
    result = fresh(tmp_path, "memlab", "--cfg", "job", "--resolve", options=TIMED)
    assert result.returncode == 0
    assert not imported(result)
    assert "replicates: 10" in result.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("substrat=notebook", "there is no key substrat; did you mean substrate?"),
        ("substrate.kil=1", "there is no key substrate.kil; did you mean kill?"),
        ("substrate=grayscott", "did you mean substrate=gray_scott?"),
        ("+typo=1", "there is no key typo"),
        ("seed=abc", "seed must be a valid integer, got 'abc'"),
        ("seed=[1", "no viable alternative at input '[1'"),
        ("substrate._target_=os.system", "must name something inside memlab, got 'os.system'"),
    ],
)
def test_a_wrong_command_is_answered_with_what_would_be_right(override, message):
    screen = refusal(override)
    assert message in screen
    assert len(screen.splitlines()) <= 20


def test_a_wrong_command_ends_with_an_error_and_no_trace(tmp_path):
    result = memlab(tmp_path, "substrate=grayscott")
    assert result.returncode == 2
    assert "did you mean substrate=gray_scott?" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_yaml_is_named_with_its_line(tmp_path):
    (tmp_path / "my" / "substrate").mkdir(parents=True)
    (tmp_path / "my" / "substrate" / "broken.yaml").write_text("# Mine\nsteps: [1, 2\n")
    result = memlab(tmp_path, "--config-dir", "my", "substrate=broken")
    assert result.returncode == 2
    assert "broken.yaml, line 3 is not valid YAML" in result.stderr


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("patterns.size=512", "a medium of size=128 cells cannot hold patterns of 512×512"),
        ("+substrate.kil=1", "substrate.kil is no parameter of GrayScott; did you mean kill?"),
        ("protocol=scarring_validation", "experiment=scarring_validation sets stronger"),
    ],
)
def test_what_only_the_objects_know_is_refused_before_anything_runs(tmp_path, override, message):
    result = memlab(tmp_path, override)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.rglob("session.npz"))


def test_a_folder_of_ones_own_is_searched_for_choices():
    assert config_dirs(["--config-dir", "mine", "seed=1"]) == [conf_dir(), Path("mine")]
    assert config_dirs([]) == [conf_dir()]


@pytest.mark.parametrize("file", sorted(conf_dir().glob("*/*.yaml")), ids=lambda f: f.stem)
def test_every_choice_says_in_one_line_what_it_is(file):
    assert manual.first_comment(file)


def test_an_empty_axis_is_refused_by_the_key_that_is_made_of_it():
    told = refusal("protocol=capacity", "protocol.ladder=[]")
    assert told.endswith("protocol.ladder[0] must be there: figures.gallery.phase is made of it")


def test_a_value_that_must_be_given_is_asked_for_by_its_key():
    assert refusal("patterns=folder") == "patterns.path must be given, as patterns.path=VALUE"


def test_null_is_told_from_the_medium_without_memory():
    assert "substrate=no_memory" in refusal("substrate=null")


def test_a_part_that_cannot_be_built_is_refused_under_its_key(tmp_path):
    node = {"_target_": "memlab.patterns.folder.Folder", "path": str(tmp_path / "none")}
    with pytest.raises(Refused, match=r"^patterns: path must be a folder"):
        built("patterns", node)


@pytest.mark.parametrize("value", [0, -1, 1e12, 10**12, True, float("inf"), float("nan"), "3"])
@pytest.mark.parametrize(
    ("protocol", "key"),
    [
        (Single, "presentations"),
        (ThreePhase, "presentations"),
        (ThreePhase, "targets"),
        (ThreePhase, "lures"),
        (ScarringValidation, "train_steps"),
    ],
)
def test_an_absurd_count_is_refused_by_name(protocol, key, value):
    with pytest.raises(ValidationError, match=key):
        protocol(**{key: value})


def test_a_phase_too_long_to_plan_is_refused():
    with pytest.raises(ValidationError, match="lower presentations"):
        ThreePhase(targets=60_000, presentations=2)


@pytest.mark.parametrize(("params", "told"), [({"substrate.backend": "auto"}, True), ({}, False)])
def test_the_missing_kernel_is_told_only_where_one_would_be_used(monkeypatch, params, told):
    monkeypatch.setattr(native, "available", lambda: False)
    record = Record("a run", {"replicates": "2"} | params, {})
    assert ("no C kernel" in laboratory.heading(record, torch.device("cpu"))) is told


def piped(folder, *arguments):
    """Run ``python -m memlab`` into a pipe of which one line is read and no more."""
    process = subprocess.Popen(
        [sys.executable, "-m", "memlab", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    return process.wait(timeout=120), errors


@pytest.mark.parametrize("asked", [("--help",), ("--cfg", "job")])
def test_a_page_that_nobody_reads_to_its_end_is_no_error(tmp_path, asked):
    assert piped(tmp_path, *asked) == (0, "")


def test_a_run_that_nobody_reads_finishes_quietly(tmp_path):
    small = ("substrate=notebook", "replicates=2", "patterns.size=16", "tracking=none")
    code, errors = piped(tmp_path, *small, "sweep.figures=never")
    assert code == 0
    assert len(errors.splitlines()) == 1
    (outcome,) = tmp_path.glob("outputs/runs/*/outcome.json")
    assert '"status": "FINISHED"' in outcome.read_text()
