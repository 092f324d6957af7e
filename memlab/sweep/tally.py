"""How the jobs of a sweep ended, in words."""

from collections import Counter
from collections.abc import Sequence

from memlab.record.outcome import Outcome, Status
from memlab.record.place import LOG

NOTHING = "it left no outcome: its process ended before it began, or never started"


def told(outcomes: Sequence[Outcome]) -> str:
    """How many jobs there are of each kind, then every one that should have finished and did not.

    Those are told with what they were asked, what went wrong and where their log is.
    """
    count = Counter(outcome.status for outcome in outcomes)
    before = sum(outcome.reused for outcome in outcomes)
    again = f" ({before} of them before)" if before else ""
    lines = [f"{count[Status.FINISHED]} of {len(outcomes)} jobs finished{again}."]
    if not outcomes:
        lines = ["All jobs were done before."]
    if count[Status.PRUNED]:
        lines.append(f"{count[Status.PRUNED]} were given up: no better than half of those before.")
    for outcome in outcomes:
        if outcome.code:
            lines += [
                f"{outcome.status}: {' '.join(asked(outcome))}",
                *(f"  {line}" for line in outcome.message.splitlines()),
                f"  log: {outcome.folder}/{LOG}",
            ]
    return "\n".join(lines) + "\n"


def interrupted(outcomes: Sequence[Outcome]) -> str:
    """What was done until somebody stopped the sweep, and what was not."""
    begun = [outcome for outcome in outcomes if outcome.message != NOTHING]
    waiting = len(outcomes) - len(begun)
    rest = f"{waiting} were not begun; " if waiting else ""
    done = told(begun) if begun else ""
    return f"\n{done}interrupted; {rest}the same command goes on where this one stopped.\n"


def asked(outcome: Outcome) -> list[str]:
    """What a job was asked, without what only says how to look at it."""
    return [word for word in outcome.overrides if not word.startswith("sweep.")]
