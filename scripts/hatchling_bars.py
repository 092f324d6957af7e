"""Whether a Hatchling of 0.4 M parameters knows a word it heard once, and which synapses know it.

    python scripts/hatchling_bars.py [--steps 900]             five minutes
    python scripts/hatchling_bars.py --text FILE [--steps 900]  bytes of your own text instead

Exits with 1 where the later copies of a word are not foretold, 95 of 100 letters. Of a text it
prints what a byte of its last tenth costs, beside chance and pairs of bytes counted in the rest.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab.bdh.hatchling import Hatchling, Weights, blank
from memlab.bdh.running import run
from memlab.bdh.synapses import active_share, surprise_and_activity, synapses
from memlab.bdh.tasks import BYTES, Repetition, parted, repetition, text_bytes, windows
from memlab.bdh.training import Training, surprisal, trained
from memlab.codes.selectivity import held_out, searched_p
from memlab.draws import Draws

DRAWS = Draws(seed=1, replicates=(0,))
TASK = Repetition()
MODEL = Hatchling(vocabulary=26, dropout=0.0)
BAR, STEPS = 0.95, 900
READER = Hatchling(vocabulary=BYTES)
PIECE, PIECES = 128, 16  # bytes that are read at once, and how many such in a step
WARM_UP, EVERY = 100, 100  # steps
LETTER, PAIRS = 20, 600  # what synapses are searched for, and among how many


def learned(steps: int) -> Weights:
    """The weights after a course on words that are never those asked for."""
    course = trained(
        MODEL,
        blank(MODEL, DRAWS),
        Training(steps=steps, rate=3e-3, warm_up=min(WARM_UP, steps)),
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


def bigram(text: Tensor, judged: Tensor) -> float:
    """What a byte of pieces costs if foretold by pairs counted in a text, one added to each."""
    counts = torch.bincount(BYTES * text[:-1] + text[1:], minlength=BYTES**2).view(BYTES, BYTES) + 1
    chances = counts / counts.sum(1, keepdim=True)
    return -float(chances[judged[..., :-1], judged[..., 1:]].log().mean())


def whole(text: Tensor) -> Tensor:
    """A text cut into pieces to be judged by, ``(1, pieces, PIECE + 1)``, the first at most."""
    size = min(PIECE + 1, len(text))
    return text[: len(text) // size * size].view(1, -1, size)[:, : 8 * PIECES]


def readable(path: Path) -> tuple[Tensor, Tensor]:
    """What of a file is learned and what is held back; ValueError where it is too short."""
    text, held = parted(text_bytes(path))
    if len(text) <= PIECE or len(held) < 2:
        raise ValueError(
            f"a text must have {PIECE + 1} bytes to learn from and 2 to be judged by, got "
            f"{len(text)} and {len(held)} in {path}"
        )
    return text, held


def read(path: Path, steps: int) -> Table:
    """Nats per byte of the last tenth of a file, as the rest of it is learned."""
    text, held = readable(path)
    judged = whole(held)
    course = trained(
        READER,
        blank(READER, DRAWS),
        Training(steps=steps, rate=3e-3, warm_up=min(WARM_UP, steps), every=min(EVERY, steps)),
        lambda step: windows(text, PIECES, PIECE + 1, DRAWS.at("text", step)),
        DRAWS,
        validation=judged,
    )
    table = Table("foretold by", "nats per byte", title=f"{path}: {judged.numel():,} bytes held")
    table.add_row("chance", f"{math.log(BYTES):.3f}")
    table.add_row("pairs of bytes", f"{bigram(text, judged):.3f}")
    for step, cost in zip(course.validated.tolist(), course.validation[0].tolist(), strict=True):
        table.add_row(f"Hatchling, {step:,} steps", f"{cost:.3f}")
    return table


def recite(steps: int, console: Console) -> bool:
    """Train on words, print what is known of them, and say whether the bar is held."""
    weights = learned(steps)
    table = Table("copy", "nats", "right", "y active, by layer")
    with torch.no_grad():
        least = copies(weights, table)
        synaptic = [knowing(weights, layer) for layer in range(1, MODEL.layers)]
    console.print(f"{MODEL.parameters:,} parameters")
    console.print(table)
    console.print("\n".join(synaptic))
    return least >= BAR


def asked(words: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=STEPS, help="of training, 1 or more")
    parser.add_argument("--text", type=Path, metavar="FILE", help="bytes to learn instead")
    found = parser.parse_args(words)
    if found.steps < 1:
        parser.error(f"--steps must be 1 or more, got {found.steps}")
    return found


def main(words: Sequence[str] | None = None) -> None:
    """Train, measure and judge."""
    torch.set_num_threads(1)
    settings, console = asked(words), Console(width=110)
    if settings.text is None:
        sys.exit(not recite(settings.steps, console))
    try:
        console.print(read(settings.text, settings.steps))
    except (OSError, ValueError) as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
