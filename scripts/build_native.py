"""The native library `memlab._native`, described to cffi; setup.py builds it."""

import os
import subprocess
import tempfile
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent.parent
HEADER = Path("native/memlab.h")
KERNELS = {  # the files of each, none of which needs another kernel
    "gray_scott": [
        "native/gray_scott.c",
        "native/gs_march.c",
        "native/gs_train.c",
        "native/gs_tick_avx512.c",
        "native/gs_tick_avx2.c",
        "native/gs_tick_plain.c",
    ],
    "kuramoto": ["native/kuramoto.c"],
    "cells": [
        "native/cells.c",
        "native/cell_plan.c",
        "native/cell_f32_avx512.c",
        "native/cell_f32_avx2.c",
        "native/cell_f32_plain.c",
        "native/cell_f64.c",
    ],
    "optimisers": ["native/optimisers.c"],
    "hebbian": ["native/hebbian.c"],
    "tree": ["native/tree.c", "native/tree_chances.c", "native/tree_read.c"],
}
SOURCES = [source for kernel in KERNELS.values() for source in kernel]
INTERNAL = [
    "native/gs.h",
    "native/gs_lanes.h",
    "native/gs_tick.h",
    "native/kuramoto_fields.h",
    "native/optimiser_rows.h",
    "native/tree.h",
    *(str(path) for path in sorted(Path("native").glob("cell*.h"))),
]
FLAGS = ["-O3", "-std=c11", "-ffp-contract=off", "-fno-math-errno"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion"]


def compiler() -> list[str]:
    """The C compiler and its own options, from CC or the usual name."""
    return os.environ.get("CC", "cc").split()


def declarations() -> str:
    """The header as cffi reads it: preprocessed, without its includes."""
    command = [*compiler(), "-E", "-P", "-DMEMLAB_CDEF", str(ROOT / HEADER)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def openmp_flags() -> list[str]:
    """The flag for OpenMP where the compiler can link it, else for its vector loops alone."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "openmp.c"
        program.write_text("#include <omp.h>\nint main(void) { return omp_in_parallel(); }\n")
        command = [*compiler(), "-fopenmp", str(program), "-o", str(program.with_suffix(""))]
        linked = subprocess.run(command, check=False, capture_output=True).returncode == 0
    return ["-fopenmp"] if linked else ["-fopenmp-simd", "-Wno-unknown-pragmas"]


def native_library() -> FFI:
    """The builder that setuptools asks for through `cffi_modules`."""
    openmp = openmp_flags()
    builder = FFI()
    builder.cdef(declarations())
    builder.set_source(
        "memlab._native",
        f'#include "{HEADER.name}"',
        sources=SOURCES,
        depends=[str(HEADER), *INTERNAL, "scripts/build_native.py"],
        include_dirs=[str(HEADER.parent)],
        extra_compile_args=FLAGS + openmp,
        extra_link_args=[flag for flag in openmp if flag == "-fopenmp"],
        libraries=["m"],
        py_limited_api=True,
    )
    return builder
