"""How wrong a cue may be, at which load; and where a memory goes from nowhere in particular."""

from collections.abc import Mapping
from itertools import pairwise
from typing import final

from pydantic.dataclasses import dataclass

from memlab.cues import Amplitude, CueMaker, Flip, Mask, Start
from memlab.protocol import Arm, Phase, Protocol, Recall, rounds
from memlab.protocols.bounds import Count, Gap, Part, rising
from memlab.protocols.cued import evenly


@final
@dataclass(frozen=True)
class Basin(Protocol):
    """Fill a memory to each load; at each, cue it ever worse, and start it at random states.

    Recalls lie on the axes *items* and one of *flips* (share of the values turned), *hidden* (share
    not given) and *amplitude* (factor on the pattern); random starts on the axis *start*.
    """

    loads: tuple[Count, ...] = (2, 6, 12)  # items learned
    asked: Count = 8  # items asked for at once, at most
    flips: tuple[Part, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    hidden: tuple[Part, ...] = (0.5, 0.75, 0.9)
    amplitudes: tuple[Part, ...] = (0.05, 0.15, 0.5)
    starts: Gap = 4  # rounds of random states, each of ``asked``

    def __post_init__(self) -> None:
        """Refuse a protocol that asks nothing, and axes that do not go up."""
        if not self.loads or not (self.flips or self.hidden or self.amplitudes or self.starts):
            raise ValueError("basin needs loads, and flips, hidden, amplitudes or starts to vary")
        for name in ("loads", "flips", "hidden", "amplitudes"):
            rising(name, vars(self)[name])

    def groups(self) -> dict[str, int]:
        return {"items": self.loads[-1]}

    def cues(self) -> Mapping[str, CueMaker]:
        made: dict[str, CueMaker] = {f"flips {share:g}": Flip(share=share) for share in self.flips}
        made |= {f"hidden {share:g}": Mask(keep=1 - share) for share in self.hidden}
        made |= {f"amplitude {x:g}": Amplitude(scale=x, sigma=0.0) for x in self.amplitudes}
        return made | {f"start {n}": Start() for n in range(self.starts)}

    def arms(self) -> tuple[Arm, ...]:
        phases: list[Phase] = []
        for before, load in pairwise((0, *self.loads)):
            phases.append(Phase(f"learn {load}", rounds(tuple(range(before, load)), 1)))
            phases += self._asked(load)
        return (Arm("filled", tuple(phases)),)

    def _asked(self, load: int) -> list[Phase]:
        """The recalls at one load."""
        axes = {"flips": self.flips, "hidden": self.hidden, "amplitude": self.amplitudes}
        axes["start"] = tuple(float(n) for n in range(self.starts))
        return [
            Phase(f"{load} items, {axis} {x:g}", (self._recall(load, axis, x),))
            for axis, values in axes.items()
            for x in values
        ]

    def _recall(self, load: int, axis: str, value: float) -> Recall:
        return Recall(
            evenly(load, self.asked),
            controlled=axis != "start",
            cue=f"{axis} {value:g}",
            at=(("items", float(load)), (axis, value)),
        )
