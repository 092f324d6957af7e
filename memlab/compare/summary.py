"""The end of a sweep: what came out in a few lines, and all of it in files and a run of its own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from memlab.app.assembly import built
from memlab.app.progress import console
from memlab.app.schema import Tree
from memlab.compare import record
from memlab.compare.comparison import Comparison, compared, measured
from memlab.compare.keeping import kept
from memlab.compare.measures import main
from memlab.compare.record import SweepRecord
from memlab.compare.report import report
from memlab.compare.settings import of_overrides, settings
from memlab.compare.tables import ABREAST, open_claims, overview, verdict_table
from memlab.compare.words import legend, limits
from memlab.record.files import replaced
from memlab.record.journal import Ended, Record
from memlab.record.outcome import Outcome, Status
from memlab.record.place import Place
from memlab.runner import Progress
from memlab.statistics import Estimate

if TYPE_CHECKING:
    from memlab.record.tracking import Tracking

REPORT = "report.html"
SUMMARY = "summary"  # the folder of the run, and the name of its files
ROWS = 16  # settings shown at the end of a sweep
MANY = 24  # settings for which only the main measures are worked out


def conclude(finished: Sequence[Outcome], tracking: Tree, folder: Path, launch: Path) -> None:
    """Show what the finished jobs say, keep all of it, and track it as a run of its own.

    Where none has finished there is a page that says so, and nothing to track.
    """
    asked, screen = record.read(folder), console()
    comparison = summarised(finished, asked) if finished else None
    if comparison is not None:
        show(comparison, asked, screen)
    keep(comparison, asked, folder)
    screen.print(f"All of it: {folder / REPORT}", soft_wrap=True, highlight=False)
    if comparison is None:
        return
    place = Place(folder / SUMMARY, launch, folder.parents[1], (), {}, folder.name)
    if late := tracked(comparison, tracking, place):
        console(stderr=True).print(f"The summary: {late}", soft_wrap=True)


def keep(comparison: Comparison | None, asked: SweepRecord, folder: Path) -> None:
    """Write the tables and figures below a sweep's folder, and its page also into it."""
    where = folder / SUMMARY
    where.mkdir(exist_ok=True)
    pictures = kept(comparison, where, SUMMARY) if comparison is not None else {}
    for drawn in sorted(where.glob("search_*.png")):
        pictures[drawn.stem] = drawn.read_bytes()
    text = report(asked, folder, record.outcomes(folder), comparison, pictures)
    for place in (where, folder):
        replaced(place / REPORT, text)


def summarised(finished: Sequence[Outcome], asked: SweepRecord) -> Comparison:
    """Every measure of every setting; of very many settings the main measures alone."""
    several = settings([of_overrides(outcome) for outcome in finished])
    known = measured(several)
    first = [name for name in known if name == asked.metric]
    wanted = known if len(several) <= MANY else [*first, *main(known)]
    return compared(several, measures=list(dict.fromkeys([*first, *wanted])))


def show(comparison: Comparison, asked: SweepRecord, screen: Console) -> None:
    """The main measures and the verdicts, of the best settings where there are many."""
    if asked.metric:
        return  # a search has shown its best
    short = comparison.narrowed(main(list(comparison.measures))[:ABREAST])
    names = highest_first(short)[:ROWS] if len(short.settings) > ROWS else short.names
    for table in overview(short, names):
        screen.print(table)
    if short.verdicts:
        screen.print(verdict_table(short, names))
    for line in remarks(short, names):
        screen.print(line, highlight=False)


def highest_first(comparison: Comparison) -> list[str]:
    """The settings by their mean in the first measure, the highest first."""
    entries = next(iter(comparison.measures.values()))
    found = {name: one.estimate for name, one in entries.items()}
    means = {name: one.mean for name, one in found.items() if isinstance(one, Estimate)}
    return sorted(means, key=lambda name: -means[name])


def remarks(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    """What the numbers are, how far they carry, and what is not shown."""
    found = {len(set(setting.seeds)) for setting in comparison.settings}
    few = f"{min(found)} to " * (len(found) > 1)
    inside = "the replicates of one seed" if found == {1} else f"{few}{max(found)} seeds"
    yield f"Mean and 95 % interval of {inside}."
    yield from (*limits(comparison), *legend(comparison), *open_claims(comparison))
    if len(names) < len(comparison.settings):
        first = next(iter(comparison.measures))
        yield f"{len(names)} of {len(comparison.settings)} settings, the highest {first} first."
    if len(comparison.settings) > MANY:
        yield "Of so many settings the main measures alone are kept; memlab.compare has the others."


def tracked(comparison: Comparison, tracking: Tree, place: Place) -> str:
    """Enter the summary as a run of its own; says why the store has not taken it, if so."""
    store: Tracking = built("tracking", tracking)
    name = str(place.sweep)
    tags = {"memlab.sweep": name, "memlab.kind": "summary", "memlab.folder": str(place.folder)}
    jobs = sum(len(setting.trials) for setting in comparison.settings)
    told = Record(f"summary · {name}", {"jobs": str(jobs)}, tags)
    return store.begin(told, Progress(), place).finish(Ended(Status.FINISHED))
