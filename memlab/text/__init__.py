"""Strings in trees, grammars and automata; the plastic tree, as a library."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memlab.text.plastic_tree import PlasticTree

__all__ = ["PlasticTree"]


def __getattr__(name: str) -> object:
    """The tree, on demand: what it is built of is imported from here as well."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module("memlab.text.plastic_tree"))[name]
