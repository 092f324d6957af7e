"""The published scarring experiment: train, recall, and three patterns in one medium."""

from typing import final

from pydantic.dataclasses import dataclass

from memlab.protocol import Arm, Phase, Protocol, Recall, Write, rounds
from memlab.protocols.bounds import Steps


@final
@dataclass(frozen=True)
class ScarringValidation(Protocol):
    """The three published phases, each from an unscarred medium, with the published step counts.

    Item 0 is the square of spots of phases 1 and 2; items 1, 2, 3 are A, B, C of phase 3, trained
    one after the other. The unscarred arms see the same noise; the published ones drew afresh.
    Source: B. Barzin, "Parametric Scarring: Memory in Reaction-Diffusion Systems" (2025).
    """

    train_steps: Steps = 1000  # phase 1, one presentation
    several_steps: Steps = 500  # phase 3, per pattern
    several_recall: Steps = 300  # phase 3, steps of one recall

    def groups(self) -> dict[str, int]:
        return {"single": 1, "several": 3}

    def arms(self) -> tuple[Arm, ...]:
        once = (("write_steps", self.train_steps),)
        per_pattern = (
            ("write_steps", self.several_steps),
            ("read_steps", self.several_recall),
        )
        several = (1, 2, 3)
        train = Phase("train", (Write(0),))
        without = Phase("train", (Write(0, salience=0.0),))
        recall = Phase("recall", (Recall((0,)),))
        unscarred_recall = Phase("recall", (Recall((0,), controlled=False),))
        return (
            Arm("p1_scarred", (train,), medium=once),
            Arm("p1_unscarred", (without,), medium=once),
            Arm("p2_scarred", (train, recall), medium=once),
            Arm("p2_unscarred", (without, unscarred_recall), medium=once),
            Arm(
                "p3",
                (
                    Phase("train", rounds(several, 1)),
                    Phase("recall", (Recall(several, cue="stronger"),)),
                ),
                medium=per_pattern,
            ),
        )
