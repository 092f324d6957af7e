"""How fast Hebbian layers and the Hatchling run, beside what one would write in plain torch.

One thread, the thread's own time; ratios are medians over interleaved rounds of one process.
Memory is what a process of its own needs beyond what it began with. Exits with 1 where a bar is
missed.
"""

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import psutil
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import layer_norm, relu

from memlab import native
from memlab.bdh.hatchling import Hatchling, Weights, blank
from memlab.bdh.running import logits, run, step
from memlab.bdh.state import State, zero
from memlab.draws import Draws
from memlab.hebbian import published
from memlab.hebbian.compiled import learned
from memlab.hebbian.features import Projection, drawn
from memlab.hebbian.published import Published
from memlab.hebbian.stable import Stable
from memlab.hebbian.streams import Stream, concept_stream
from memlab.hebbian.winners import won

ROUNDS = 7
DRAWS = Draws(seed=1, replicates=(0,))
LAYER, STREAM = Published(), Stream()
MODEL = Hatchling(dropout=0.0)
LENGTHS = (100, 1_000, 10_000)  # tokens that came before

Calls = dict[str, Callable[[], object]]


@final
@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    measured: float
    bar: float
    least: bool  # whether the bar is a lower one
    told: str = ""

    @property
    def held(self) -> bool:
        return self.measured >= self.bar if self.least else self.measured <= self.bar


def as_committed(projection: Projection, weights: Tensor, tokens: Tensor) -> Tensor:
    """A write of the published code: an outer product of every token, then their mean."""
    e = projection.embedding[0][tokens[0].flatten()]
    h = relu(e @ projection.weight[0].T + projection.bias[0])
    a = h @ weights[0].T
    y = a * (a >= a.topk(LAYER.winners, dim=1).values[:, -1:])
    grown = weights[0] + LAYER.rate * torch.bmm(y[:, :, None], h[:, None]).mean(0)
    return grown - LAYER.decay * grown


def written() -> tuple[Projection, Tensor, Tensor, Tensor]:
    """The input of a write: projection, features, weights, and 1,000 × 10 tokens."""
    projection = drawn(DRAWS, vocabulary=50, embedding=64, features=128)
    tokens, _ = concept_stream(STREAM, 1, DRAWS)
    return projection, projection.features(), LAYER.blank(DRAWS, 128), tokens


def ours(features: Tensor, weights: Tensor, tokens: Tensor) -> Tensor:
    """The same write over the tokens of the vocabulary."""
    return published.step(LAYER, weights, features, tokens)[0]


def needed(which: str) -> float:
    """Bytes that three writes need beyond what there was before; in a process of its own."""
    torch.set_num_threads(1)
    projection, features, weights, tokens = written()
    ours(features, weights, tokens[:, :2])  # so that what torch loads at first is there
    as_committed(projection, weights, tokens[:, :2])
    before = psutil.Process().memory_info().rss
    for _ in range(3):
        if which == "ours":
            ours(features, weights, tokens)
        else:
            as_committed(projection, weights, tokens)
    return max(0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)


def as_released(weights: Weights, tokens: Tensor) -> Tensor:
    """The forward pass of the released model class, ``(B, T)`` to ``(B, T, V)``."""
    n, d = MODEL.per_head, MODEL.width
    pair = torch.arange(n).div(2, rounding_mode="floor") * 2
    turns = 1 / (MODEL.theta ** (pair / n)) / (2 * torch.pi)
    v = layer_norm(weights.embedding[0][tokens][:, None], (d,))
    back = weights.e[0].flatten(0, 1)
    for _ in range(MODEL.layers):
        x = relu(v @ weights.d_x[0])
        phase = (torch.arange(tokens.shape[1])[:, None] * turns % 1) * (2 * torch.pi)
        other = torch.stack([-x[..., 1::2], x[..., ::2]], -1).view(x.shape)
        key = x * phase.cos() + other * phase.sin()
        a = layer_norm((key @ key.mT).tril(-1) @ v, (d,))
        y = x * relu(a @ weights.d_y[0])
        out = y.transpose(1, 2).flatten(2)[:, None] @ back
        v = layer_norm(v + layer_norm(out, (d,)), (d,))
    said: Tensor = v[:, 0] @ weights.head[0]
    return said


def timed(what: Callable[[], object]) -> float:
    """The thread's own time of a call, s."""
    began = time.thread_time()
    what()
    return time.thread_time() - began


def rounds(calls: Calls) -> list[dict[str, float]]:
    """The times of all calls, interleaved, after one that does not count."""
    for call in calls.values():
        call()
    return [{name: timed(call) for name, call in calls.items()} for _ in range(ROUNDS)]


def faster(name: str, bar: float, theirs: Callable[[], object], mine: Callable[[], object]) -> Row:
    """How many times as fast ours is."""
    found = rounds({"theirs": theirs, "mine": mine})
    ratio = statistics.median(r["theirs"] / r["mine"] for r in found)
    each = statistics.median(r["mine"] for r in found)
    return Row(name, ratio, bar, least=True, told=f"{1e3 * each:.3g} ms")


def of_writes() -> list[Row]:
    """A batch as published, and a stream of single tokens into the stable layer."""
    # Before anything else: Linux lets a process inherit the peak of the one that started it.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        mine, theirs = pool.map(needed, ["ours", "committed"], chunksize=1)
    told = f"{mine / 1e6:.1f} of {theirs / 1e6:,.0f} MB"
    memory = Row("its memory beside the committed one", mine / theirs, 0.05, least=False, told=told)
    projection, features, weights, tokens = written()
    batch = faster(
        "write of 1,000 × 10 tokens over the committed one",
        5,
        lambda: as_committed(projection, weights, tokens),
        lambda: ours(features, weights, tokens),
    )
    if not native.available():
        return [batch, memory]
    layer = Stable()
    traces, single = layer.blank(DRAWS, features), tokens.flatten(1)[:, :200, None]
    stream = faster(
        "stream of 200 tokens in C over torch",
        5,
        lambda: learned(layer, traces, features, single, core=False),
        lambda: learned(layer, traces, features, single),
    )
    return [batch, memory, stream]


def of_winners() -> list[Row]:
    """Exact winners beside torch.topk, which does not say who wins a tie."""
    found = []
    for units, winners in ((128, 5), (512, 8), (128, 20)):
        fields = DRAWS.normal("fields", (10_000, units))
        name = f"{winners} winners of {units} over torch.topk"
        found.append(
            faster(name, 1, partial(torch.topk, fields, winners), partial(won, fields, winners))
        )
    return found


def of_hatchlings() -> list[Row]:
    """All tokens at once beside the released code, and one token after many others."""
    weights, tokens = blank(MODEL, DRAWS), DRAWS.integers("tokens", 256, (2, 512))
    whole = faster(
        "BDH, 512 tokens at once over the released code",
        1,
        lambda: as_released(weights, tokens[0]),
        lambda: logits(MODEL, weights, tokens),
    )
    after = {f"{count:,}": having_read(weights, count) for count in LENGTHS}
    token = tokens[:, :1, 0]

    def some(state: State) -> None:
        for _ in range(20):
            state = step(MODEL, weights, token, state).state

    found = rounds({name: partial(some, state) for name, state in after.items()})
    times = {name: statistics.median(r[name] for r in found) / 20 for name in after}
    told = ", ".join(f"{1e3 * t:.2f} ms after {name}" for name, t in times.items())
    ratio = max(times.values()) / min(times.values())
    return [whole, Row("BDH, slowest token over the fastest", ratio, 1.25, least=False, told=told)]


def having_read(weights: Weights, count: int) -> State:
    """The state after so many random tokens, read a hundred at a time."""
    state = zero(MODEL, replicates=1, sequences=1)
    tokens = DRAWS.integers("before", 256, (1, count))
    for first in range(0, count, 100):
        state = run(MODEL, weights, tokens[..., first : first + 100], state).state
    return state


def main() -> None:
    """Measure and judge."""
    torch.set_num_threads(1)
    table = Table("bench", "measured", "bar", "held", "")
    with torch.no_grad():
        rows = [*of_writes(), *of_winners(), *of_hatchlings()]
    for row in rows:
        side = "at least" if row.least else "at most"
        table.add_row(
            row.name, f"{row.measured:.3g}", f"{side} {row.bar:g}", str(row.held), row.told
        )
    Console(width=130).print(table)
    sys.exit(not all(row.held for row in rows))


if __name__ == "__main__":
    main()
