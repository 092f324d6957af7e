"""A job as data: what to compute and where it belongs. It can travel to another process."""

from dataclasses import dataclass
from typing import final

from memlab.app.schema import Tree
from memlab.record.place import Place


@final
@dataclass(frozen=True)
class Task:
    """One job of the command line or of a sweep."""

    config: Tree  # composed and resolved
    place: Place
