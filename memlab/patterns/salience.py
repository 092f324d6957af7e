"""How much each item matters: emotion, novelty. 1 is an ordinary item."""

from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

from memlab.draws import CPU, Draws

Weight: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=1000, allow_inf_nan=False)]


@final
@checked(frozen=True)
class Spread:
    """Each item of each replicate draws its own, uniform between two ends."""

    low: Annotated[float, Field(strict=True, ge=0, le=1000)]
    high: Weight

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got low={self.low:g} and high={self.high:g}")


Salience: TypeAlias = Weight | tuple[Weight, ...] | Spread


def drawn(salience: Salience, count: int, draws: Draws) -> Tensor:
    """The salience of every item, ``(R, count)`` float32 on the CPU.

    Item k does not depend on how many are drawn. Raises ValueError for a list that is too short.
    """
    replicates = len(draws.replicates)
    if isinstance(salience, tuple):
        if len(salience) < count:
            raise ValueError(
                f"patterns.salience must be one number or one for each of the {count} items, got "
                f"{len(salience)}; or draw them: patterns.salience={{low: 0.5, high: 2}}"
            )
        return torch.tensor(salience[:count]).expand(replicates, count).clone()
    if isinstance(salience, Spread):
        each = [draws.at(k).uniform("salience") for k in range(count)]
        share = 1 - torch.stack(each, dim=1).to(CPU)  # (0, 1]: no item is nothing at all
        return salience.low + (salience.high - salience.low) * share
    return torch.full((replicates, count), salience)
