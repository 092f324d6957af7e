"""A radix tree as a graph of networkx, and in the language of Graphviz."""

import json
import math

import networkx as nx

from memlab.text.alphabet import Alphabet
from memlab.text.twigs import Twigs

END = "∎"  # of a string, in drawings
WIDEST = 8.0  # points of a line


def graph(twigs: Twigs, alphabet: Alphabet) -> "nx.DiGraph[int]":
    """Nodes 0 … N - 1 with prefix, level and count; edges with label and count."""
    tree: nx.DiGraph[int] = nx.DiGraph()
    prefixes = [""] * len(twigs.labels)
    for n, (label, parent) in enumerate(zip(twigs.labels, twigs.parent.tolist(), strict=True)):
        prefixes[n] = prefixes[parent] + alphabet.spelled(label)
        count = float(twigs.count[n])
        tree.add_node(n, prefix=prefixes[n], level=int(twigs.level[n]), count=count)
        if n:
            tree.add_edge(parent, n, label=labelled(label, alphabet), count=count)
    return tree


def dot(twigs: Twigs, alphabet: Alphabet) -> str:
    """The same as text, from left to right."""
    lines = [
        "digraph tree {",
        "  rankdir=LR; node [shape=point, width=0.06]; edge [arrowhead=none];",
    ]
    most = max(float(twigs.count.max()), 1.0)
    for n, (label, parent) in enumerate(zip(twigs.labels, twigs.parent.tolist(), strict=True)):
        if n:
            name = json.dumps(labelled(label, alphabet), ensure_ascii=False)
            width = max(WIDEST * math.sqrt(float(twigs.count[n]) / most), 0.5)
            lines.append(f"  {parent} -> {n} [label={name}, penwidth={width:.2f}];")
    return "\n".join([*lines, "}", ""])


def labelled(label: tuple[int, ...], alphabet: Alphabet) -> str:
    """A label as it is drawn, with its end where it has one."""
    return alphabet.spelled(label) + (END if label and label[-1] == 0 else "")
