"""Which measures are shown first, and which value of a measure is the best."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from memlab.app.schema import Refused, suggestion

# what a reader looks at first: how well it is recalled, how much of that is left
MAIN = (
    "recall/hidden_pearson",
    "recall/pearson",
    "recall/skill",
    "before/hidden_pearson",
    "after/hidden_pearson",
    "after/pearson",
    "after/skill",
    "after/identification",
    "forgetting/retention",
    "p1/scarred_final",
    "p2/scarred",
    "p2/unscarred",
    "p3/mean",
    "p3/worst",
)
FIRST = 8  # measures shown where none of those was taken

# By the end of the name. What is named in neither list has no best: times, lengths and margins are
# neither good nor bad by themselves, and coverage is half of a trade.
MORE_IS_BETTER = (
    "pearson",
    "cosine",
    "iou",
    "skill",
    "accuracy",
    "identification",
    "specificity",
    "cue_dependence",
    "bits",
    "bits_of_identity",
    "bits_per_byte",
)
# Costs and losses. A medium that learns nothing has none of them, so these are to be read beside
# what is recalled.
LESS_IS_BETTER = (
    "background",
    "faded",
    "forgetting/decay",
    "forgetting/retroactive",
    "forgetting/proactive",
    "memory/bytes",
)
# Arms in which nothing was taught, controls, and margins of claims: no answer of theirs is better.
NEVER = ("control/", "unwritten/", "claim/", "lures_only/never_seen")


def direction(measure: str) -> int:
    """1 where the highest value is the best, -1 where the lowest is, 0 where none is."""
    if measure.startswith(NEVER):
        return 0
    return measure.endswith(MORE_IS_BETTER) - measure.endswith(LESS_IS_BETTER)


def main(known: Sequence[str]) -> list[str]:
    """The measures that are shown if nobody asks for others."""
    return [name for name in known if name in MAIN] or list(known[:FIRST])


def chosen(patterns: Sequence[str], known: Sequence[str]) -> list[str]:
    """The measures that fit any of the patterns, in the order they are known."""
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise Refused(f"no run here has a measure {pattern}{suggestion(pattern, known)}")
    return [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]
