"""What an installed memlab has, and that a checkout works from any folder."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    "LICENSE",
    "README.md",
    "conf",
    "memlab",
    "native",
    "pyproject.toml",
    "scripts",
    "setup.py",
)
BUILT = shutil.ignore_patterns("__pycache__", "*.so")


def run(*command, folder, **environment):
    """The outcome of a Python command in a folder."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def wheel_of(folder, **environment):
    """A wheel built, without the network, from a copy of the sources in a folder."""
    for name in (*SOURCES, "hydra_plugins"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=BUILT)
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder)
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", "wheels")
    built = run("-m", "pip", "wheel", *options, ".", folder=folder, **environment)
    assert built.returncode == 0, built.stdout + built.stderr
    return next((folder / "wheels").glob("*.whl"))


def files_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return wheel_of(tmp_path_factory.mktemp("sources"))


def test_the_wheel_holds_every_yaml_and_every_module(wheel):
    modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("memlab/**/*.py")}
    plugins = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("hydra_plugins/**/*.py")}
    choices = {f"memlab/{path.relative_to(ROOT)}" for path in ROOT.glob("conf/**/*.yaml")}
    assert (modules | plugins | choices) - files_of(wheel) == set()


def test_the_wheel_holds_nothing_but_the_package(wheel):
    tops = {name.partition("/")[0] for name in files_of(wheel)}
    assert tops <= {"memlab", "hydra_plugins", "memlab-0.1.0.dist-info"}


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_wheel_holds_the_native_library_for_every_later_python(wheel):
    assert "cp311-abi3" in wheel.name
    assert "memlab/_native.abi3.so" in files_of(wheel)


def test_without_a_compiler_the_wheel_is_built_without_the_native_library(tmp_path):
    files = files_of(wheel_of(tmp_path, CC="/bin/false"))
    assert "memlab/cli.py" in files
    assert [name for name in files if name.endswith(".so")] == []


def test_an_unpacked_wheel_finds_its_configuration(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    ask = "from memlab.cli import conf_dir; print(conf_dir())"
    answer = run("-c", ask, folder=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert Path(answer.stdout.strip()) == tmp_path / "site" / "memlab" / "conf", answer.stderr


def test_the_command_line_works_from_any_folder(tmp_path):
    helped = run("-m", "memlab", "--help", folder=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "gray_scott" in helped.stdout
