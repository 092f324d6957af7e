"""Where patterns come from: the interface of every set of patterns, and what they share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, TypeAlias

import torch
from pydantic import Field
from torch import Tensor

from memlab.draws import Draws
from memlab.patterns.salience import Salience
from memlab.space import Space, Split

# Numbers are taken strictly: true is not 1, and "32" is not 32.
Side: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=16_384)]  # pixels
Level: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]
Portion: TypeAlias = Annotated[  # neither nothing nor all
    float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)
]

ATTEMPTS = 1000  # draws of one item before we say that there is no further distinct one


class PatternSource(ABC):
    """A set of patterns of one space, of which every replicate draws its own."""

    salience: Salience

    @property
    @abstractmethod
    def space(self) -> Space:
        """The shape and the alphabet of every pattern."""

    @abstractmethod
    def draw(self, count: int, draws: Draws) -> Tensor:
        """Patterns ``(R, count, *shape)`` float32, distinct in a replicate.

        Pattern k does not depend on how many are drawn. Raises ValueError where there are too few.
        """

    @abstractmethod
    def names(self, count: int) -> tuple[str, ...]:
        """A short name for each pattern drawn, all different; one name serves all replicates."""

    def split(self, patterns: Tensor) -> Split | None:
        """What of tasks ``(R, P, *shape)`` is taught and asked for; None for all other patterns."""
        return None


def replicated(own: Callable[[Draws], Tensor], draws: Draws) -> Tensor:
    """Stack what each replicate's draws give; made on the CPU, so all devices see equal bytes."""
    cpu = torch.device("cpu")
    rows = [own(replace(draws, replicates=(r,), device=cpu)) for r in draws.replicates]
    return torch.stack(rows).float().to(draws.device)


def distinct(one: Callable[[int, Draws], Tensor], count: int, draws: Draws, advice: str) -> Tensor:
    """The items of one replicate, ``(count, *shape)``, redrawn where equal to an earlier one."""
    known: set[bytes] = set()
    items = []
    for k in range(count):
        for attempt in range(ATTEMPTS):
            item = one(k, draws.at("item", k, attempt))
            if (content := item.numpy().tobytes()) not in known:
                break
        else:
            raise ValueError(
                f"items must differ, but only {k} distinct ones of {count} were found; {advice}"
            )
        known.add(content)
        items.append(item)
    return torch.stack(items)


def with_contrast(patterns: Tensor, names: tuple[str, ...]) -> Tensor:
    """The patterns ``(R, P, *shape)`` as they are; ValueError if one has the same value everywhere.

    Such a pattern has a centred norm of zero: nothing can be like it or unlike it.
    """
    flat = patterns.flatten(2)
    constant = (flat.amax(-1) == flat.amin(-1)).nonzero()
    if len(constant):
        r, k = constant[0].tolist()
        raise ValueError(
            f"a pattern must have contrast, but {names[k]!r} of replicate {r} is "
            f"{flat[r, k, 0]:g} everywhere; change the density, threshold or size of patterns"
        )
    return patterns


def numbered(word: str, count: int) -> tuple[str, ...]:
    """Names for items whose content differs between replicates."""
    return tuple(f"{word}_{k}" for k in range(count))


def told_apart(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names with ``_2``, ``_3`` … on those that came before."""
    taken: dict[str, None] = {}
    for name in names:
        fresh, n = name, 1
        while fresh in taken:
            n += 1
            fresh = f"{name}_{n}"
        taken[fresh] = None
    return tuple(taken)
