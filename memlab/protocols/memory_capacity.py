"""How much of the past a medium tells: it learns to say what noise was, at several amplitudes."""

from typing import Annotated, TypeAlias, final

from pydantic import Field
from pydantic.dataclasses import dataclass

from memlab.protocol import Arm, Phase, Protocol, Recall, rounds
from memlab.protocols.bounds import Count

Scale: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]


@final
@dataclass(frozen=True)
class MemoryCapacity(Protocol):
    """One arm for each scale of the input: present the noise, ask for what was held out of it.

    Item k must have the k-th scale, as ``patterns=past`` gives them. The recalls lie on the axis
    *scale*. Every control is asked at those that are ``controlled``.
    """

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (0.01, 0.1, 0.3, 1.0)
    controlled: tuple[Scale, ...] = (0.1,)  # of the scales
    presentations: Count = 1  # of the noise

    def __post_init__(self) -> None:
        """Refuse controls at scales that there are not."""
        if unknown := set(self.controlled) - set(self.scales):
            raise ValueError(f"controlled must be among {self.scales}, got {sorted(unknown)}")

    def groups(self) -> dict[str, int]:
        return {"noise": len(self.scales), "others": 1}

    def arms(self) -> tuple[Arm, ...]:
        arms = []
        for item, scale in enumerate(self.scales):
            asked = Recall((item,), controlled=scale in self.controlled, at=(("scale", scale),))
            learn = Phase("learn", rounds((item,), self.presentations))
            arms.append(Arm(f"scale_{scale}", (learn, Phase("recall", (asked,)))))
        return tuple(arms)
