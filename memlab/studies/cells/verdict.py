"""What the measured rows say of cells and tasks."""

from collections.abc import Iterator, Sequence

from memlab.studies.cells.abilities import STREAM
from memlab.studies.cells.bars import TITLES
from memlab.studies.cells.effort import SUDDEN, Effort
from memlab.studies.cells.floors import FLOORS
from memlab.studies.cells.learners import BUDGET, GRU
from memlab.studies.cells.row import Row, learners_of, passing, tasks_of, those
from memlab.studies.cells.training import BLOCK, CLIP, RATE


def verdict(rows: Sequence[Row], effort: Effort) -> list[str]:
    """Sentences, each only if the rows bear it out; the first ones say what was run."""
    parts = (_tasks(rows), _learners(rows), _almost(rows), _easy(rows), _none(rows))
    return [*_recipe(rows, effort), *(sentence for part in parts for sentence in part)]


def _recipe(rows: Sequence[Row], effort: Effort) -> Iterator[str]:
    yield (
        f"All are trained alike: Adam, {effort.steps:,} mini-batches of 32 sequences"
        f"{_longer(rows, effort)}, exact gradients through all steps, their norm clipped at "
        f"{CLIP:g}, the learning rate falling from {RATE:g} to 0 along a cosine. Rate and lengths "
        "were chosen by what pmrc learned from seed 1."
    )
    if STREAM in tasks_of(rows):
        yield (
            f"In {TITLES[STREAM]}, an update follows each of {effort.stream:,} steps of one "
            f"stream, the state runs on, and losses are means over {BLOCK} steps: the last of "
            "them and the highest."
        )
    n = max(row.measured.n for row in rows)
    yield (
        f"Each learner is as large as {BUDGET:,} parameters allow. A bar is passed if the worst "
        f"of {n} seeds passes it; all learners of a seed see the same sequences."
    )


def _longer(rows: Sequence[Row], effort: Effort) -> str:
    """The tasks that are trained for longer."""
    some = [task for task in tasks_of(rows) if task in SUDDEN]
    if not some:
        return ""
    named = "; ".join(TITLES[task] for task in some)
    return f" ({effort.steps_of(some[0]):,} where learning comes suddenly: {named})"


def _tasks(rows: Sequence[Row]) -> Iterator[str]:
    for task in tasks_of(rows):
        found = passing(rows, task)
        cells = ", ".join(who for who in found if who not in FLOORS) or "none"
        floors = "; ".join(who for who in found if who in FLOORS)
        without = f" Without a network: {floors}." if floors else ""
        yield f"{TITLES[task]}: passed by {cells}.{without}"


def _learners(rows: Sequence[Row]) -> Iterator[str]:
    tasks = tasks_of(rows)
    counts = {
        who: sum(who in passing(rows, task) for task in tasks)
        for who in learners_of(rows)
        if who not in FLOORS
    }
    ordered = sorted(counts, key=lambda who: -counts[who])
    if ordered:
        each = ", ".join(f"{who} {counts[who]}" for who in ordered)
        yield f"Tasks passed of {len(tasks)}: {each}."


def _almost(rows: Sequence[Row]) -> Iterator[str]:
    """Who passes with the mean over seeds, but not with each."""
    for task in tasks_of(rows):
        whole = passing(rows, task)
        found = [
            who
            for who in learners_of(rows)
            if who not in whole and who not in FLOORS and _usual(those(rows, task, who))
        ]
        if found:
            yield f"{TITLES[task]}: passed by the mean, not by the worst seed: {', '.join(found)}."


def _usual(rows: Sequence[Row]) -> bool:
    return bool(rows) and all(row.usual for row in rows)


def _easy(rows: Sequence[Row]) -> Iterator[str]:
    """The tasks in which a filter does as well."""
    easy = [TITLES[task] for task in tasks_of(rows) if set(passing(rows, task)) & set(FLOORS)]
    if easy:
        yield (
            f"A linear filter of the last inputs passes as well: {', '.join(easy)}. There a bar "
            "says that a cell can be trained, not that it remembers more than such a filter."
        )


def _none(rows: Sequence[Row]) -> Iterator[str]:
    """The tasks that no memory-native cell passes, or that every bar is passed by one."""
    out = {GRU, *FLOORS}
    failed = [TITLES[task] for task in tasks_of(rows) if not set(passing(rows, task)) - out]
    if failed:
        yield f"No memory-native cell passes: {', '.join(failed)}."
    else:
        yield "Each of these tasks is passed by at least one memory-native cell."
