"""The native face: what it refuses and how, and the C kernel's own tests under the sanitizers."""

import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from memlab import native
from memlab.reaction_diffusion import Kinetics, ScarRule

ROOT = Path(__file__).resolve().parents[2]
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
pytestmark = pytest.mark.skipif(not native.available(), reason="the native library is not built")


def fields() -> list[Tensor]:
    """u, v (1, 2, 8, 12), feed, kill (1, 8, 12), all valid."""
    u, feed = torch.ones(1, 2, 8, 12), torch.full((1, 8, 12), 0.04)
    return [u, 0 * u, feed, feed.clone()]


@pytest.mark.parametrize(
    ("which", "spoil", "message"),
    [
        (1, lambda v: v.double(), "v must be .*float32.*got contiguous float64"),
        (1, lambda v: v[..., :11], "v must be contiguous.*got strided"),
        (1, lambda v: v.transpose(2, 3), r"v must be .*shape \(1, 2, 8, 12\), got strided"),
        (2, lambda feed: feed[:, :7].contiguous(), r"feed must be .*shape \(1, 7, 12\)"),
        (3, lambda kill: kill.expand(2, 8, 12), "kill must be .*got strided"),
        (0, lambda u: u[0], r"u must be \(replicates, cues, height, width\)"),
        (1, lambda v: v.to("meta"), "v must be .*on the CPU.*on meta"),
    ],
)
def test_a_field_that_does_not_fit_is_refused_by_name(
    which: int, spoil: Callable[[Tensor], Tensor], message: str
) -> None:
    given = fields()
    given[which] = spoil(given[which])
    with pytest.raises(ValueError, match=message):
        native.advance(Kinetics(), 1, *given)


def test_threads_and_steps_must_make_sense() -> None:
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        native.advance(Kinetics(), 1, *fields(), threads=0)
    with pytest.raises(ValueError, match="steps 0 or more"):
        native.advance(Kinetics(), -1, *fields())


def test_no_steps_change_nothing() -> None:
    given = fields()
    native.advance(Kinetics(), 0, *given)
    assert all(torch.equal(a, b) for a, b in zip(given, fields(), strict=True))


def test_training_wants_one_salience_a_replicate() -> None:
    u, v, feed, kill = (x.reshape(-1, 8, 12)[:1].clone() for x in fields())
    with pytest.raises(ValueError, match=r"salience must be .*\(1,\)"):
        native.train(Kinetics(), ScarRule(), 1, u, v, feed, kill, v.clone(), torch.ones(2))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"law": "sudden"}, "law must be"),
        ({"strength": -1.0}, "strength must be"),
        ({"feed": 0.2}, "feed must be in"),
        ({"kill": 0.02}, "kill must be in"),
        ({"fade": 2.0}, "fade must be in"),
        ({"strength": float("nan")}, "strength must be"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScarRule(**wrong)


@pytest.fixture(scope="module")
def build() -> dict[str, Any]:
    """The names of the build script."""
    return runpy.run_path(str(ROOT / "scripts/build_native.py"))


def compiled(
    build: dict[str, Any], program: Path, options: list[str], test: str = "gray_scott"
) -> Path:
    """The C tests, built with our warnings as errors."""
    sources = [str(ROOT / s) for s in [*build["KERNELS"][test], f"native/tests/test_{test}.c"]]
    flags = [*build["FLAGS"], *build["openmp_flags"](), *build["WARNINGS"], "-Werror"]
    include = f"-I{ROOT / 'native'}"
    command = [*build["compiler"](), *flags, *options, include, *sources, "-o", str(program), "-lm"]
    subprocess.run(command, check=True)
    return program


# Those of cells take a minute to build: `make native-test` alone does that.
@pytest.mark.parametrize("test", ["gray_scott", "kuramoto", "optimisers", "hebbian"])
def test_the_kernels_keep_their_promises_under_the_sanitizers(
    build: dict[str, Any], tmp_path: Path, test: str
) -> None:
    program = compiled(build, tmp_path / "test", [*SANITIZERS, "-DMEMLAB_ONE_ISA"], test)
    told = subprocess.run([program], check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("test", ["gray_scott", "kuramoto", "optimisers", "hebbian"])
def test_every_instruction_set_gives_the_same_bits(
    build: dict[str, Any], tmp_path: Path, test: str
) -> None:
    cloned = compiled(build, tmp_path / "cloned", [], test)
    plain = compiled(build, tmp_path / "plain", ["-DMEMLAB_ONE_ISA"], test)
    digests = [subprocess.check_output([program, "digest"]) for program in (cloned, plain)]
    assert digests[0] == digests[1]
