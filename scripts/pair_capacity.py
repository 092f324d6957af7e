"""How many pairs of sparse codes an associative memory recalls, beside the line ln 2 · (H/k)².

    python scripts/pair_capacity.py [--units 512] [--winners 8] [--figure FILE]     half a minute

Every code is k of H units, each is paired with another one, and evokes it. Exits with 1 where 512
units with 8 winners do not recall 1,000 pairs by connections that were made once, 99 of 100 units.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab.draws import Draws
from memlab.figures.style import PALE, SPARE, sheet
from memlab.hebbian.associations import additive, capacity, clipped, found, recalled
from memlab.hebbian.streams import sparse_codes
from memlab.statistics import estimate

DRAWS = Draws(seed=1, replicates=tuple(range(6)))
UNITS, WINNERS = 512, 8
PAIRS, BAR = 1000, 0.99
LOADS = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4)  # pairs, as shares of the line

Law: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]


@final
@dataclass(frozen=True)
class Rung:
    """So many pairs, and the share of their units that was recalled, ``(R,)`` each."""

    pairs: int
    clipped: Tensor
    additive: Tensor


def share(law: Law, blank: Tensor, codes: tuple[Tensor, Tensor], winners: int) -> Tensor:
    """The share of units ``(R,)`` that cues evoke of their targets after all were written."""
    x, y = codes
    return found(recalled(law(blank, x, y), x, winners), y).double().mean(1)


def rung(pairs: int, units: int, winners: int) -> Rung:
    """Both laws with the same pairs."""
    x, y = (sparse_codes(pairs, units, winners, DRAWS.at(end)) for end in ("cue", "target"))
    none = torch.zeros(len(x), units, units)
    return Rung(
        pairs,
        share(clipped, none.bool(), (x, y), winners),
        share(additive, none, (x, y), winners),
    )


def curve(units: int, winners: int) -> list[Rung]:
    """Rungs below and above the line, and that of the bar, in order."""
    line = capacity(units, winners)
    pairs = {max(1, round(load * line)) for load in LOADS} | {PAIRS}
    return [rung(count, units, winners) for count in sorted(pairs)]


def written(rungs: Sequence[Rung], line: float) -> Table:
    """Means with their intervals."""
    table = Table("pairs", "of the line", "clipped", "additive")
    for one in rungs:
        told = [estimate(values) for values in (one.clipped, one.additive)]
        cells = [f"{each.mean:.3f} [{each.low:.3f}, {each.high:.3f}]" for each in told]
        table.add_row(f"{one.pairs:,}", f"{one.pairs / line:.2f}", *cells)
    return table


def drawn(rungs: Sequence[Rung], line: float, title: str) -> Figure:
    """Both curves, and the line."""
    figure = sheet(6, 4, title)
    axes = figure.subplots()
    pairs = [one.pairs for one in rungs]
    for colour, name in zip(SPARE, ("clipped", "additive"), strict=False):
        values = torch.stack([getattr(one, name) for one in rungs])  # (rungs, R)
        axes.plot(pairs, values.mean(1), "o-", color=colour, label=name)
        axes.fill_between(pairs, values.amin(1), values.amax(1), color=colour, alpha=0.2)
    axes.axvline(line, color=PALE, linestyle="--", label="ln 2 (H/k)²")
    axes.set(xscale="log", xlabel="pairs", ylabel="share of units recalled", ylim=(0, 1.05))
    axes.legend()
    return figure


def asked(words: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=UNITS, help="H of a code")
    parser.add_argument("--winners", type=int, default=WINNERS, help="k of them are on")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the curves as well")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    """Measure, draw and judge."""
    torch.set_num_threads(1)
    settings = asked(words)
    units, winners = settings.units, settings.winners
    try:
        line = capacity(units, winners)
    except ValueError as refused:
        sys.exit(str(refused))
    rungs = curve(units, winners)
    console, title = Console(width=110), f"{units} units, {winners} winners"
    console.print(f"{title}: ln 2 (H/k)² = {line:,.0f} pairs")
    console.print(written(rungs, line))
    if settings.figure is not None:
        drawn(rungs, line, title).savefig(settings.figure)
        console.print(f"drawn in {settings.figure}")
    at_bar = next(one for one in rungs if one.pairs == PAIRS)
    missed = float(at_bar.clipped.mean()) < BAR
    sys.exit((units, winners) == (UNITS, WINNERS) and missed)


if __name__ == "__main__":
    main()
