"""Two runs compared to the last bit: every array of their sessions, every number and verdict."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from memlab import archive
from memlab.record.outcome import OUTCOME, Outcome, loaded

NO_REPLICATES = (
    "grids",
    "matrices",
    "frames",
    "steps",
)  # arrays that do not lead with the replicates
MISSING = "not there"
LONGEST = 60  # characters of a value that is no number
INTEGERS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes


@final
@dataclass(frozen=True)
class Difference:
    """Something that is not the same in two runs."""

    where: str
    index: str  # of the first value that differs; empty where there is only one
    then: str
    now: str
    differing: int = 1  # values
    values: int = 1  # there are
    relative: float = math.inf  # the largest gap, as a part of the largest value


@final
@dataclass(frozen=True)
class Comparison:
    """All that differs between two runs, in the order in which it came to be."""

    arrays: int
    measures: int
    verdicts: int
    differences: tuple[Difference, ...]

    @property
    def largest(self) -> Difference:
        """The difference that weighs most; there must be one."""
        return max(self.differences, key=lambda one: one.relative)


def compared(then: Path, now: Path) -> Comparison:
    """What differs between the runs in two folders; ValueError if either is not whole."""
    old, new = loaded(then / OUTCOME), loaded(now / OUTCOME)
    here, there = (dict(leaves(archive.load(one / "session.npz"))) for one in (then, now))
    arrays = sum(isinstance(leaf, Tensor) for leaf in here.values())
    differences = [
        *sessions(here, there),
        *measured(old, new),
        *plain("verdict on", old.verdicts, new.verdicts),
    ]
    return Comparison(arrays, len(old.scalars), len(old.verdicts), tuple(differences))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a session by its place, in order: ``recalls 0 written/recall · response``."""
    if is_dataclass(value) or isinstance(value, dict):
        for name, inner in parts(value).items():
            yield from leaves(inner, f"{path} · {name}" if path else name)
    elif isinstance(value, list | tuple) and any(is_dataclass(one) for one in value):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path} {number}{titled(parts(inner))}")
    else:
        yield path, value


def parts(value: Any) -> dict[str, Any]:
    """What a dataclass or a mapping consists of."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value)


def titled(inner: Mapping[str, Any]) -> str:
    """`` written+unwritten/recall`` for what was recorded in these arms and this phase."""
    words = ["+".join(inner["arms"])] if "arms" in inner else []
    words += [str(inner["phase"])] if "phase" in inner else []
    return f" {'/'.join(words)}" if words else ""


def sessions(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """What differs between the leaves of two sessions."""
    for path in {**old, **new}:
        then, now = old.get(path, MISSING), new.get(path, MISSING)
        if isinstance(then, Tensor) and isinstance(now, Tensor):
            lone = any(part in NO_REPLICATES for part in path.split(" · "))
            yield from unequal(path, then, now, replicated=not lone)
        elif isinstance(then, Tensor) or isinstance(now, Tensor) or then != now:
            yield Difference(path, "", told(then), told(now))


def measured(old: Outcome, new: Outcome) -> Iterator[Difference]:
    """The measures whose values or mean differ."""
    yield from plain("measure", *(dict.fromkeys(one.scalars, "measured") for one in (old, new)))
    for name in [name for name in old.scalars if name in new.scalars]:
        values, mean = (
            [torch.tensor(found, dtype=torch.float64) for found in pair]
            for pair in (
                (old.values.get(name, ()), new.values.get(name, ())),
                (old.scalars[name], new.scalars[name]),
            )
        )
        yield from unequal(f"measure {name}", *values, replicated=True)
        yield from unequal(f"measure {name}, mean", *mean, replicated=False)


def plain(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    """The entries of two mappings that differ."""
    for name in {**old, **new}:
        then, now = old.get(name, MISSING), new.get(name, MISSING)
        if then != now:
            yield Difference(f"{what} {name}", "", then, now)


def unequal(where: str, old: Tensor, new: Tensor, *, replicated: bool) -> Iterator[Difference]:
    """The first value of two arrays whose bits differ, and how far they are apart at most."""
    if (old.dtype, old.shape) != (new.dtype, new.shape):
        yield Difference(where, "", told(old), told(new))
        return
    apart = (bits(old) != bits(new)).numpy()
    if apart.any():
        at = tuple(int(i) for i in np.unravel_index(int(apart.argmax()), apart.shape))
        yield Difference(
            where,
            placed(at, replicated=replicated),
            repr(old[at].item()),
            repr(new[at].item()),
            int(apart.sum()),
            apart.size,
            gap(old, new),
        )


def bits(values: Tensor) -> Tensor:
    """Values as integers that are equal only where every bit is: -0 is not 0, a NaN is itself."""
    return values.contiguous().view(INTEGERS[values.element_size()])


def gap(old: Tensor, new: Tensor) -> float:
    """The largest difference as a part of the largest value; infinite where one is not finite."""
    x, y = old.double(), new.double()
    other = ~((x == y) | (x.isnan() & y.isnan()))
    if not other.any():
        return 0.0
    largest = max(float(z[z.isfinite()].abs().max()) for z in (x, y) if z.isfinite().any())
    furthest = float((x[other] - y[other]).abs().max())
    return furthest / largest if math.isfinite(furthest) else math.inf


def placed(at: tuple[int, ...], *, replicated: bool) -> str:
    """``replicate 2, at [0, 5, 7]``."""
    named = [f"replicate {at[0]}"] if replicated and at else []
    rest = list(at[1:]) if named else list(at)
    return ", ".join(named + [f"at {rest}"] * bool(rest))


def told(value: Any) -> str:
    """What stands at a place, short."""
    if isinstance(value, Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        return f"{kind} array of shape {tuple(value.shape)}"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
