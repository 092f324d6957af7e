"""Which measures are shown first, and for which of them the highest value is the best."""

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

# By the end of the name. What is not named here has no best: bytes, times, lengths and margins
# are neither good nor bad by themselves, and the others are halves of a trade. An empty answer has
# no background, and a full one covers everything; what was never learned is not forgotten either.
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
# Arms in which nothing was taught, controls, and margins of claims: no answer of theirs is better.
NEVER = ("control/", "unwritten/", "claim/", "lures_only/never_seen")


def more_is_better(measure: str) -> bool:
    """Whether the highest value is the best; of no measure that we have is it the lowest."""
    return measure.endswith(MORE_IS_BETTER) and not measure.startswith(NEVER)


def main(known: Sequence[str]) -> list[str]:
    """The measures that are shown if nobody asks for others."""
    return [name for name in known if name in MAIN] or list(known[:FIRST])


def chosen(patterns: Sequence[str], known: Sequence[str]) -> list[str]:
    """The measures that fit any of the patterns, in the order they are known."""
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise Refused(f"no run here has a measure {pattern}{suggestion(pattern, known)}")
    return [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]
