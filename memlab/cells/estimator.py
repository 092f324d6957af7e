"""Cells with the habits of scikit-learn: fit, predict, score, and streams that go on."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Self, final

from rich.console import Console
from rich.progress import Progress
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from memlab.cells.cell import Cell, Tensors
from memlab.cells.checks import check_size
from memlab.cells.memory import arrays, blanked, stores
from memlab.cells.network import BACKENDS, Network
from memlab.cells.optimisers import Rule
from memlab.cells.sequences import Array, Lessons, lessons
from memlab.cells.stream import Stream
from memlab.cells.training import Learned, Recipe, begun, trained
from memlab.cells.turns import turn
from memlab.checks import check_choice, check_flag, check_whole

EQUATIONS = ("repaired", "published")
ON_NAN = ("raise", "skip")


@dataclass(kw_only=True, eq=False, repr=False)
class CellRegressor(RegressorMixin, BaseEstimator, ABC):  # type: ignore[misc]  # sklearn is untyped
    """A recurrent cell that is trained on sequences ``(N, T, I)`` or on one stream ``(T, I)``.

    Steps stay in their order; only whole sequences are shuffled. A prediction changes nothing, so
    any number of threads may predict with one model; trainings that overlap are refused. What
    is learned is replaced as one value when training is done: a refused or interrupted one leaves
    the model as it was.
    """

    hidden_size: int = 32
    learning_rate: float = 0.01
    epochs: int = 100
    batch_size: int = 32  # sequences per update
    window: int | None = None  # steps per update; None: a whole sequence, 50 of a stream
    optimiser: str = "adam"  # or "sgd"
    momentum: float = 0.9  # of Adam: the first β
    clip: float | None = 1.0  # norm of all gradients together
    validation_split: float = 0.0  # share of the sequences, or the last share of a stream
    verbose: bool = False  # a progress bar
    random_state: int | None = None
    warm_start: bool = False  # fit goes on from what is learned, frozen parts included
    equations: str = "repaired"  # or "published"
    backend: str = "auto"  # "native", "torch"; auto: native where it can
    on_nan: str = "raise"  # "skip": such steps are padding, or are not asked for
    _kept: "_Kept | None" = field(init=False, default=None)

    @abstractmethod
    def cell(self, n_inputs: int, n_outputs: int) -> Cell:
        """The cell that these parameters describe."""

    def build(self, n_inputs: int, n_outputs: int) -> Self:
        """Draw parameters without any training."""
        self.check()
        check_size("n_inputs", n_inputs)
        check_size("n_outputs", n_outputs)
        with turn(self):
            self.learned_ = begun(self.cell(n_inputs, n_outputs), self.random_state)
        return self

    def fit(self, X: object, y: object) -> Self:
        """Train for all epochs; ``y (N, T, O)`` or ``(N, T)``, of a stream without the N."""
        with turn(self):
            return self._fit(X, y)

    def _fit(self, X: object, y: object) -> Self:
        recipe = self.check()
        begin, taught = self._taught(X, y, afresh=not self.warm_start)
        begin = replace(begin, memory=begin.cell.blank(1, taught.x))
        # What an epoch of a stream ends in is kept, but each one starts from the blank state.
        passes = islice(trained(begin, recipe, taught), self.epochs)
        bar = Progress(console=Console(stderr=True), disable=not self.verbose, transient=False)
        with bar:
            task = bar.add_task(type(self).__name__, total=self.epochs)
            for learned in passes:
                loss = f"{type(self).__name__}  loss {learned.losses[-1]:.4g}"
                bar.update(task, advance=1, description=loss)
        self.learned_ = learned
        return self

    def partial_fit(self, X: object, y: object) -> Self:
        """Train for one epoch more; a stream goes on where the last one ended."""
        with turn(self):
            recipe = replace(self.check(), validation_split=0.0)
            begin, taught = self._taught(X, y, afresh=False)
            self.learned_ = next(trained(begin, recipe, taught))
        return self

    def predict(self, X: object, state: Mapping[str, object] | None = None) -> Array:
        """Outputs at every step from ``state``, or else from a blank one; nothing is changed."""
        kept = self._kept or self._keep()
        y = kept.answer(X, None) if state is None else None
        if y is None:
            y = kept.network.predict(X, state)
        return y[..., 0] if kept.flat else y

    def score(self, X: object, y: object, sample_weight: object = None) -> float:
        """R² over all steps that count, mean over the outputs; every step has the same weight."""
        if sample_weight is not None:
            raise ValueError("sample_weight must be None: every step has the same weight")
        network = self.network()
        sizes = network.cell.sizes()
        told = lessons(X, y, on_nan=self.on_nan, width=sizes["i"], outs=sizes["o"])
        found = network.predict(X)
        kept = told.counts.numpy()
        return float(r2_score(told.y.numpy()[kept], found.reshape(told.y.shape)[kept]))

    def stream(self, batch: int = 1, state: Mapping[str, object] | None = None) -> Stream:
        """Streams through the model as it is now, from ``state``, or else from a blank one."""
        check_size("batch", batch)
        network = self.network()
        return Stream(network, network.state(batch, state), flat=self.learned_.flat)

    def network(self) -> Network:
        """The cell with what it has learned."""
        return (self._kept or self._keep()).network

    def reset_memory(self) -> Self:
        """Clear every state in which the last stream of the training has ended."""
        return self._remembering(lambda memory: blanked(memory, tuple(memory)))

    def reset_manifold(self) -> Self:
        """Clear the store in that state alone."""
        return self._remembering(lambda memory: blanked(memory, stores(self.learned_.cell)))

    def get_memory_state(self) -> dict[str, Array]:
        """A copy of that state by name, ``(1, …)``; `predict` and `stream` start from it."""
        check_is_fitted(self, "learned_")
        return arrays(self.learned_.memory)

    def set_memory_state(self, state: Mapping[str, object]) -> Self:
        """Let `partial_fit` go on from this state, ``(1, …)``."""
        found = self.network().checked(1, state)
        return self._remembering(lambda _: found)

    @property
    def n_features_in_(self) -> int:
        """Inputs."""
        return self.learned_.cell.sizes()["i"]

    @property
    def n_outputs_(self) -> int:
        """Outputs."""
        return self.learned_.cell.sizes()["o"]

    @property
    def training_steps_(self) -> int:
        """Steps that the optimiser has taken."""
        return self.learned_.updates

    @property
    def last_loss_(self) -> float:
        """Mean squared error of the last epoch, on the way; NaN before any."""
        return self.learned_.losses[-1] if self.learned_.losses else math.nan

    @property
    def loss_curve_(self) -> list[float]:
        """Mean squared error of every epoch, on the way."""
        return [*self.learned_.losses]

    @property
    def validation_curve_(self) -> list[float]:
        """Mean squared error on what is held out, after every epoch."""
        return [*self.learned_.validation]

    def check(self) -> Recipe:
        """How to train, once every parameter has been found valid."""
        check_size("hidden_size", self.hidden_size)
        check_whole("epochs", self.epochs)
        check_flag("verbose", self.verbose)
        check_flag("warm_start", self.warm_start)
        check_choice("equations", self.equations, EQUATIONS)
        check_choice("backend", self.backend, BACKENDS)
        check_choice("on_nan", self.on_nan, ON_NAN)
        if self.random_state is not None:
            check_whole("random_state", self.random_state, 0)
        self.cell(1, 1)  # refuses what is wrong with the parameters of its own
        return Recipe(
            Rule(self.optimiser, self.learning_rate, self.momentum, self.clip),
            batch_size=self.batch_size,
            window=self.window,
            validation_split=self.validation_split,
            backend=self.backend,
        )

    def __setattr__(self, name: str, value: object) -> None:
        """Set it, and drop what was made of what was there before."""
        super().__setattr__(name, value)
        self.__dict__["_kept"] = None

    def __getstate__(self) -> dict[str, object]:
        """Copies keep what is learned, and make a network of their own."""
        return {**super().__getstate__(), "_kept": None}

    def _keep(self) -> "_Kept":
        """What the model is now as a network, kept for the next prediction."""
        check_is_fitted(self, "learned_")
        check_choice("backend", self.backend, BACKENDS)
        check_choice("on_nan", self.on_nan, ON_NAN)
        made_of = self._made_of()
        kept = self.__dict__["_kept"] = _Kept(*made_of)
        if any(now is not one for now, one in zip(self._made_of(), made_of, strict=True)):
            self.__dict__["_kept"] = None  # another thread has set one of them meanwhile
        return kept

    def _made_of(self) -> tuple[Learned, str, str]:
        return self.learned_, self.backend, self.on_nan

    def _taught(self, given: object, targets: object, *, afresh: bool) -> tuple[Learned, Lessons]:
        """Where training begins, and what is taught."""
        if afresh or not hasattr(self, "learned_"):
            told = lessons(given, targets, on_nan=self.on_nan)
            cell = self.cell(told.x.shape[-1], told.y.shape[-1])
            return begun(cell, self.random_state), told
        sizes = self.learned_.cell.sizes()
        told = lessons(given, targets, on_nan=self.on_nan, width=sizes["i"], outs=sizes["o"])
        cell, learned = self.cell(sizes["i"], sizes["o"]), self.learned_
        if (cell.shapes(), cell.states()) != (learned.cell.shapes(), learned.cell.states()):
            raise ValueError(
                f"a model that goes on must keep its sizes, those of {learned.cell}, got {cell}; "
                f"fit with warm_start=False begins anew"
            )
        return replace(learned, cell=cell), told

    def _remembering(self, memory: Callable[[Tensors], Tensors]) -> Self:
        """With the memory that comes of the one there is."""
        check_is_fitted(self, "learned_")
        with turn(self):
            self.learned_ = replace(self.learned_, memory=memory(self.learned_.memory))
        return self


@final
class _Kept:
    """A network, and the short way to its predictions."""

    __slots__ = ("answer", "flat", "network")

    def __init__(self, learned: Learned, backend: str, on_nan: str) -> None:
        self.network = Network(learned.cell, learned.parameters, backend, on_nan)
        self.answer, self.flat = self.network.answer, learned.flat
