"""One page that says all of a sweep: question, grid, results, failures, and how to do it again."""

import platform
import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from memlab.compare import keeping, page
from memlab.compare.comparison import Comparison
from memlab.compare.record import SweepRecord
from memlab.record.outcome import Outcome, Status
from memlab.record.place import LOG
from memlab.record.provenance import kept_facts

GALLERIES = 8  # settings whose answers are shown
PREFIX = "memlab."
ABOUT = {  # fact of a run -> its name on the page
    "memlab.git.commit": "commit",
    "memlab.git.dirty": "uncommitted changes",
    "memlab.code_hash": "hash of the code that computes",
    "memlab.data_hash": "hash of the user's patterns",
    "memlab.device": "device",
    "memlab.threads": "threads",
    "memlab.isa": "instruction set",
    "memlab.torch": "torch",
    "memlab.numpy": "numpy",
    "memlab.python": "python",
    "memlab.host": "host",
}


def report(
    asked: SweepRecord,
    folder: Path,
    jobs: Mapping[int, Outcome | None],
    comparison: Comparison | None,
    pictures: Mapping[str, bytes],
) -> str:
    """The page of a sweep; without a comparison if no job has finished."""
    outcomes = [one for one in jobs.values() if one is not None]
    results = [] if comparison is None else keeping.told(comparison)
    answers = [] if comparison is None else list(galleries(comparison))
    return page.page(
        asked.question or f"The sweep {asked.name}",
        [
            page.paragraph(standing(asked, jobs), "soft"),
            grid(asked),
            keeping.figures(dict(pictures))[0],
            *results,
            failures(folder, jobs),
            page.section("Answers of the first run of a setting", *answers),
            page.section("Environment", page.words(environment(outcomes))),
            again(asked, folder, outcomes),
        ],
    )


def standing(asked: SweepRecord, jobs: Mapping[int, Outcome | None]) -> str:
    """How many jobs there are, and how they ended."""
    done = [one for one in jobs.values() if one and one.status is Status.FINISHED]
    total = max(asked.total, len(jobs))
    spent = sum(one.seconds for one in done)
    return f"{asked.name}: {len(done)} of {total} jobs finished, {spent:,.0f} s of computing."


def grid(asked: SweepRecord) -> str:
    """What was varied and what was not."""
    rows = [(key, ", ".join(values), str(len(values))) for key, values in asked.axes.items()]
    fixed = f"The same in every job: {', '.join(asked.fixed)}." if asked.fixed else ""
    return page.section(
        "Grid",
        page.table(("axis", "values", "number"), rows, long=("values",)) if rows else "",
        page.paragraph(fixed, "soft") if fixed else "",
    )


def failures(folder: Path, jobs: Mapping[int, Outcome | None]) -> str:
    """Every job that should have finished and did not."""
    rows = []
    for number, one in jobs.items():
        if one is None:
            lost = "it left no outcome: its process ended before it began"
            rows.append((str(number), "LOST", "", lost, str(folder / str(number) / LOG)))
        elif one.code:
            words = " ".join(word for word in one.overrides if not word.startswith("sweep."))
            rows.append((str(number), one.status, words, one.message, f"{one.folder}/{LOG}"))
    headings = ("job", "status", "asked", "message", "log")
    shown = page.table(headings, rows, long=("asked", "message", "log")) if rows else ""
    return page.section("Jobs that did not finish", shown)


def galleries(comparison: Comparison) -> Iterator[str]:
    """The answers of one run per setting, as the run drew them."""
    for setting in comparison.settings[:GALLERIES]:
        trial = setting.trials[0]
        drawn = sorted(Path(trial.outcome.folder, "figures").glob("gallery*.png"))
        if drawn:
            told = f"{setting.name}, seed {trial.seed}" if trial.seed else setting.name
            yield page.folded(told, page.picture(drawn[0].read_bytes(), f"answers of {told}"))


def environment(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """What the runs were computed with; several values where they differ."""
    known = [kept_facts(Path(one.folder)) for one in outcomes]
    told = {"memlab": _version()}
    for key, name in ABOUT.items():
        values = dict.fromkeys(
            facts[key].partition(" pid ")[0] for facts in known if facts.get(key)
        )
        if values:
            told[name] = ", ".join(values)
    return told if len(told) > 1 else told | {"python": platform.python_version()}


def again(asked: SweepRecord, folder: Path, outcomes: Sequence[Outcome]) -> str:
    """The commands that repeat the sweep, check one run and compare anew."""
    done = [one for one in outcomes if one.status is Status.FINISHED]
    enter = f"cd {shlex.quote(asked.launch)}\n" if asked.launch else ""
    parts = [
        page.paragraph("The whole sweep; finished jobs are taken as they are, resume=false aside:"),
        page.typed(f"{enter}{asked.command}"),
    ]
    if done:
        one = shlex.quote(done[0].folder)
        parts += [
            page.paragraph("One run once more, compared with what it gave before, bit for bit:"),
            page.typed(f"python -m memlab.reproduce {one}"),
        ]
    parts += [
        page.paragraph("Other measures, or another baseline:"),
        page.typed(f"python -m memlab.compare {shlex.quote(str(folder))} --all"),
    ]
    return page.section("How to do it again", *parts)


def _version() -> str:
    try:
        return version("memlab")
    except PackageNotFoundError:
        return "not installed"
