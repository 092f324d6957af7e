"""What is said of a run that was computed again: what changed since, and what came out."""

import math
from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

from memlab.app.progress import console
from memlab.app.repetition import Original
from memlab.record.difference import Comparison, Difference

FACTS = {  # tag -> what it is called
    "memlab.git.commit": "commit",
    "memlab.git.dirty": "uncommitted changes",
    "memlab.code_hash": "code",
    "memlab.config_hash": "hash of the configuration",
    "memlab.data_hash": "own patterns",
    "memlab.python": "Python",
    "memlab.torch": "torch",
    "memlab.numpy": "numpy",
    "memlab.device": "device",
    "memlab.threads": "threads",
    "memlab.isa": "instruction set",
    "memlab.host": "machine",
}
SHORT = 12  # characters of a hash
SILENT = "not recorded"


def say(text: str) -> None:
    """Print a line as it is, however long."""
    console().print(text, soft_wrap=True, highlight=False)


def introduce(run: Original) -> None:
    """Say which run it is."""
    chosen = [run.outcome.factors.get(g, "") for g in ("substrate", "protocol", "patterns")]
    words = [*filter(None, chosen), f"seed {run.config['seed']}"]
    title, folder = escape(" · ".join(words)), escape(str(run.folder))
    say(f"[bold]{title}[/]: {run.outcome.seconds:.0f} s, {folder}")


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The facts that are not what they were, by what they are called."""
    pairs = {name: (shown(tag, then), shown(tag, now)) for tag, name in FACTS.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def shown(tag: str, facts: Mapping[str, str]) -> str:
    """A fact for people: hashes cut short, of the machine only its name."""
    value = facts.get(tag, SILENT)
    if tag == "memlab.host":
        return value.partition(" pid ")[0]
    return value if value == SILENT or not tag.endswith(("hash", "commit")) else value[:SHORT]


def show_changes(then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Say what changed since the run, and what did not."""
    if not then:
        say("[yellow]Its folder does not say which code and which machine made it.[/]")
        return
    found = changed(then, now)
    same = ", ".join(name for name in FACTS.values() if name not in found)
    if not found:
        say(f"Unchanged since: {same}.")
        return
    table = Table(title="Changed since", title_justify="left")
    for heading in ("", "then", "now"):
        table.add_column(heading)
    for name, (before, after) in found.items():
        table.add_row(name, escape(before), escape(after))
    console().print(table)
    say(f"Unchanged: {same}.")


def show_equal(found: Comparison) -> None:
    """Say that every bit is as it was."""
    say(f"[bold green]equal[/], bit for bit: {counted(found)}")


def show_close(found: Comparison, tolerance: float) -> None:
    """Say how far the runs are apart, where it is little."""
    most = found.largest
    say(
        f"[bold yellow]equal to tolerance[/] {tolerance:g}: of {counted(found)}, "
        f"{len(found.differences)} differ in their last bits; the largest gap is "
        f"{most.relative:.1e} of the largest value, in {escape(most.where)}"
    )


def show_different(found: Comparison, first: Difference) -> None:
    """Show the first difference that counts."""
    say(f"[bold red]different[/]: {len(found.differences)} places, compared were {counted(found)}")
    show_difference("The first difference", first)
    most = found.largest
    if most != first and math.isfinite(most.relative):
        show_difference("The largest difference", most)


def show_difference(title: str, one: Difference) -> None:
    """One difference as a table."""
    table = Table(title=title, title_justify="left", show_header=False)
    for row in rows(one):
        table.add_row(*map(escape, row))
    console().print(table)


def rows(one: Difference) -> list[tuple[str, str]]:
    """A difference as the rows of a table."""
    place = [("value", one.index)] if one.index else []
    told = [("where", one.where), *place, ("then", one.then), ("now", one.now)]
    if one.values > 1:
        told.append(("differ", f"{one.differing:,} of {one.values:,} values"))
    if math.isfinite(one.relative):
        told.append(("by at most", f"{one.relative:.2g} of the largest value"))
    return told


def counted(found: Comparison) -> str:
    """How much was compared."""
    return f"{found.measures} measures, {found.verdicts} verdicts and {found.arrays} arrays"
