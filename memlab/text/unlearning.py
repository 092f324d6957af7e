"""Whether all of several strings can be unlearned, found out before the first of them is."""

from collections.abc import Sequence

from memlab.text.tree import FAINT

HAIR = 5e-10  # of a count that rounding may have left; the core allows twice as much


def check_learned(
    texts: Sequence[str], counts: Sequence[float], weight: float, *, keep: float
) -> None:
    """Raise LookupError for the first string of which less is left than it is to lose.

    ``counts`` is what each was learned before the first of them; every string leaves ``keep`` of
    what was before it, and one that comes again finds what is left. Never less strict than the
    core, so that it refuses none of them afterwards.
    """
    left: dict[str, tuple[float, int]] = {}  # of each string, after so many
    for n, (text, before) in enumerate(zip(texts, counts, strict=True), 1):
        count, after = left.get(text, (before, 0))
        there = count * keep ** (n - after)
        if there <= FAINT or there < weight * (1 - HAIR):
            raise LookupError(
                f"what is unlearned must have been learned as often, but string {n - 1}, "
                f"{text!r}, counts {max(there, 0.0):.6g} and is to lose {weight:.6g}"
            )
        left[text] = there - weight, n
