"""Cues that a protocol sets by itself: a share of the values flipped."""

from collections.abc import Mapping

from memlab.cues import CueMaker, Flip

FLIPPED = "flipped"


def flipped(share: float | None) -> Mapping[str, CueMaker]:
    """The one further cue of a protocol that flips a share of the values; none for None."""
    return {} if share is None else {FLIPPED: Flip(share=share)}


def asking(share: float | None) -> str:
    """The name of the cue a protocol asks with; None leaves it to the run."""
    return "default" if share is None else FLIPPED


def evenly(count: int, asked: int) -> tuple[int, ...]:
    """At most so many of ``count`` items, spread evenly from the first to the last."""
    if asked >= count:
        return tuple(range(count))
    if asked == 1:
        return (count - 1,)
    return tuple(round(i * (count - 1) / (asked - 1)) for i in range(asked))
