"""The seven cells as models that are fitted."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, final

from memlab.cells import CELLS, PUBLISHED
from memlab.cells.cell import Cell
from memlab.cells.checks import check_size, plain
from memlab.cells.estimator import CellRegressor
from memlab.checks import check_choice, check_flag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@final
@dataclass(kw_only=True, eq=False, repr=False)
class AMRC(CellRegressor):
    """Units with an echo and a leaky memory each (`equations.amrc`)."""

    rank: int = 0  # directions through which units see each other; 0: none do

    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        check_size("rank", self.rank, 0)
        own: dict[str, Any] = {} if self.equations == "published" else {"rank": self.rank}
        return chosen("amrc", self, n_inputs, n_outputs, own)


@final
@dataclass(kw_only=True, eq=False, repr=False)
class PMRC(CellRegressor):
    """A tanh network whose units have an echo and a gated memory each (`equations.pmrc`)."""

    recurrent: bool = True  # units see each other
    gates: bool = True  # the input decides what a memory takes in
    output_memory: bool = False  # outputs are low-passed

    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        flags = {"recurrent": self.recurrent, "gates": self.gates}
        own = flags | {"output_memory": self.output_memory}
        for name, value in own.items():
            check_flag(name, value)
        return chosen("pmrc", self, n_inputs, n_outputs, own)


@final
@dataclass(kw_only=True, eq=False, repr=False)
class AMN(CellRegressor):
    """Units that adapt their time scale, linear traces, and a store of them (`equations.amn`)."""

    slots: int = 32  # rows of the store

    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        check_size("slots", self.slots)
        return chosen("amn", self, n_inputs, n_outputs, {"slots": self.slots})


@final
@dataclass(kw_only=True, eq=False, repr=False)
class DTPN(CellRegressor):
    """A tanh network with an echo, a slow trace and a global memory (`equations.dtpn`)."""

    keys: int = 32  # of the global memory

    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        check_size("keys", self.keys)
        name = "slots" if self.equations == "published" else "keys"
        return chosen("dtpn", self, n_inputs, n_outputs, {name: self.keys})


@final
@dataclass(kw_only=True, eq=False, repr=False)
class HyperAMN(CellRegressor):
    """Heads of different time scale, and gates between them (`equations.hyper_amn`)."""

    slots: int = 16  # rows of each head's store
    heads: int = 3

    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        check_size("slots", self.slots)
        check_size("heads", self.heads)
        if self.equations == "published" and self.heads != 3:
            raise ValueError(f"heads must be 3 in the published equations, got {self.heads}")
        own: dict[str, Any] = {} if self.equations == "published" else {"heads": self.heads}
        return chosen("hyper_amn", self, n_inputs, n_outputs, {"slots": self.slots} | own)


@final
@dataclass(kw_only=True, eq=False, repr=False)
class SGWAMN(CellRegressor):
    """Candidates that compete for a workspace, which all units read (`equations.sgw_amn`)."""

    candidates: int = 32
    workspace: int = 16
    slots: int = 16  # rows of the store

    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        own = {"candidates": self.candidates, "workspace": self.workspace, "slots": self.slots}
        for name, value in own.items():
            check_size(name, value)
        return chosen("sgw_amn", self, n_inputs, n_outputs, own)


@final
@dataclass(kw_only=True, eq=False, repr=False)
class NDM(CellRegressor):
    """A leaky tanh network whose weights have a trained and a Hebbian part (`equations.ndm`)."""

    slots: int = 16  # rows of the store
    frozen: bool = False  # the Hebbian part stays what it is

    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        check_size("slots", self.slots)
        check_flag("frozen", self.frozen)
        own: dict[str, Any] = {} if self.equations == "published" else {"frozen": self.frozen}
        return chosen("ndm", self, n_inputs, n_outputs, {"slots": self.slots} | own)


MODELS: dict[str, type[CellRegressor]] = {
    "amrc": AMRC,
    "pmrc": PMRC,
    "amn": AMN,
    "dtpn": DTPN,
    "hyper_amn": HyperAMN,
    "sgw_amn": SGWAMN,
    "ndm": NDM,
}


def create_model(name: str, **parameters: Any) -> CellRegressor:
    """A model by the name of its cell, ``create_model("amn", hidden_size=16, slots=8)``."""
    lower = str(name).lower()
    check_choice("name", lower, tuple(MODELS))
    kind = MODELS[lower]
    known = [one.name for one in fields(kind) if one.init]
    for given in parameters:
        if given not in known:
            raise ValueError(f"{kind.__name__} has no {given!r}; it has {', '.join(known)}")
    return kind(**parameters)


def chosen(
    name: str, model: CellRegressor, n_inputs: int, n_outputs: int, own: dict[str, Any]
) -> Cell:
    """The cell of that name in the model's equations, with its own sizes and flags."""
    kinds: Mapping[str, Callable[..., Cell]] = (
        PUBLISHED if model.equations == "published" else CELLS
    )
    every = {"inputs": n_inputs, "hidden": model.hidden_size, "outputs": n_outputs} | own
    return kinds[name](**{key: plain(value) for key, value in every.items()})
