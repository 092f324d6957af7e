"""Optimisers of the parameters of a cell by name: in C, or torch's own where that is not built."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab import native
from memlab.cells.adam import SECOND, Moments
from memlab.cells.cell import Tensors
from memlab.cells.steps import Pace, Where, adam_step, sgd_step
from memlab.checks import check_choice, check_number

OPTIMISERS = {  # and what each remembers of a parameter
    "adam": ("step", "exp_avg", "exp_avg_sq"),
    "sgd": ("momentum_buffer",),
}


@final
@dataclass(frozen=True)
class Rule:
    """How gradients move parameters."""

    optimiser: str
    learning_rate: float
    momentum: float  # of Adam: β₁
    clip: float | None  # norm of all gradients together

    def __post_init__(self) -> None:
        check_choice("optimiser", self.optimiser, tuple(OPTIMISERS))
        check_number("learning_rate", self.learning_rate, 1e-300, math.inf, holds="above 0")
        check_number("momentum", self.momentum, 0, 1, holds="in [0, 1)")
        if self.clip is not None:
            check_number("clip", self.clip, 1e-300, math.inf, holds="above 0, or None")


class Optimiser(ABC):
    """Moves the parameters it has been given, which are leaves that ask for gradients."""

    @abstractmethod
    def move(self, gradients: Tensors) -> None:
        """One step in place; what is frozen keeps its bits and its gradient counts as 0.

        FloatingPointError if the norm of all gradients is not finite; then nothing moves.
        """

    @abstractmethod
    def moments(self) -> Tensors:
        """A copy of what is remembered, "parameter.moment"."""


def optimiser(
    rule: Rule, parameters: Tensors, masks: Tensors, moments: Tensors, *, core: bool
) -> Optimiser:
    """The optimiser that goes on from these moments; those of another one mean nothing to it.

    It moves the storage of the parameters. With ``core`` in C if that is built.
    """
    known = OPTIMISERS[rule.optimiser]
    kept = {name: one for name, one in moments.items() if name.split(".")[1] in known}
    kind = InC if core and native.available() else InTorch
    return kind(rule, parameters, masks, kept)


@final
class InC(Optimiser):
    """All parameters as one row, which those by name are views of."""

    def __init__(self, rule: Rule, parameters: Tensors, masks: Tensors, moments: Tensors) -> None:
        self.rule, self.shapes = rule, {name: one.shape for name, one in parameters.items()}
        self.weights = self._row({name: one.detach() for name, one in parameters.items()})
        for name, one in self._parts(self.weights).items():
            parameters[name].data = one
        whole = {name: torch.ones(shape, dtype=torch.bool) for name, shape in self.shapes.items()}
        self.where = Where(trained=self._row(whole | masks)[0] if masks else None)
        clip = math.inf if rule.clip is None else rule.clip
        self.pace = Pace(rule.learning_rate, clip, rule.momentum)
        empty = {name: torch.zeros(shape) for name, shape in self.shapes.items()}
        self.kept = {
            moment: self._row(empty | _of(moments, moment))
            for moment in OPTIMISERS[rule.optimiser]
            if moment != "step"
        }
        steps = [*_of(moments, "step").values()]
        self.steps = steps[0].reshape(1).clone() if steps else torch.zeros(1)

    def move(self, gradients: Tensors) -> None:
        row, kept = self._row(gradients), self.kept
        if self.rule.optimiser == "adam":
            moments = Moments(kept["exp_avg"], kept["exp_avg_sq"], self.steps)
            adam_step(self.pace, row, self.weights, moments, self.where)
        else:
            sgd_step(self.pace, row, self.weights, kept["momentum_buffer"], self.where)

    def moments(self) -> Tensors:
        if self.rule.optimiser == "sgd" and self.rule.momentum == 0:
            return {}  # the last gradient is no memory
        found = {
            f"{name}.{moment}": one.clone()
            for moment, row in self.kept.items()
            for name, one in self._parts(row).items()
        }
        if self.rule.optimiser == "adam":
            found |= {f"{name}.step": self.steps[0].clone() for name in self.shapes}
        return found

    def _row(self, named: Tensors) -> Tensor:
        return torch.cat([named[name].reshape(1, -1) for name in self.shapes], 1)

    def _parts(self, row: Tensor) -> Tensors:
        each = torch.split(row[0], [shape.numel() for shape in self.shapes.values()])
        pairs = zip(self.shapes.items(), each, strict=True)
        return {name: one.view(shape) for (name, shape), one in pairs}


@final
class InTorch(Optimiser):
    """Those of torch, as they are."""

    def __init__(self, rule: Rule, parameters: Tensors, masks: Tensors, moments: Tensors) -> None:
        self.rule, self.parameters, self.masks = rule, parameters, masks
        moved = [*parameters.values()]
        self.by: torch.optim.Optimizer
        if rule.optimiser == "adam":
            self.by = torch.optim.Adam(moved, rule.learning_rate, (rule.momentum, SECOND))
        else:
            self.by = torch.optim.SGD(moved, rule.learning_rate, rule.momentum)
        for name, one in moments.items():
            parameter, moment = name.split(".")
            self.by.state[parameters[parameter]][moment] = one.clone()

    def move(self, gradients: Tensors) -> None:
        frozen = {name: self.parameters[name].detach().clone() for name in self.masks}
        for name, parameter in self.parameters.items():
            mask = self.masks.get(name)
            parameter.grad = gradients[name] if mask is None else gradients[name] * mask
        moved = [*self.parameters.values()]
        norm = torch.nn.utils.get_total_norm([one.grad for one in moved if one.grad is not None])
        if not norm.isfinite():
            raise FloatingPointError(f"gradients must stay finite, got a norm of {norm.item()}")
        if self.rule.clip is not None:
            torch.nn.utils.clip_grad_norm_(moved, self.rule.clip)
        self.by.step()
        with torch.no_grad():
            for name, kept in frozen.items():
                parameter = self.parameters[name]
                parameter.copy_(torch.where(self.masks[name], parameter, kept))

    def moments(self) -> Tensors:
        return {
            f"{name}.{moment}": one.clone()
            for name, parameter in self.parameters.items()
            for moment, one in self.by.state[parameter].items()
            if one is not None  # SGD without momentum
        }


def _of(moments: Tensors, moment: str) -> Tensors:
    """That moment by parameter."""
    each = {tuple(name.split(".")): one for name, one in moments.items()}
    return {parameter: one for (parameter, kind), one in each.items() if kind == moment}
