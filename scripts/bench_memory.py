"""What each protocol needs in memory: what it keeps, and the most it held at once.

Every protocol plays in a process of its own, with its default sizes. Kept is what the record of the
run holds (patterns, cues, answers of the medium and of its controls); memories are the copies of
the engram that live at once; the rest is the peak beyond both. Exits with 1 where the rest exceeds
a bar: a protocol would hold trajectories that it does not need.
"""

import argparse
import dataclasses
import multiprocessing
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table
from torch import Tensor

from memlab.app.assembly import planned
from memlab.app.composer import plain
from memlab.app.schema import checked
from memlab.cli import conf_dir
from memlab.experiment import Plan
from memlab.runner import Progress, execute

MEGA = 1e6
BAR = 150.0  # MB beside what is kept: torch's own buffers, one block of cues on its way
PROTOCOLS = (
    "three_phase",
    "single",
    "capacity",
    "basin",
    "salience",
    "stream",
    "spacing",
    "recognition",
    "lesion",
)
STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def tensors(thing: object) -> Iterator[Tensor]:
    """All tensors within a record."""
    if isinstance(thing, Tensor):
        yield thing
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        for field in dataclasses.fields(thing):
            yield from tensors(getattr(thing, field.name))
    elif isinstance(thing, Mapping):
        for one in thing.values():
            yield from tensors(one)
    elif isinstance(thing, list | tuple):
        for one in thing:
            yield from tensors(one)


def size_of(thing: object) -> int:
    """Bytes of a record; what is shared counts once."""
    storages = {
        t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors(thing)
    }
    return sum(storages.values())


def peak() -> int:
    """The most this process held since it was last forgotten, bytes (VmHWM)."""
    line = next(one for one in STATUS.read_text().splitlines() if one.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def memories(plan: Plan) -> int:
    """Bytes of an engram of all replicates."""
    medium = next(iter(plan.media.values()))
    return medium.footprint() * plan.experiment.replicates


def played(words: list[str], protocol: str) -> tuple[int, float, float, float]:
    """Acts of a run; MB of one engram, of what is kept, and of the peak over the start."""
    torch.set_num_threads(1)
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        plan = planned(checked(plain(compose("config", overrides=words))), protocol)
    before = psutil.Process().memory_info().rss
    FORGET.write_text("5")
    session = execute(plan, Progress())
    return plan.acts, memories(plan) / MEGA, size_of(session) / MEGA, (peak() - before) / MEGA


def main() -> None:
    """Play every protocol and print what it took."""
    line = argparse.ArgumentParser(description=__doc__)
    line.add_argument("overrides", nargs="*", default=["substrate=hopfield", "patterns=signs"])
    asked = line.parse_args()
    if not FORGET.exists():
        sys.exit("bench_memory: needs Linux, for the peak of a process is read from /proc")
    table = Table(
        "protocol", *(f"{name}, MB" for name in ("engram", "kept", "peak", "rest")), "held"
    )
    held = True
    for protocol in PROTOCOLS:
        words = [*asked.overrides, f"protocol={protocol}", f"metrics={protocol}"]
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            acts, engram, kept, most = pool.apply(played, (words, protocol))
        rest = most - kept - 2 * engram
        held &= rest <= BAR
        figures = (engram, kept, most, rest)
        table.add_row(f"{protocol} ({acts} acts)", *(f"{x:.1f}" for x in figures), str(rest <= BAR))
    Console().print(table)
    sys.exit(not held)


if __name__ == "__main__":
    main()
