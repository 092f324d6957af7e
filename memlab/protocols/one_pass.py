"""A language learned in one pass: what each string surprises, in several orders; what is known."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field
from pydantic.dataclasses import dataclass

from memlab.cues import CueMaker
from memlab.cues_of_strings import Prefix
from memlab.protocol import Act, Arm, Foretell, Phase, Protocol, Recall, Sample, Study
from memlab.protocols.bounds import Count, Gap, rising
from memlab.protocols.cued import evenly

Order: TypeAlias = Literal[
    "given", "alphabetical", "short_first", "long_first", "random", "entropy_paced"
]
ORDERS: tuple[Order, ...] = (
    *("given", "alphabetical", "short_first", "long_first", "random", "entropy_paced"),
)
Warmth: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


@final
@dataclass(frozen=True)
class OnePass(Protocol):
    """Study the train items once, each foretold before it is learned; then foretell the test items.

    One arm for each order of presentation, all over the same items. In the first arm the test is
    also foretold on the way (axis *items*), items are completed from their first symbols (axis
    *prefix*), and the medium speaks. The test items come first, as pattern sets hold out those.
    """

    train: Count = 1000
    test: Count = 100
    orders: Annotated[tuple[Order, ...], Field(min_length=1)] = ORDERS
    asked: tuple[Count, ...] = (10, 30, 100, 300)  # items after which the test is foretold too
    block: Count = 1000  # items of one act: what a run that was cut off may have to do again
    prefixes: tuple[Gap, ...] = (1, 2, 3, 4, 5)  # symbols given of what is to be completed
    completed: Count = 100  # items of each group that are to be completed, at most
    samples: Gap = 100
    temperature: Warmth = 1.0  # of the samples

    def __post_init__(self) -> None:
        """Refuse orders twice, and rungs beyond the pass."""
        if len(set(self.orders)) < len(self.orders):
            raise ValueError(f"orders must name each one once, got {list(self.orders)}")
        rising("asked", self.asked)
        rising("prefixes", self.prefixes)
        if self.asked and self.asked[-1] >= self.train:
            raise ValueError(
                f"asked must be below train={self.train}, after which the test is foretold anyway; "
                f"got {list(self.asked)}"
            )

    def groups(self) -> dict[str, int]:
        return {"test": self.test, "train": self.train}

    def cues(self) -> Mapping[str, CueMaker]:
        return {f"first_{k}": Prefix(length=k) for k in self.prefixes}

    def arms(self) -> tuple[Arm, ...]:
        first, *others = self.orders
        passes = [Arm(first, (*self._pass(first, self.asked), *self._questions()))]
        passes += [Arm(order, self._pass(order, ())) for order in others]
        return tuple(passes)

    def _pass(self, order: Order, asked: tuple[int, ...]) -> tuple[Phase, ...]:
        """Study everything, and foretell the test at these rungs and at the end."""
        test, phases = tuple(range(self.test)), []
        for before, rung in pairwise((0, *asked, self.train)):
            phases.append(Phase("study", self._spans(order, before, rung)))
            name = "ask" if rung == self.train else f"ask {rung}"
            phases.append(Phase(name, (Foretell(test, at=(("items", float(rung)),)),)))
        return tuple(phases)

    def _spans(self, order: Order, first: int, last: int) -> tuple[Act, ...]:
        """The acts that study the places ``first … last - 1``."""
        train = tuple(range(self.test, self.test + self.train))
        starts = (*range(first, last, self.block), last)
        return tuple(Study(train, order, start, stop) for start, stop in pairwise(starts))

    def _questions(self) -> tuple[Phase, ...]:
        """What else the first arm is asked at its end."""
        known = tuple(self.test + k for k in evenly(self.train, self.test))
        part = evenly(self.test, self.completed)
        part += tuple(self.test + k for k in evenly(self.train, self.completed))
        phases = [Phase("ask known", (Foretell(known, controlled=False),))]
        for k in self.prefixes:
            recall = Recall(part, cue=f"first_{k}", at=(("prefix", float(k)),))
            phases.append(Phase(f"complete {k}", (recall,)))
        if self.samples:
            phases.append(Phase("speak", (Sample(self.samples, self.temperature),)))
        return tuple(phases)
