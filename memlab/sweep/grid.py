"""The axes of a sweep, from the words of the command line and of its file."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from memlab.app.schema import Refused, suggestion

MANY = 10_000  # jobs that nobody starts by accident


@final
@dataclass(frozen=True)
class Axis:
    """What is varied, with every value as the command line would say it."""

    key: str
    values: tuple[str, ...]


@final
@dataclass(frozen=True)
class Grid:
    """Every combination of the values of some axes; the last axis varies fastest."""

    fixed: tuple[str, ...]  # overrides that all jobs share
    axes: tuple[Axis, ...]

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return math.prod(len(axis.values) for axis in self.axes)

    def jobs(self) -> Iterator[list[str]]:
        """The overrides of every job."""
        settings = ([f"{axis.key}={value}" for value in axis.values] for axis in self.axes)
        for combination in itertools.product(*settings):
            yield [*self.fixed, *combination]


def overrides(
    arguments: Sequence[str], axes: Mapping[str, Any], loader: ConfigLoader
) -> list[Override]:
    """What was asked for, parsed; the command line wins over the axes of the sweep's file."""
    parser = OverridesParser.create(config_loader=loader)
    given = parser.parse_overrides(list(arguments))
    keys = {one.get_key_element() for one in given}
    words = [f"{key}={_words(key, values)}" for key, values in axes.items() if key not in keys]
    return [*given, *parser.parse_overrides(words)]


def grid(asked: Sequence[Override]) -> Grid:
    """The grid that some overrides span; Refused where an axis has no values or a range of them."""
    fixed, axes = [], []
    for one in asked:
        if not one.is_sweep_override():
            fixed.append(str(one.input_line))
            continue
        key = one.get_key_element()
        if not one.is_discrete_sweep():
            raise Refused(
                f"a grid needs values, but {one.input_line} is a range to search in; give a list "
                f"({key}=1,2,3 or {key}=range(1,4)), or search it with sweep.search=optuna"
            )
        axes.append(Axis(key, tuple(one.sweep_string_iterator())))
    if empty := [axis.key for axis in axes if not axis.values]:
        raise Refused(f"every axis must have a value, but {', '.join(empty)} has none")
    return Grid(tuple(fixed), tuple(axes))


def check(found: Grid, loader: ConfigLoader, *, confirmed: bool) -> None:
    """Raise Refused for choices that do not exist, and for more jobs than anybody means."""
    groups = loader.list_groups("")
    for axis in found.axes:
        if axis.key in groups:
            known = loader.get_group_options(axis.key)
            for value in axis.values:
                if value not in known:
                    told = suggestion(value, known)
                    raise Refused(f"{axis.key}={value} is no choice of {axis.key}{told}")
    if found.total > MANY and not confirmed:
        counts = " x ".join(f"{len(axis.values):,} {axis.key}" for axis in found.axes)
        raise Refused(
            f"this sweep has {found.total:,} jobs ({counts}); sweep.confirm=true starts that many"
        )


def _words(key: str, values: object) -> str:
    """The values of an axis in a YAML file as the command line would say them."""
    if isinstance(values, list):
        return ",".join(str(value) for value in values)
    if isinstance(values, dict):
        raise Refused(f"sweep.axes.{key} must be a value, a list or a range, got {values!r}")
    return str(values)
