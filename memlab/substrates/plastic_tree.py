"""A tree that learns strings in one pass, and a language model that backs off to what it knows."""

from typing import Annotated, TypeAlias, final

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from memlab.substrates.string_tree import StringTree
from memlab.text.contexts import Contexts, Rule

Reach: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=64)]
Strength: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1000)]


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class PlasticTree(StringTree):
    """Every string potentiates its path from the start, and its pieces up to ``reach`` symbols.

    Local, continuous and without gradients, as the published tree; but counts are exact, what a
    path never met is told by its endings (interpolated Kneser-Ney), and any prefix has an answer.
    """

    reach: Reach = 6  # symbols of the longest context that does not begin a string
    discount: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.75  # of every count
    strength: Strength = 0.8  # of shorter contexts, in counts
    start: Strength = 6.0  # the same where a context is the whole string so far

    @property
    def medium(self) -> str:
        return "plastic_tree"

    @property
    def contexts(self) -> Contexts:
        return Contexts(self.space.symbols or 0, self.reach)

    @property
    def rule(self) -> Rule:
        return Rule("kneser_ney", self.discount, self.strength, self.start)
