"""The command line: the help page at once, everything else from the composer on."""

import sys
from pathlib import Path

from memlab.app import manual
from memlab.app.leaving import leaving
from memlab.app.pipe import written

INTERRUPTED = 130  # the exit code of what Ctrl-C ended


def main() -> None:
    """Run the command line and leave with 0 only if everything it asked for succeeded."""
    with leaving():
        sys.exit(done(sys.argv[1:]))


def done(arguments: list[str]) -> int:
    """Do what the arguments ask for; the exit code it ends with."""
    folders = config_dirs(arguments)
    if {"--help", "-h"} & set(arguments):
        written(manual.page(folders), sys.stdout)
        return 0
    try:
        from memlab.app.composer import status

        return status(folders)
    except KeyboardInterrupt:  # while all this is imported
        return INTERRUPTED


def conf_dir() -> Path:
    """Where the configuration lies: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).resolve().parent
    for folder in (package.parent / "conf", package / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no conf/config.yaml beside or inside {package}; reinstall memlab")


def config_dirs(arguments: list[str]) -> list[Path]:
    """Every folder choices come from: ours, and the one given with --config-dir."""
    folders = [conf_dir()]
    for given, following in zip(arguments, [*arguments[1:], ""], strict=False):
        if given in ("--config-dir", "-cd"):
            folders.append(Path(following))
        elif given.startswith("--config-dir="):
            folders.append(Path(given.partition("=")[2]))
    return folders
