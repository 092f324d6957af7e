"""How a tree of names is shaped: nodes at each level, and how many ways lead on from a node."""

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from memlab.draws import Draws
from memlab.statistics import estimate
from memlab.studies.plastic_tree.corpus import LETTERS, taken, written
from memlab.studies.plastic_tree.growth import grown
from memlab.studies.plastic_tree.row import FAN_OUT, LEVELS, TREE, Row
from memlab.studies.study import singles
from memlab.text.twigs import Twigs, twigs

STEEP = (0.0, 10.0)  # powers among which one is sought
AT_LEVEL, WITH_CHILDREN = "nodes at the level", "share of parting nodes"


def shape_of(names: tuple[str, ...], count: int, draws: Draws) -> list[Row]:
    """The rows of levels and of numbers of children."""
    trees = [twigs(grown(written(taken(names, count, one.at("worth"))))) for one in singles(draws)]
    levels = _rows(LEVELS, AT_LEVEL, [at_levels(one) for one in trees])
    return [*levels, *_rows(FAN_OUT, WITH_CHILDREN, [with_children(one) for one in trees])]


def at_levels(tree: Twigs) -> Tensor:
    """How many nodes there are at each level, from 0."""
    return torch.bincount(tree.level).double()


def with_children(tree: Twigs) -> Tensor:
    """The share of nodes that have 0, 1, 2, … children among those that have any."""
    counts = torch.bincount(tree.fan_out[tree.fan_out > 0]).double()
    return counts / counts.sum()


def power_of_children(tree: Twigs) -> float:
    """The a of shares k⁻ᵃ of nodes with k children, 2 ≤ k ≤ A, by maximum likelihood."""
    k = np.arange(2.0, LETTERS.size + 1)
    own = tree.fan_out[tree.fan_out >= 2].double().log().mean().item()

    def surprise(a: float) -> float:
        return float(a * own + np.log((k**-a).sum()))

    return float(minimize_scalar(surprise, bounds=STEEP, method="bounded").x)


def _rows(table: str, measure: str, each: list[Tensor]) -> list[Row]:
    """One row per number of which any replicate has any."""
    wide = max(map(len, each))
    values = torch.stack([torch.cat([x, x.new_zeros(wide - len(x))]) for x in each], 1)  # (K, R)
    return [
        Row(table, k, TREE, measure, estimate(values[k]))
        for k in range(wide)
        if bool(values[k].any())
    ]
