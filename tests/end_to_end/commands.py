"""Our commands as a user types them: in an interpreter of their own, or in one that is warm.

An interpreter takes six seconds of a core to import what a run needs, and most tests ask what a
command does, not how it starts. So a server imports everything once and forks for each command: the
same module runs as ``__main__``, with arguments, folder, environment and output of its own.
"""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.end_to_end import spares
from tests.end_to_end.schema import Schema, prepared

ROOT = Path(__file__).parents[2]
WARM = multiprocessing.get_context("forkserver")
WARM.set_forkserver_preload(
    [
        "matplotlib.pyplot",
        "memlab.app.laboratory",
        "memlab.app.composer",
        "memlab.compare.report",
        "memlab.sweep.conduct",
        "memlab.sweep.pool",
        "mlflow.store.tracking.sqlalchemy_store",
        "mlflow.system_metrics.system_metrics_monitor",
        "sklearn.decomposition",
    ]
)
TINY = (
    "substrate=notebook",
    "replicates=2",
    "patterns.size=16",
    "protocol=single",
    "sweep.figures=never",
)  # a run that takes no time
SWEEPING = {"-m", "--multirun"}


def fresh(folder, module, *arguments, options=()):
    """Run ``python -m module`` in a folder, in a new interpreter."""
    return subprocess.run(
        [sys.executable, *options, "-m", module, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def warm(folder, module, *arguments):
    """The same, in a fork of an interpreter that has imported what runs need."""
    words = tuple(map(str, arguments))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with TemporaryDirectory() as kept:
        said = Path(kept, "stdout"), Path(kept, "stderr")
        asked = (module, words, folder, environment, said, prepared())
        process = WARM.Process(target=become, args=asked)
        process.start()
        process.join()
        code = process.exitcode
        process.close()
        out, error = (file.read_text(encoding="utf-8") for file in said)
    return subprocess.CompletedProcess((module, *words), code, out, error)


def become(module, words, folder, environment, said, schema: Schema):
    """Be ``python -m module``, to the exit code."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    redirected(*said)
    schema.spare_migrations()
    if SWEEPING.intersection(words):
        spares.stand_by()
    sys.argv[:] = [module, *words]
    code = 1
    try:
        code = exit_code(module)
    finally:  # as an interpreter ends
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(code)


def exit_code(module):
    """What a module that runs as the main one leaves with."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            sys.stderr.write(f"{leaving.code}\n")
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def redirected(out, error):
    """Let this process write its words into files."""
    for number, file in ((1, out), (2, error)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout.reconfigure(encoding="utf-8", line_buffering=False)
    sys.stderr.reconfigure(encoding="utf-8")
