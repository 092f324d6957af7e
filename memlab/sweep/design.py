"""What a sweep tries: batches of jobs, each of which may depend on how the ones before ended."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

SAMPLED = 32  # values of an axis that are tried out beforehand; every choice of a group is


@final
@dataclass(frozen=True)
class Axis:
    """What is varied, and every value as the command line would say it, or the range of them."""

    key: str
    values: tuple[str, ...]


@final
@dataclass(frozen=True)
class Batch:
    """Jobs that may run side by side, numbered one after the other."""

    first: int  # the number of the first job, whose folder it names
    jobs: list[list[str]]  # the overrides of each


class Design(ABC):
    """A grid or a search."""

    fixed: tuple[str, ...]  # overrides that all jobs share
    axes: tuple[Axis, ...]

    @property
    @abstractmethod
    def total(self) -> int:
        """How many jobs there are to be."""

    @property
    @abstractmethod
    def identity(self) -> tuple[str, ...]:
        """What makes it another sweep than one with the same axes."""

    @abstractmethod
    def samples(self) -> Iterator[list[str]]:
        """Jobs that between them hold every value of the axes that name a choice of a group."""

    @abstractmethod
    def batches(self, folder: Path) -> Iterator[Batch]:
        """The jobs to run next; their outcomes are in the sweep's folder when it is asked again."""

    @abstractmethod
    def concluded(self, folder: Path) -> None:
        """Show and keep, below ``folder``, what only this kind of sweep can say."""


def sampled(
    fixed: Sequence[str], axes: Sequence[Axis], groups: Sequence[str]
) -> Iterator[list[str]]:
    """The first value of every axis, then every other one in its place; of long axes a part."""
    words = {axis.key: f"{axis.key}={axis.values[0]}" for axis in axes}
    yield [*fixed, *words.values()]
    for axis in axes:
        others = axis.values[1:] if axis.key in groups else axis.values[1:SAMPLED]
        for value in others:
            yield [*fixed, *(words | {axis.key: f"{axis.key}={value}"}).values()]
