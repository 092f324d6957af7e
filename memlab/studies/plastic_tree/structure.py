"""How memories of names are shaped: levels, how many ways lead on from a node, or to a state."""

from dataclasses import replace

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from memlab.draws import Draws
from memlab.statistics import estimate
from memlab.studies.plastic_tree.corpus import LETTERS, taken, written
from memlab.studies.plastic_tree.planted import grown
from memlab.studies.plastic_tree.row import AUTOMATON, FAN_OUT, IN_DEGREES, LEVELS, TREE, Row
from memlab.studies.study import singles
from memlab.text.automaton import Automaton, minimal
from memlab.text.twigs import Twigs, twigs

STEEP = (0.0, 10.0)  # powers among which one is sought
AT_LEVEL, WITH_CHILDREN = "nodes at the level", "share of parting nodes"
LED_TO = "share of states led to by so many edges, or up to twice that"


def shape_of(names: tuple[str, ...], count: int, draws: Draws) -> list[Row]:
    """The rows of levels and of numbers of children."""
    trees = [twigs(grown(written(taken(names, count, one.at("worth"))))) for one in singles(draws)]
    return [
        *_rows((LEVELS, TREE, AT_LEVEL), [at_levels(one) for one in trees]),
        *_rows((FAN_OUT, TREE, WITH_CHILDREN), [with_children(one) for one in trees]),
    ]


def sharing_of(names: tuple[str, ...], count: int, draws: Draws) -> list[Row]:
    """The rows of how many edges lead to a state of the automaton."""
    each = [minimal(taken(names, count, one.at("worth"))) for one in singles(draws)]
    rows = _rows((IN_DEGREES, AUTOMATON, LED_TO), [led_to(one) for one in each])
    return [replace(row, level=2**row.level) for row in rows]


def at_levels(tree: Twigs) -> Tensor:
    """How many nodes there are at each level, from 0."""
    return torch.bincount(tree.level).double()


def with_children(tree: Twigs) -> Tensor:
    """The share of nodes that have 0, 1, 2, … children among those that have any."""
    counts = torch.bincount(tree.fan_out[tree.fan_out > 0]).double()
    return counts / counts.sum()


def led_to(machine: Automaton) -> Tensor:
    """The share of states that 1, 2 or 3, 4 to 7, … edges lead to, all but the start."""
    octaves = torch.tensor(machine.in_degrees()[:-1]).double().log2().floor().long()
    return torch.bincount(octaves).double() / len(octaves)


def power_of_children(tree: Twigs) -> float:
    """The a of shares k⁻ᵃ of nodes with k children, 2 ≤ k ≤ A, by maximum likelihood."""
    k = np.arange(2.0, LETTERS.size + 1)
    own = tree.fan_out[tree.fan_out >= 2].double().log().mean().item()

    def surprise(a: float) -> float:
        return float(a * own + np.log((k**-a).sum()))

    return float(minimize_scalar(surprise, bounds=STEEP, method="bounded").x)


def _rows(kind: tuple[str, str, str], each: list[Tensor]) -> list[Row]:
    """One row per number of which any replicate has any, of a table, form and measure."""
    table, form, measure = kind
    wide = max(map(len, each))
    values = torch.stack([torch.cat([x, x.new_zeros(wide - len(x))]) for x in each], 1)  # (K, R)
    return [
        Row(table, k, form, measure, estimate(values[k]))
        for k in range(wide)
        if bool(values[k].any())
    ]
