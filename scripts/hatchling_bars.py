"""Whether a Hatchling of 0.4 M parameters knows a word it heard once, and which synapses know it.

    python scripts/hatchling_bars.py [steps]     (100 or more; by default 900, five minutes)

Exits with 1 where the later copies of a word are not foretold, 95 of 100 letters.
"""

import sys

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab.bdh.hatchling import Hatchling, Weights, blank
from memlab.bdh.running import run
from memlab.bdh.synapses import active_share, surprise_and_activity, synapses
from memlab.bdh.tasks import Repetition, repetition
from memlab.bdh.training import Training, surprisal, trained
from memlab.codes.selectivity import held_out, searched_p
from memlab.draws import Draws

DRAWS = Draws(seed=1, replicates=(0,))
TASK = Repetition()
MODEL = Hatchling(vocabulary=26, dropout=0.0)
BAR, STEPS = 0.95, 900
LETTER, PAIRS = 20, 600  # what synapses are searched for, and among how many


def learned(steps: int) -> Weights:
    """The weights after a course on words that are never those asked for."""
    course = trained(
        MODEL,
        blank(MODEL, DRAWS),
        Training(steps=steps, rate=3e-3),
        lambda step: repetition(TASK, 16, DRAWS.at("b", step)),
        DRAWS,
        validation=repetition(TASK, 64, DRAWS.at("val")),
    )
    return course.weights


def copies(weights: Weights, table: Table) -> float:
    """Rows of surprisal, right letters and activity; the least share right of later copies."""
    read, of = repetition(TASK, 64, DRAWS.at("asked")), TASK.copy_of()
    passed = run(MODEL, weights, read[..., :-1])
    surprise = surprisal(passed.logits, read)
    right = (passed.logits.argmax(-1) == read[..., 1:]).double()
    active = [active_share(layer.y) for layer in passed.layers]
    shares = []
    for copy in range(TASK.copies):
        here = of == copy
        shares.append(float(right[..., here].mean()))
        fired = " ".join(f"{float(one[..., here].mean()):.3f}" for one in active)
        table.add_row(
            str(copy + 1), f"{float(surprise[..., here].mean()):.3f}", f"{shares[-1]:.3f}", fired
        )
    follows = [float(surprise_and_activity(surprise, one)) for one in active]
    table.add_row("r", "", "", " ".join(f"{r:+.2f}" for r in follows))
    return min(shares[1:])


def knowing(weights: Weights, layer: int) -> str:
    """The synapse that tells best whether a letter is in the word, found and tested apart."""
    read = repetition(TASK, 160, DRAWS.at("searched"))[..., : TASK.warm_up + 2 * TASK.word]
    pairs = torch.stack([DRAWS.integers(end, MODEL.neurons, (PAIRS,))[0] for end in "ij"], 1)
    last = synapses(MODEL, run(MODEL, weights, read), layer, pairs)[:, :, -1]  # (R, B, P)
    word: Tensor = read[..., TASK.warm_up : TASK.warm_up + TASK.word]
    holds = (word == LETTER).any(-1)
    held, p = held_out(last, holds, DRAWS), searched_p(last, holds, DRAWS, permutations=199)
    return (
        f"layer {layer + 1}: AUC {float(held.searched):.2f} where searched among {PAIRS}, "
        f"{float(held.tested):.2f} [{float(held.low):.2f}, {float(held.high):.2f}] held out; "
        f"p {float(p.min()):.3f}, corrected for the search"
    )


def main() -> None:
    """Train, measure and judge."""
    torch.set_num_threads(1)
    weights = learned(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
    table = Table("copy", "nats", "right", "y active, by layer")
    with torch.no_grad():
        least = copies(weights, table)
        synaptic = [knowing(weights, layer) for layer in range(1, MODEL.layers)]
    console = Console(width=110)
    console.print(f"{MODEL.parameters:,} parameters")
    console.print(table)
    console.print("\n".join(synaptic))
    sys.exit(least < BAR)


if __name__ == "__main__":
    main()
