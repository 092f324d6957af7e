"""Floors of tasks: answers that need no memory, or no more than the last few inputs."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from memlab.absent import Absent
from memlab.controls import Trial

RIDGE = 1e-9  # of the mean square of what is regressed on
NO_TASK = "the patterns are no tasks, of inputs and outputs"


def output_mean(trial: Trial) -> Tensor | Absent:
    """Floor: the mean of what was taught of each output. It has an R² of 0."""
    lesson = _lesson(trial)
    if isinstance(lesson, Absent):
        return lesson
    _, outputs, taught = lesson
    count = taught.sum(1, keepdim=True).clamp(min=1)
    mean = (outputs * taught).sum(1, keepdim=True) / count  # (R, 1, O)
    return _answer(trial, mean[:, :, None, None].expand(*_asked_shape(trial), -1))


def persistence(trial: Trial) -> Tensor | Absent:
    """Floor: the inputs as they are, as if nothing changed."""
    if not trial.space.outputs:
        return Absent(NO_TASK)
    inputs, outputs = trial.space.inputs, len(trial.space.outputs)
    if inputs < outputs:
        return Absent(f"{inputs} inputs cannot stand for {outputs} outputs")
    return _answer(trial, trial.cue.values[..., :outputs])


def linear(trial: Trial, lags: int = 0) -> Tensor | Absent:
    """Floor: the best linear function of the input and of those of the last ``lags`` steps.

    Fitted by least squares to what was taught, and so no more than a filter of that length. The
    first steps of a sequence, which have no such past, do not count if others are taught.
    """
    lesson = _lesson(trial)
    if isinstance(lesson, Absent):
        return lesson
    inputs, outputs, taught = lesson
    late = (torch.arange(len(taught[0]), device=taught.device) % trial.space.shape[1]) >= lags
    whole = taught * late[:, None]
    fair = torch.where(whole.any(1, keepdim=True), whole, taught)
    weights = _fitted(_lagged(inputs, lags, trial), outputs, fair)
    heard = _lagged(trial.cue.values[..., : trial.space.inputs].flatten(1, 3), lags, trial)
    return _answer(trial, (heard @ weights).reshape(*_asked_shape(trial), -1))


def _lesson(trial: Trial) -> tuple[Tensor, Tensor, Tensor] | Absent:
    """Inputs, outputs and what is taught of them at all steps, ``(R, P B T, …)`` float64."""
    if trial.taught is None:
        return Absent(NO_TASK)
    if trial.presented.shape[1] == 0:
        return Absent("this memory was shown nothing")
    inputs, rows = trial.space.inputs, trial.presented.flatten(1, 3).double()
    return rows[..., :inputs], rows[..., inputs:], trial.taught[..., inputs:].flatten(1, 3).double()


def _lagged(inputs: Tensor, lags: int, trial: Trial) -> Tensor:
    """Inputs ``(R, n B T, I)`` beside those before them and a 1, ``(R, n B T, I (lags + 1) + 1)``.

    Before a sequence begins there is nothing, 0.
    """
    steps = trial.space.shape[1]
    each = inputs.double().reshape(len(inputs), -1, steps, inputs.shape[-1])  # (R, n B, T, I)
    past = [pad(each, (0, 0, lag, 0))[:, :, :steps] for lag in range(lags + 1)]
    ones = torch.ones_like(each[..., :1])
    return torch.cat([*past, ones], -1).flatten(1, 2)


def _fitted(seen: Tensor, wanted: Tensor, taught: Tensor) -> Tensor:
    """The weights ``(R, F, O)`` of ``wanted (R, N, O)`` from ``seen (R, N, F)``, where taught."""
    each = []
    for column in range(wanted.shape[2]):
        weighed = seen * taught[..., column, None]
        gram = weighed.mT @ seen
        level = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(1).clamp(min=1e-12)
        gram = gram + level[:, None, None] * torch.eye(gram.shape[1]).to(gram)
        each.append(torch.linalg.solve(gram, weighed.mT @ wanted[..., column, None]))
    return torch.cat(each, -1)


def _asked_shape(trial: Trial) -> tuple[int, ...]:
    """Replicates, cues, sequences, steps."""
    return tuple(trial.cue.values.shape[:4])


def _answer(trial: Trial, outputs: Tensor) -> Tensor:
    """The cue with these outputs ``(R, C, B, T, O)`` where it tells none."""
    values = trial.cue.values
    answer = torch.cat([values[..., : trial.space.inputs], outputs.to(values).clamp(0, 1)], -1)
    return torch.where(trial.cue.certain, values, answer)
