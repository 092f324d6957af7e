"""The axes of a sweep, from the words of the command line and of its file, and their grid."""

import itertools
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, Quote, QuotedString, RangeSweep

from memlab.app.schema import Refused, suggestion
from memlab.record.identity import SILENT
from memlab.sweep.design import Axis, Batch, Design, sampled

MANY = 10_000  # jobs that nobody starts by accident
STEADY = ("hydra", *SILENT)  # parts that belong to a sweep as a whole
PLAIN = re.compile("[A-Za-z_][A-Za-z0-9_./-]*")
RESERVED = {"null", "true", "false", "nan", "inf"}  # words that are no strings


@final
@dataclass(frozen=True)
class Grid(Design):
    """Every combination of the values of some axes; the last axis varies fastest."""

    fixed: tuple[str, ...]
    axes: tuple[Axis, ...]
    groups: tuple[str, ...] = ()  # axes that name a choice of a group

    @property
    def total(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def identity(self) -> tuple[str, ...]:
        return ()

    def samples(self) -> Iterator[list[str]]:
        return sampled(self.fixed, self.axes, self.groups)

    def jobs(self) -> Iterator[list[str]]:
        """The overrides of every job."""
        settings = ([f"{axis.key}={value}" for value in axis.values] for axis in self.axes)
        for combination in itertools.product(*settings):
            yield [*self.fixed, *combination]

    def batches(self, folder: Path) -> Iterator[Batch]:
        yield Batch(0, list(self.jobs()))

    def concluded(self, folder: Path) -> None:
        pass


def overrides(
    arguments: Sequence[str], axes: Mapping[str, Any], loader: ConfigLoader
) -> list[Override]:
    """What was asked for, parsed; the command line wins over the axes of the sweep's file."""
    parser = OverridesParser.create(config_loader=loader)
    given = parser.parse_overrides(list(arguments))
    keys = {one.get_key_element().lstrip("+") for one in given}
    words = [f"{key}={told(key, values)}" for key, values in axes.items() if key not in keys]
    return [*given, *parser.parse_overrides(words)]


def parted(asked: Sequence[Override]) -> tuple[tuple[str, ...], list[Override]]:
    """What all jobs share, and what is varied; Refused where no job can vary it."""
    varied = [one for one in asked if one.is_sweep_override()]
    for one in varied:
        key = one.get_key_element()
        if key.lstrip("+").split("/")[0].split(".")[0] in STEADY:
            raise Refused(f"{key} belongs to the sweep as a whole and cannot be an axis of it")
    return tuple(str(one.input_line) for one in asked if not one.is_sweep_override()), varied


def grid(asked: Sequence[Override], loader: ConfigLoader, *, confirmed: bool) -> Grid:
    """The grid that some overrides span; Refused where it has no jobs, or more than one means."""
    fixed, varied = parted(asked)
    for one in varied:
        if not one.is_discrete_sweep():
            key = one.get_key_element()
            raise Refused(
                f"a grid needs values, but {one.input_line} is a range to search in; give a list "
                f"({key}=1,2,3 or {key}=range(1,4)), or search it with sweep.search=optuna"
            )
    check_size({one.get_key_element(): counted(one) for one in varied}, confirmed=confirmed)
    axes = tuple(Axis(one.get_key_element(), values(one)) for one in varied)
    return Grid(fixed, axes, checked_groups(axes, loader))


def check_size(counts: Mapping[str, int], *, confirmed: bool) -> None:
    """Raise Refused for an axis without values, and for more jobs than anybody starts unasked."""
    if empty := [key for key, count in counts.items() if not count]:
        raise Refused(f"every axis must have a value, but {', '.join(empty)} has none")
    total = math.prod(counts.values())
    if total > MANY and not confirmed:
        factors = " x ".join(f"{count:,} {key}" for key, count in counts.items())
        raise Refused(
            f"this sweep has {total:,} jobs ({factors}); sweep.confirm=true starts that many"
        )


def checked_groups(axes: Sequence[Axis], loader: ConfigLoader) -> tuple[str, ...]:
    """The axes that name a choice of a group; Refused for a choice that does not exist."""
    known = {axis.key: loader.get_group_options(axis.key.lstrip("+")) for axis in axes}
    groups = tuple(key for key, choices in known.items() if choices)
    for axis in axes:
        for value in axis.values if axis.key in groups else ():
            if value not in (*known[axis.key], "null"):
                hint = suggestion(value, known[axis.key])
                hint = hint.replace("you mean ", f"you mean {axis.key}=")
                raise Refused(f"{axis.key}={value} is no choice of {axis.key}{hint}")
    return groups


def counted(one: Override) -> int:
    """How many values an axis has, without going through a range of them."""
    match one.value():
        case RangeSweep(start=start, stop=stop, step=step):
            if not step:
                raise Refused(f"a range needs a step other than 0, got {one.input_line}")
            return max(0, math.ceil((float(stop or 0) - float(start or 0)) / step))
        case ChoiceSweep(list=words):
            return len(words)
    return sum(1 for _ in one.sweep_iterator())  # a glob: as many as there are files


def values(one: Override) -> tuple[str, ...]:
    """Every value of an axis, once however often it was named.

    A shuffled axis has the same order whenever it is asked for.
    """
    state = random.getstate()
    random.seed(str(one.input_line))
    try:
        return tuple(dict.fromkeys(one.sweep_string_iterator()))
    finally:
        random.setstate(state)


def told(key: str, found: object) -> str:
    """The values of an axis in a YAML file as the command line would say them."""
    if isinstance(found, list) and found:
        return ",".join(word(value) for value in found)
    if isinstance(found, list | dict) or found in (None, ""):
        raise Refused(f"sweep.axes.{key} must be a value, a list of them or a range, got {found!r}")
    return found if isinstance(found, str) else word(found)


def word(value: object) -> str:
    """A value of a YAML list as one word of the command line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str() if not PLAIN.fullmatch(value) or value.lower() in RESERVED:
            return QuotedString(value, Quote.single).with_quotes()
        case list():
            return f"[{','.join(word(one) for one in value)}]"
        case dict():
            return "{" + ",".join(f"{key}:{word(one)}" for key, one in value.items()) + "}"
    return str(value)
