"""The rival of every memory of strings: what followed the last few symbols, interpolated."""

from typing import Annotated, Literal, final

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from memlab.substrates.string_tree import StringTree
from memlab.text.contexts import Contexts, Rule


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Ngram(StringTree):
    """Symbols follow from the ``order`` - 1 before them, of which the start of a string is one.

    Interpolated down to single symbols by the law of Witten and Bell, or of Kneser and Ney.
    """

    order: Annotated[int, Field(strict=True, ge=1, le=7)] = 5
    law: Literal["witten_bell", "kneser_ney"] = "witten_bell"
    discount: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.75  # Kneser-Ney only
    strength: Annotated[float, Field(strict=True, ge=0, le=1000)] = 0.8  # the same

    @property
    def medium(self) -> str:
        return "ngram"

    @property
    def contexts(self) -> Contexts:
        return Contexts(self.space.symbols or 0, self.order - 1, self.order - 1)

    @property
    def rule(self) -> Rule:
        return Rule(self.law, self.discount, self.strength, self.strength)
