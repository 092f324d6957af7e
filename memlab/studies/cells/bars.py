"""The bars that a learner has to pass in every task, from each seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from memlab.studies.cells.abilities import FIT, LOSS, PEAK, STREAM


@final
@dataclass(frozen=True)
class Bar:
    """A value that a measure has to lie above, or below."""

    value: float
    above: bool

    def passed(self, value: float) -> bool:
        """Whether it is passed."""
        return value > self.value if self.above else value < self.value

    def worst(self, values: tuple[float, ...]) -> float:
        """The value that is the furthest from passing."""
        return min(values) if self.above else max(values)

    def __str__(self) -> str:
        return f"{'>' if self.above else '<'} {self.value:g}"


TITLES = {
    "recall_10": "recall, 10 steps",
    "recall_20": "recall, 20 steps",
    "single_50": "single item, 50 steps",
    "adding_50": "adding, 50 steps",
    "sine": "sine, 10 ahead",
    "mackey_glass": "Mackey–Glass, 10 ahead",
    "carry": "AR(1) filter, 0.7",
    STREAM: "y = x/2, online",
}
BARS: Mapping[str, Mapping[str, Bar]] = {
    "recall_10": {FIT: Bar(0.99, above=True)},
    "recall_20": {FIT: Bar(0.6, above=True)},
    "single_50": {FIT: Bar(0.95, above=True)},
    "adding_50": {FIT: Bar(0.95, above=True)},
    "sine": {FIT: Bar(0.999, above=True)},
    "mackey_glass": {FIT: Bar(0.99, above=True)},
    "carry": {FIT: Bar(0.99, above=True)},
    STREAM: {LOSS: Bar(0.05, above=False), PEAK: Bar(2, above=False)},
}
