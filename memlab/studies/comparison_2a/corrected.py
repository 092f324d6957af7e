"""The same patterns in media that store them, each split at its median into two values."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.studies.comparison_2a.measures import KEPT, KEPT_TO_IDENTIFY, cues, pearson
from memlab.substrate import Meter, Substrate

Make: TypeAlias = Callable[[Space], Substrate]

UNKNOWN = 0.5  # probability of *on* where a cue says nothing


def binary(patterns: Tensor) -> Tensor:
    """Each pattern ``(P, n, n)`` split at its own median into 0 and 1."""
    return (patterns > patterns.flatten(1).median(1).values[:, None, None]).float()


def stored_in(make: Make, patterns: Tensor, draws: Draws) -> dict[str, dict[str, Tensor]]:
    """All measures, each ``(R)``, of a medium that stored, of one that did not, and of the cue.

    The patterns are the same in all replicates, so one medium answers the cues of all.
    """
    values, one = binary(patterns), Draws(draws.seed, (0,), key=draws.key)
    network = make(Space(tuple(values.shape[1:])))
    empty, full = network.blank(one), network.blank(one)
    for p in values:
        network.write(
            full, Item(p[None], torch.ones_like(p[None]) > 0, torch.ones(1)), one, Meter()
        )
    found: dict[str, dict[str, Tensor]] = {"stored": {}, "nothing stored": {}, "cue alone": {}}
    for name, kept in (("half", KEPT), ("third", KEPT_TO_IDENTIFY), ("whole", 1.0)):
        parts = cues(values, draws, name, kept)
        given = torch.stack([mask for _, mask in parts])  # (P, R, n, n)
        cue = _cue(values, given, certain=kept < 1)
        answers = {
            "stored": network.read(full, cue, one, Meter()).response,
            "nothing stored": network.read(empty, cue, one, Meter()).response,
            "cue alone": torch.where(cue.given, cue.values, UNKNOWN),
        }
        for arm, answer in answers.items():
            found[arm] |= _scored(name, answer[0].reshape(given.shape), values, given)
    return found


def _cue(values: Tensor, given: Tensor, *, certain: bool) -> Cue:
    """The cues of all patterns and replicates as those of one network; a whole one is not held."""
    flat = given.flatten(0, 1)[None]
    shown = (values[:, None] * given).flatten(0, 1)[None]
    return Cue(shown, flat, flat if certain else torch.zeros_like(flat))


def _scored(name: str, answer: Tensor, values: Tensor, given: Tensor) -> dict[str, Tensor]:
    """What one kind of cue measures: answers and masks ``(P, R, n, n)``."""
    likeness = pearson(answer, values[:, None]).mean(0)
    if name == "whole":
        return {"overlap": likeness}
    if name == "half":
        hidden = pearson(answer, values[:, None], ~given).mean(0)
        return {"capacity": likeness, "hidden part": hidden}
    scores = pearson(answer[:, None], values[None, :, None])  # (P, P, R)
    right = scores.argmax(1) == torch.arange(len(values))[:, None]
    return {"accuracy": right.double().mean(0)}
