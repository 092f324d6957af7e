"""Cells by the compiled core: the same equations, forwards and by their exact adjoint.

``run_compiled`` is ``cell.run`` for those that have a form in C (`sheet`), in float32 or float64 on
the CPU. Laws of the parameters stay in torch: the core knows effective values only.
"""

from collections import deque
from contextlib import suppress
from functools import cache
from typing import Any, Literal, final

import torch
from torch import Tensor

from memlab.cells.cell import Cell, Tensors
from memlab.cells.equations.amn import Amn
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.ndm import Ndm
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.equations.sgw_amn import SgwAmn
from memlab.native import ffi, lib

KEPT = (
    2**28
)  # bytes of a tape that is kept for the next run: fresh memory costs as much as the walk
USED: deque[Tensor] = deque(maxlen=1)  # the last tape that was used up
TYPES = (torch.float32, torch.float64)
KINDS: dict[type[Cell], str] = {
    Amrc: "ML_AMRC",
    Pmrc: "ML_PMRC",
    Amn: "ML_AMN",
    Dtpn: "ML_DTPN",
    HyperAmn: "ML_HYPER_AMN",
    SgwAmn: "ML_SGW_AMN",
    Ndm: "ML_NDM",
}
SIZES = {  # of a cell, as the core calls them
    name: name
    for name in ("inputs", "hidden", "outputs", "slots", "heads", "rank", "candidates", "workspace")
} | {"keys": "slots"}
FLAGS = {
    "recurrent": "ML_RECURRENT",
    "gates": "ML_GATES",
    "output_memory": "ML_OUTPUT_MEMORY",
    "frozen": "ML_FROZEN",
}
Instructions = Literal["best", "plain", "avx2", "avx512"]
INSTRUCTIONS: dict[Instructions, str] = {
    "best": "ML_BEST",
    "plain": "ML_PLAIN",
    "avx2": "ML_AVX2",
    "avx512": "ML_AVX512",
}

_What = tuple[Cell, Tensor | None, Instructions]  # what is run, and where it has padding


def sheet(cell: Cell) -> dict[str, int] | None:
    """The cell as the core describes it; None for one that has no form in C."""
    kind = KINDS.get(type(cell))
    if kind is None:
        return None
    told: dict[str, Any] = vars(cell)
    sizes = {SIZES[name]: value for name, value in told.items() if name in SIZES}
    flags = sum(
        getattr(lib, FLAGS[name]) for name, value in told.items() if name in FLAGS and value
    )
    return {"kind": getattr(lib, kind), "flags": flags} | sizes


def run_compiled(
    cell: Cell,
    raw: Tensors,
    state: Tensors,
    x: Tensor,
    mask: Tensor | None = None,
    *,
    instructions: Instructions = "best",
) -> tuple[Tensor, Tensors]:
    """Outputs ``(B, T, O)`` over inputs ``x (B, T, I)``, and the state after them.

    Where ``mask (B, T)`` is false the input is padding: the state stays and the output is 0.
    Instruction sets of the CPU round differently; ``best`` is the widest that it has.
    """
    flat = torch.cat([one.reshape(-1) for one in cell.effective(raw).values()])
    begun = torch.cat([one.flatten(1) for one in state.values()], 1)
    check_arrays(cell, flat, begun, x, mask)
    y, ended = _Run.apply((cell, mask, instructions), flat, begun, x)  # type: ignore[no-untyped-call]
    parts = ended.split([one[0].numel() for one in state.values()], 1)
    shaped = zip(state.items(), parts, strict=True)
    return y, {name: part.reshape(old.shape) for (name, old), part in shaped}


@final
class _Run(torch.autograd.Function):
    """All steps of all streams, whose gradients are those of the adjoint."""

    @staticmethod
    def forward(
        ctx: Any, what: _What, flat: Tensor, state: Tensor, x: Tensor
    ) -> tuple[Tensor, Tensor]:
        cell, mask, instructions = what
        ctx.set_materialize_grads(False)  # that of a large state is often none
        call = _Call(cell, x, mask, instructions)
        ended, y = state.detach(), call.empty_y()  # the state is this run's own
        tape = call.tape() if any(ctx.needs_input_grad) else None
        parameters = flat.detach().contiguous()
        call.forward(parameters, x.detach().contiguous(), ended, y, tape)
        ctx.call, ctx.tape = call, tape
        ctx.save_for_backward(parameters)
        return y, ended

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (parameters,) = ctx.saved_tensors
        if ctx.tape is None:
            raise RuntimeError("a compiled run has one backward pass; run it again for another")
        found = ctx.call.backward(parameters, ctx.tape, *grads)
        if ctx.tape.nbytes <= KEPT:
            USED.append(ctx.tape)
        ctx.tape = None  # the adjoint has used it up
        return None, *found


@final
class _Call:
    """One run of the core: its sizes, its arrays, its scratch."""

    def __init__(
        self, cell: Cell, x: Tensor, mask: Tensor | None, instructions: Instructions
    ) -> None:
        self.like, (self.batch, self.steps, _) = x.detach(), x.shape
        self.cell, self.sizes = described(cell)
        self.outputs = self.cell.outputs
        self.mask = None if mask is None else mask.to(torch.uint8).contiguous()
        self.tiles = -(-self.batch // self.sizes.streams)
        threads = min(torch.get_num_threads(), self.tiles)
        doubles = x.dtype == torch.float64
        using = getattr(lib, INSTRUCTIONS[instructions])
        self.run = ffi.new("ml_cell_run *", (self.batch, self.steps, threads, doubles, using))
        self.work = self.empty(threads * self.sizes.work)
        self.packed = self.empty(self.sizes.packed)

    def empty(self, *shape: int) -> Tensor:
        """An array of the run's type."""
        return self.like.new_empty(shape)

    def empty_y(self) -> Tensor:
        """Room for the outputs."""
        return self.empty(self.batch, self.steps, self.outputs)

    def tape(self) -> Tensor:
        """Room for what the adjoint wants to know."""
        copies = -(-self.steps // self.sizes.every)
        count = self.batch * (self.steps * self.sizes.tape + copies * self.sizes.kept)
        with suppress(IndexError):
            last = USED.pop()
            if last.dtype == self.like.dtype and last.numel() >= count:
                return last
        return self.empty(count)

    def forward(
        self, parameters: Tensor, x: Tensor, state: Tensor, y: Tensor, tape: Tensor | None
    ) -> None:
        """Walk through all steps; state in place."""
        doubles, packed = self.run.doubles, address(self.packed)
        done(lib.ml_cell_pack(self.cell, doubles, address(parameters), packed))
        arrays = (parameters, self.packed, x, self.mask, state, y, tape, self.work)
        done(lib.ml_cell_forward(self.cell, self.run, *map(address, arrays)))

    def backward(
        self, parameters: Tensor, tape: Tensor, gy: Tensor | None, given: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of the parameters, of the first state, of the inputs."""
        gx = self.empty(self.batch, self.steps, self.cell.inputs)
        gy = self.empty_y().zero_() if gy is None else gy.contiguous()
        gstate = (
            self.empty(self.batch, self.sizes.state).zero_() if given is None else given.clone()
        )
        gradients = self.empty(self.tiles, self.sizes.parameters)
        arrays = (parameters, self.packed, self.mask, tape, gy, gstate, gx, gradients, self.work)
        done(lib.ml_cell_backward(self.cell, self.run, *map(address, arrays)))
        return gradients[0], gstate, gx


@cache
def described(cell: Cell) -> tuple[Any, Any]:
    """The core's description of a cell, and its sizes."""
    words = sheet(cell)
    if words is None:
        raise ValueError(f"{type(cell).__name__} has no compiled form; run it with cell.run")
    described, sizes = ffi.new("ml_cell *", words), ffi.new("ml_cell_size *")
    done(lib.ml_cell_sizes(described, sizes))
    return described, sizes


def check_arrays(cell: Cell, flat: Tensor, state: Tensor, x: Tensor, mask: Tensor | None) -> None:
    """Raise ValueError for arrays that the core would misread."""
    _, sizes = described(cell)
    batch, steps, width = x.shape
    wanted = {
        "parameters": (flat, (sizes.parameters,)),
        "state": (state, (batch, sizes.state)),
        "x": (x, (batch, steps, cell.sizes()["i"])),
    }
    for name, (array, shape) in wanted.items():
        if tuple(array.shape) != shape:
            raise ValueError(f"{name} must have {shape} numbers, got {tuple(array.shape)}")
        if array.dtype not in TYPES or array.dtype != x.dtype or array.device.type != "cpu":
            raise ValueError(
                f"all arrays must be float32, or all float64, on the CPU; {name} is {array.dtype} "
                f"on {array.device}, x {x.dtype}"
            )
    if steps < 1 or batch < 1 or (mask is not None and mask.shape != x.shape[:2]):
        told = None if mask is None else tuple(mask.shape)
        raise ValueError(
            f"x must have a stream and a step at least, mask one value for each; got "
            f"{(batch, steps, width)} and {told}"
        )


def address(array: Tensor | None) -> Any:
    """Where an array begins."""
    return ffi.NULL if array is None else ffi.cast("void *", array.data_ptr())


def done(status: int) -> None:
    """Raise for a call that was refused."""
    if status == lib.ML_ABSENT:
        raise ValueError(
            "instructions must be of a set that this machine has, the core was built with and, "
            "for float64, is 'plain'; 'best' always is"
        )
    if status != lib.ML_OK:
        raise ValueError("the compiled core refuses these sizes; every one must be 1 to 2^20")
