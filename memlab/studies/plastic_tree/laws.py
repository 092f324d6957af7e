"""By which law, and with which constants, a tree foretells best: measured on names kept for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, final

import torch

from memlab.draws import Draws
from memlab.patterns.names import Names
from memlab.statistics import estimate
from memlab.studies.plastic_tree.corpus import LETTERS
from memlab.studies.plastic_tree.row import LAWS, Row
from memlab.studies.study import singles
from memlab.text.alphabet import END
from memlab.text.contexts import ENDLESS, Contexts, Forest, Rule
from memlab.text.search import likeliest
from memlab.text.strings import Strings, listed
from memlab.text.tree import chances, expected, learned, planted

Read: TypeAlias = dict[tuple[str, str], float]  # by setting and measure

TESTED = 1_000  # names that experiment=names holds out with the same seed: they take no part
KEPT = 1_000  # of the others, which settings are compared on
FEW = (50, 500, 5_000)  # names learned, where constants for few counts are read too
FULL = 29_910 - TESTED - KEPT  # all the others of the year
DEFAULT = Rule()
ASKED, GIVEN = 40, 3  # names learned whose beginning of so many letters is to be completed
LONGEST = 100  # symbols of what they are completed to
LOSS, COMPLETED = "nats per symbol of names kept", "beginnings completed to a learned name"
CHOSEN = "as it is: reach 6, discount 0.75, strength 0.8, start 6"


@final
@dataclass(frozen=True)
class Setting:
    """A law with its constants, and the contexts it reads."""

    rule: Rule = DEFAULT
    reach: int = 6
    whole: int = ENDLESS  # symbols of the longest beginning that is a context

    @property
    def contexts(self) -> Contexts:
        """What a tree has to keep for it."""
        return Contexts(LETTERS.size, self.reach, self.whole)


FOR_FEW = {
    CHOSEN: Setting(),
    "strength 0.4": Setting(Rule(strength=0.4)),
    "strength 1.2": Setting(Rule(strength=1.2)),
    "start 1": Setting(Rule(start=1.0)),
    "start 3": Setting(Rule(start=3.0)),
    "start 12": Setting(Rule(start=12.0)),
}
ALL = FOR_FEW | {
    "reach 4": Setting(reach=4),
    "reach 5": Setting(reach=5),
    "reach 8": Setting(reach=8),
    "discount 0.6": Setting(Rule(discount=0.6)),
    "discount 0.9": Setting(Rule(discount=0.9)),
    "no whole beginnings, reach 6": Setting(whole=6),
    "Witten-Bell, reach 6": Setting(Rule("witten_bell")),
    "Witten-Bell, no whole beginnings, reach 3": Setting(Rule("witten_bell"), 3, 3),
    "Witten-Bell, no whole beginnings, reach 4": Setting(Rule("witten_bell"), 4, 4),
    "Witten-Bell, no whole beginnings, reach 5": Setting(Rule("witten_bell"), 5, 5),
}


def choice_of(most: int, draws: Draws) -> list[Row]:
    """The rows of every setting after most names, and after fewer of those that matter there."""
    parts = [parted(one) for one in singles(draws)]
    few = [row for n in FEW if n < most for row in _rows(n, parts, FOR_FEW)]
    return [*few, *_rows(most, parts, ALL)]


def parted(draws: Draws) -> tuple[Strings, Strings]:
    """Names to learn in random order, and names kept; neither is among the experiment's test."""
    rows = (
        Names(held_out=TESTED).draw(FULL + KEPT + TESTED, draws.at("patterns"))[0, TESTED:].long()
    )
    mixed = rows[draws.permutation("kept", len(rows))[0]].tolist()
    words = listed([*(symbol for symbol in row if symbol), END] for row in mixed)
    return words.part(KEPT, words.count), words.part(0, KEPT)


def read(known: Strings, kept: Strings, settings: Mapping[str, Setting]) -> Read:
    """What each setting makes of names kept, and of beginnings of names learned."""
    found: Read = {}
    once = torch.ones(known.count, dtype=torch.float64)
    for contexts in dict.fromkeys(one.contexts for one in settings.values()):
        forest = planted(contexts, 1)
        learned(forest, Rule(), [known], [once])
        for name, one in settings.items():
            if one.contexts == contexts:
                told = chances(forest, one.rule, [kept], threads=1)[0]
                found[name, LOSS] = float(-told.log().mean())
                if name in FOR_FEW:
                    found[name, COMPLETED] = completed(forest, one.rule, known)
    return found


def completed(forest: Forest, rule: Rule, known: Strings) -> float:
    """The share of beginnings of learned names whose likeliest end makes a learned name."""
    names = known.lists()
    held = {tuple(name) for name in names}
    begun = [name[:GIVEN] for name in names[:ASKED] if len(name) > GIVEN]
    follow = partial(_following, forest, rule)
    ways = [likeliest(follow, one, 1, longest=LONGEST)[0][0] for one in begun]
    return sum(tuple(way) in held for way in ways) / len(ways)


def _following(forest: Forest, rule: Rule, ways: list[list[int]]) -> torch.Tensor:
    return expected(forest, rule, [listed(ways)], threads=1)[0]


def _rows(
    n: int, parts: Sequence[tuple[Strings, Strings]], settings: Mapping[str, Setting]
) -> list[Row]:
    each = [read(known.part(0, n), kept, settings) for known, kept in parts]
    keys = [(name, measure) for name in settings for measure in (LOSS, COMPLETED)]
    return [
        Row(LAWS, n, *key, estimate([one[key] for one in each])) for key in keys if key in each[0]
    ]
