"""The published tree of names: paths from the start alone, and no answer beyond them."""

from typing import Literal, final

import torch
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from memlab.draws import Draws
from memlab.space import Cue
from memlab.substrate import Engram, Meter, Readout
from memlab.substrates.string_tree import Beam, StringTree
from memlab.text.contexts import ENDLESS, Contexts, Rule
from memlab.text.forest import parting
from memlab.text.strings import strung


@final
@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class PlasticTreePublished(StringTree):
    """Strings with a common beginning share a path that parts where they do: a radix trie.

    A string potentiates all nodes on its path; what comes next is as likely as it was counted, and
    the likeliest is said, always the same. A beginning at which no paths part is no node of the
    published tree and gets no answer, here one that tells nothing. ``counts`` are exact, or as
    published: a node counts 2 when paths part at it, however many strings went there before.
    After the Plastic Memory Constructor (mayahq/plastic-memory); its literal algorithm, which is
    quadratic, is ``memlab.text.published``.
    """

    beam: Beam = 1
    counts: Literal["exact", "published"] = "exact"

    @property
    def medium(self) -> str:
        return "plastic_tree_published"

    @property
    def contexts(self) -> Contexts:
        return Contexts(self.space.symbols or 0, -1, ENDLESS)

    @property
    def rule(self) -> Rule:
        if self.counts == "published":
            return Rule("published")
        return Rule("kneser_ney", 0.0, 0.0, 0.0)

    def read(self, engram: Engram, cue: Cue, draws: Draws, meter: Meter) -> Readout:
        response = super().read(engram, cue, draws, Meter()).response
        symbols = self.space.symbols or 0
        known = self._answers(engram, cue).view(*cue.certain.shape[:2], *[1] * (response.ndim - 2))
        hidden = ~cue.certain if response.ndim == cue.certain.ndim else ~cue.certain[..., None]
        response = torch.where(~known & hidden, 1 / symbols, response)
        meter.tick(1)
        meter.look(1, response)
        return Readout(response)

    def _answers(self, engram: Engram, cue: Cue) -> torch.Tensor:
        """Whether paths part, or the string ends, where what is certain of it does: ``(R, C)``."""
        certain = cue.certain.flatten(2).cpu().long().cumprod(-1).bool()
        values, forest = cue.values.flatten(2).cpu(), self._forest(engram)
        prefixes = [strung(*one) for one in zip(values, certain, strict=True)]
        parts = torch.stack([parting(forest, r, own) for r, own in enumerate(prefixes)])
        ended = (certain & (values == 0)).any(-1) & self.space.ends
        return (parts | ended).to(cue.certain.device)
