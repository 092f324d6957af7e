"""What one task has taught, taken along to another."""

from copy import deepcopy
from dataclasses import replace
from typing import TypeVar

from sklearn.utils.validation import check_is_fitted

from memlab.cells.checks import check_size
from memlab.cells.estimator import CellRegressor
from memlab.cells.training import begun
from memlab.cells.values import Values

Model = TypeVar("Model", bound=CellRegressor)


def transferred(model: Model, n_outputs: int) -> Model:
    """A copy that keeps its body, frozen parts included, under a new read-out of any size.

    What makes outputs is drawn anew, by ``random_state``; optimiser, memory and losses begin
    afresh. Its ``fit`` goes on from there: ``warm_start`` is true.
    """
    check_is_fitted(model, "learned_")
    check_size("n_outputs", n_outputs)
    model.check()
    old = model.learned_
    fresh = begun(model.cell(model.n_features_in_, n_outputs), model.random_state)
    body = [name for name, it in old.cell.parameters().items() if "o" not in it.axes]
    shapes, kept = fresh.cell.shapes(), old.cell.shapes()
    if any(shapes.get(name) != kept[name] for name in body):
        raise ValueError(
            f"a model must have the sizes it was trained with, those of {old.cell}, to keep its "
            f"body; got {fresh.cell}"
        )
    parameters = {**fresh.parameters, **{name: old.parameters[name] for name in body}}
    masks = {name: old.masks[name].clone() for name in body if name in old.masks}
    twin: Model = deepcopy(model)
    twin.set_params(warm_start=True)
    twin.learned_ = replace(fresh, parameters=Values(parameters), masks=masks, flat=old.flat)
    return twin
