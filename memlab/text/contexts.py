"""Trees of contexts as data: which contexts are kept, by which law they are read, their arrays."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from torch import Tensor

ROOT, START, FIRST = 0, 1, 2  # nodes, and the first of the others
NODE = ("symbol", "parent", "link", "child", "sibling")  # columns of nodes
TRACE = ("count", "presence", "kinds")  # columns of traces
ENDLESS = 2**31 - 2  # a reach that no string exceeds

Law: TypeAlias = Literal["kneser_ney", "witten_bell", "published"]
Strength: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


@final
@checked(frozen=True)
class Rule:
    """How a tree is read: the law, and the constants of Kneser-Ney."""

    law: Law = "kneser_ney"
    discount: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.75  # d
    strength: Strength = 0.8  # s
    start: Strength = 6.0  # s of contexts that begin a string


@final
@checked(frozen=True)
class Contexts:
    """Which contexts a tree keeps, of how many symbols."""

    symbols: Annotated[int, Field(strict=True, ge=2, le=2**30)]  # A
    reach: Annotated[int, Field(strict=True, ge=-1, le=1024)] = 6  # that begin no string; -1: none
    whole: Annotated[int, Field(strict=True, ge=0, le=ENDLESS)] = ENDLESS  # that do; 0: none


@final
@dataclass
class Forest:
    """Trees, one a replicate, as arrays that lead with it; the first ``used`` nodes hold something.

    ``nodes (R, room, 5)`` int32, ``traces (R, room, 3)`` float64, ``slots (R, S)`` int32 of a hash,
    ``used (R,)`` int64, ``scale (R,)`` float64, which all traces are to be taken times.
    """

    contexts: Contexts
    nodes: Tensor
    traces: Tensor
    slots: Tensor
    used: Tensor
    scale: Tensor
