"""The radix form of a tree: where strings part or end, and the labels between."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from memlab.text.contexts import START, Forest
from memlab.text.forest import COUNT, PARENT, anchored, depths, parents, summits, ways_to


@final
@dataclass(frozen=True)
class Twigs:
    """N nodes of a radix tree, parents first: the start, where strings part, and their ends.

    A node's label are the symbols between its parent and itself, an end being 0.
    """

    parent: Tensor  # (N,) int64; the first is its own
    level: Tensor  # (N,) int64, nodes above
    count: Tensor  # (N,) float64, of strings whose way leads through here
    labels: tuple[tuple[int, ...], ...]  # (N)

    @property
    def fan_out(self) -> Tensor:
        """Children of each node, ``(N,)``."""
        return torch.bincount(self.parent[1:], minlength=len(self.parent))

    def above(self, node: int) -> list[int]:
        """The nodes from the start to a node, itself the last."""
        way = [node]
        while way[-1]:
            way.append(int(self.parent[way[-1]]))
        return way[::-1]

    def prefix(self, node: int) -> tuple[int, ...]:
        """All symbols from the start to a node."""
        return tuple(symbol for one in self.above(node) for symbol in self.labels[one])


def twigs(forest: Forest, r: int = 0) -> Twigs:
    """The radix form of one replicate's tree, of what is alive in it."""
    nodes = forest.nodes[r, : forest.used[r]].long()
    counts = forest.traces[r, : forest.used[r], COUNT] * forest.scale[r]
    live = anchored(nodes, counts > 0)
    live[START] = True
    parent = torch.where(live, nodes[:, PARENT], START).clamp(min=START)
    kids = torch.bincount(parent[live][1:], minlength=len(nodes))
    kept = live & (kids != 1)
    kept[START] = True
    ids = kept.nonzero().flatten()
    above = summits(torch.where(kept, torch.arange(len(nodes)), parent))[parent[ids]]
    depth = depths(parents(nodes))
    labels = ways_to(nodes, ids, depth[ids] - depth[above])
    place = torch.zeros(len(nodes), dtype=torch.int64)
    place[ids] = torch.arange(len(ids))
    own = place[above]
    return Twigs(own, depths(own), counts[ids], tuple(map(tuple, labels.lists())))
