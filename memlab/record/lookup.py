"""Which folder a person means: a path, the start of a run's name, a job of a sweep."""

import difflib
from pathlib import Path

from memlab.record.outcome import OUTCOME, found

RUNS, SWEEPS = "runs", "sweeps"  # below the folder of all results
NEAR = 5  # names to offer where there is none as asked


class Unknown(Exception):
    """No run is called so, and what there is."""


def one_run(asked: str, outputs: Path) -> Path:
    """The folder that holds the results of the one run asked for."""
    folders = job_folders(asked, outputs)
    if len(folders) > 1:
        first, last = folders[0].name, folders[-1].name
        raise Unknown(
            f"{asked} is a sweep of {len(folders)} jobs; name one: {asked}/{first} … {last}"
        )
    return holder(folders[0])


def job_folders(asked: str, outputs: Path) -> list[Path]:
    """The folder of a run, or those of all jobs of a sweep that have begun."""
    place = named(asked, outputs)
    if (place / OUTCOME).is_file():
        return [place]
    jobs = [file.parent for file in place.glob(f"[0-9]*/{OUTCOME}")]
    if not jobs:
        raise Unknown(f"{place} must hold the outcome of a run or the jobs of a sweep; it does not")
    return sorted(jobs, key=lambda folder: (len(folder.name), folder.name))


def holder(folder: Path) -> Path:
    """The folder with the results: another one for a job that was computed before."""
    outcome = found(folder)
    if outcome is not None and outcome.reused and Path(outcome.folder).is_dir():
        return Path(outcome.folder)
    return folder


def named(asked: str, outputs: Path) -> Path:
    """The folder of that path, or below ``outputs`` with a name that starts so."""
    name, _, job = asked.strip("/").partition("/")
    if not name:
        raise Unknown(f"a run must be named, got {asked!r}")
    given = Path(asked).expanduser()
    if given.is_dir():
        return given.resolve()
    if not job:
        return started([*listed(outputs / RUNS), *listed(outputs / SWEEPS)], name, "run", outputs)
    place = started(listed(outputs / SWEEPS), name, "sweep", outputs) / job
    if not place.is_dir():
        jobs = sum(folder.name.isdigit() for folder in listed(place.parent))
        raise Unknown(f"there is no job {job} in {place.parent}, which has {jobs}")
    return place


def started(folders: list[Path], name: str, kind: str, outputs: Path) -> Path:
    """The one folder with this name, or whose name starts with it."""
    exact = [folder for folder in folders if folder.name == name]
    fitting = exact or [folder for folder in folders if folder.name.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if not folders:
        raise Unknown(f"there is no {kind} {name!r}: {outputs} has none at all")
    if fitting:
        raise Unknown(f"several {kind}s below {outputs} start with {name!r}:{lines(fitting)}")
    near = difflib.get_close_matches(name, [folder.name for folder in folders], n=NEAR, cutoff=0.4)
    offered = [folder for folder in folders if folder.name in near] or folders
    raise Unknown(f"there is no {kind} {name!r} below {outputs}; there are{lines(offered)}")


def lines(folders: list[Path]) -> str:
    """The last few names, one to a line."""
    left_out = ["…"] if len(folders) > NEAR else []
    return "".join(f"\n  {one}" for one in [*left_out, *(f.name for f in folders[-NEAR:])])


def listed(folder: Path) -> list[Path]:
    """The folders in a folder, by name; none if it is not there."""
    return sorted(path for path in folder.glob("*") if path.is_dir())
