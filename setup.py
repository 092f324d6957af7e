"""Builds the native library; an install without a compiler succeeds without it."""

import runpy
import subprocess
import warnings
from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError

BUILDER = "scripts/build_native.py"


def warn(error: Exception) -> None:
    """Say once what is missing and what follows from it."""
    message = "memlab._native was not built; memlab runs on the slower torch reference"
    warnings.warn(f"{message} (a C compiler is needed: {error})", stacklevel=3)


def modules() -> list[str]:
    """The cffi builder, when there is a compiler to read the header with."""
    try:
        runpy.run_path(BUILDER)["declarations"]()
    except (OSError, subprocess.CalledProcessError) as error:
        warn(error)
        return []
    return [f"{BUILDER}:native_library"]


class BuildOrWarn(build_ext):
    """A build whose failure leaves a package without the native library."""

    def build_extension(self, extension):
        """Build, or warn."""
        try:
            super().build_extension(extension)
        except (BaseError, OSError, subprocess.CalledProcessError) as error:
            warn(error)
            extension.optional = True  # so that setuptools does not look for it


def packages() -> dict[str, str]:
    """Every package and its folder; conf/ travels in the wheel as memlab/conf."""
    code = find_namespace_packages(include=["memlab*", "hydra_plugins*"], exclude=["*.__pycache__"])
    conf = [path for path in sorted(Path().glob("conf/**/")) if any(path.glob("*.yaml"))]
    return {name: name.replace(".", "/") for name in code} | {
        ".".join(["memlab", *path.parts]): path.as_posix() for path in conf
    }


setup(
    packages=list(packages()),
    package_dir=packages(),
    cffi_modules=modules(),
    cmdclass={"build_ext": BuildOrWarn},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},  # one wheel for every later Python
)
