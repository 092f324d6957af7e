"""How long is trained. Scores are kept for the length they were measured with."""

from dataclasses import dataclass
from typing import final

from memlab.studies.cells.training import BLOCK

# A value of the past is found suddenly, after a plateau that may last for 1,000 mini-batches;
# series and filters are learned little by little. The same for every learner.
SUDDEN = ("recall_10", "recall_20", "single_50", "adding_50")
PATIENCE = 2.5  # times as many mini-batches for these


@final
@dataclass(frozen=True)
class Effort:
    """How long is trained."""

    steps: int = 600  # mini-batches, of a task that is learned little by little
    stream: int = 5000  # steps of a stream

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        if self.stream < BLOCK or self.stream % BLOCK:
            raise ValueError(
                f"stream must be a multiple of {BLOCK}, over which losses are averaged, "
                f"got {self.stream}"
            )

    def steps_of(self, task: str) -> int:
        """Mini-batches of one task."""
        return round(self.steps * PATIENCE) if task in SUDDEN else self.steps
