"""Measure how a plastic tree grows, what its abstraction is worth in bits, and how it is shaped.

Time, nodes, bytes and bits from 100 to all 97,310 first names, with fitted exponents, beside the
published tree, a plain radix trie and a minimal automaton; bits per symbol by every code, beside
zlib and LZMA; levels, branching and sharing; laws of back-off and their constants, on names kept
for this choice. Beside the results: tree.png, a tree of 40 names asked what begins with a letter,
and growth.gif, how it grew.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from memlab.studies.outline import Outline

if TYPE_CHECKING:
    from memlab.studies.plastic_tree.row import Row
    from memlab.studies.study import Study


def study(asked: Namespace) -> "Study[Row]":
    """The study itself; ValueError for what cannot be."""
    from memlab.studies.plastic_tree.study import growth_and_worth

    return growth_and_worth(asked.strings, asked.grown, asked.read)


STRINGS = ("strings", 10_000, "names of one year whose description is measured")
GROWN = ("grown", 97_310, "names of all years that the largest tree learns")
READ = ("read", 27_910, "names of one year that back-off laws are compared on")
OUTLINE = Outline(__doc__, (STRINGS, GROWN, READ), replicates=6, study=study)
