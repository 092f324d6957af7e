"""How fast an attractor network recalls 1,000 cues, against a loop and its matrix products alone.

One thread, the thread's own time; ratios are medians over interleaved rounds of one process.
Exits with 1 where a bar is missed.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter
from memlab.substrates.hopfield import Hopfield

UNITS, ITEMS, CUES, FLIPS = 1024, 100, 1000, 0.1
FASTER, RATIO, ROUNDS = 3.0, 1.3, 7
DRAWS = Draws(seed=1, replicates=(0,))
MEDIUM = Hopfield(Space((UNITS,)))


def learned() -> tuple[Engram, Tensor]:
    """A network that was shown all items, and the items ``(1, P, N)``."""
    items = (DRAWS.uniform("items", (ITEMS, UNITS)) < 0.5).float()
    engram = MEDIUM.blank(DRAWS)
    for k in range(ITEMS):
        values = items[:, k]
        item = Item(values, torch.ones_like(values, dtype=torch.bool), torch.ones(1))
        MEDIUM.write(engram, item, DRAWS, Meter())
    return engram, items


def cued(items: Tensor) -> Cue:
    """Cues to random items, a tenth of the values wrong."""
    asked = items[:, DRAWS.integers("asked", ITEMS, (CUES,))[0]]
    wrong = DRAWS.uniform("flips", (CUES, UNITS)) < FLIPS
    return Cue(
        torch.where(wrong, 1 - asked, asked), torch.ones_like(wrong), torch.zeros_like(wrong)
    )


def straightforward(w: Tensor, states: Tensor) -> Tensor:
    """What a user would write: one cue after the other, until it no longer changes."""
    answers = []
    for state in states:
        s = state
        for _ in range(50):
            new = torch.sign(w @ s)
            new = torch.where(new == 0, s, new)
            if torch.equal(new, s):
                break
            s = new
        answers.append(s)
    return torch.stack(answers)


def products(w: Tensor, states: Tensor, sizes: list[int]) -> None:
    """The matrix products of a recall alone: as many cues in each sweep as it computes."""
    for size in sizes:
        torch.bmm(states[:, :size], w)


def timed(what: Callable[[], object]) -> float:
    """The thread's own time of a call, s."""
    began = time.thread_time()
    what()
    return time.thread_time() - began


def swept(engram: Engram, cue: Cue) -> list[int]:
    """How many cues each sweep of a recall computes."""
    sizes: list[int] = []
    whole = torch.bmm

    def counted(states: Tensor, w: Tensor) -> Tensor:
        sizes.append(states.shape[1])
        return whole(states, w)

    torch.bmm = counted  # type: ignore[assignment]
    try:
        MEDIUM.read(engram, cue, DRAWS, Meter())
    finally:
        torch.bmm = whole
    return sizes


def main() -> None:
    """Measure and judge."""
    torch.set_num_threads(1)
    engram, items = learned()
    cue, w = cued(items), engram["weights"]
    states = 2 * cue.values - 1
    sizes = swept(engram, cue)
    calls = {
        "ours": lambda: MEDIUM.read(engram, cue, DRAWS, Meter()),
        "loop": lambda: straightforward(w[0], states[0]),
        "products": lambda: products(w, states, sizes),
    }
    answers = MEDIUM.read(engram, cue, DRAWS, Meter()).response[0] > 0.5
    same = (answers == (straightforward(w[0], states[0]) > 0)).float().mean()
    rounds = [{name: timed(call) for name, call in calls.items()} for _ in range(ROUNDS)]
    faster = statistics.median(r["loop"] / r["ours"] for r in rounds)
    ratio = statistics.median(r["ours"] / r["products"] for r in rounds)
    ours = statistics.median(r["ours"] for r in rounds)
    table = Table("bench", "measured", "bar", "held")
    told = f"{faster:.2f} ({CUES / ours:,.0f} cues/s)"
    table.add_row(
        "recall over one cue at a time", told, f"at least {FASTER:g}", str(faster >= FASTER)
    )
    told = f"{ratio:.2f} ({len(sizes)} sweeps of {sizes} cues)"
    table.add_row("time over its matrix products", told, f"at most {RATIO:g}", str(ratio <= RATIO))
    table.add_row("values equal to the loop's", f"{float(same):.6f}", "", "")
    Console().print(table)
    sys.exit(faster < FASTER or ratio > RATIO)


if __name__ == "__main__":
    main()
