"""A comparison in words: the cells that tables on the terminal, in Markdown and in HTML share."""

from collections import Counter
from collections.abc import Sequence

from memlab.absent import Absent
from memlab.compare.comparison import ALPHA, ENOUGH, Comparison, Difference, Entry, Unit
from memlab.compare.settings import Setting
from memlab.statistics import Estimate, smallest_p

BEST = "★"
NONE = "–"
NAMED = 8  # settings or seeds that a sentence lists


def mean(entry: Entry) -> str:
    """The mean of a setting with its interval."""
    return span(entry.estimate)


def span(value: Estimate | Absent) -> str:
    """Mean and interval; the mean alone where one value has no interval."""
    if isinstance(value, Absent):
        return NONE
    return str(value).removesuffix(" (n = 1, no interval)")


def count(value: Estimate | Absent) -> str:
    """How many units a number rests on."""
    return "0" if isinstance(value, Absent) else str(value.n)


def difference(entry: Entry) -> str:
    """A setting less the baseline, with interval."""
    found = entry.difference
    if found is None:
        return "baseline"
    if isinstance(found, Absent):
        return found.reason
    sign = "+" if found.estimate.mean > 0 else ""
    return sign + span(found.estimate)


def pairs(entry: Entry) -> str:
    """How many pairs a difference rests on."""
    return str(entry.difference.estimate.n) if isinstance(entry.difference, Difference) else ""


def p_value(p: float) -> str:
    """A p as it is printed in papers."""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def tested(entry: Entry) -> tuple[str, str]:
    """The p of a difference, plain and corrected; empty where there is none."""
    found = entry.difference
    if not isinstance(found, Difference):
        return "", ""
    return p_value(found.p), p_value(found.p_holm)


def result(entry: Entry) -> str:
    """What a difference says."""
    found = entry.difference
    if not isinstance(found, Difference):
        return ""
    if found.shown:
        return "higher" if found.estimate.mean > 0 else "lower"
    return f"n = {found.estimate.n} is too few" if found.hopeless else "not shown"


def tally(verdicts: Counter[str]) -> str:
    """``holds 4 of 5`` for one claim in one setting, every verdict with its count."""
    total = sum(verdicts.values())
    if not total:
        return NONE
    return ", ".join(f"{name} {number} of {total}" for name, number in verdicts.most_common())


def notes(comparison: Comparison) -> list[str]:
    """What the numbers are, what they were corrected over and how far they carry."""
    lines = [_unit(comparison)]
    if len(comparison.settings) == 1:
        lines.append("There is one setting alone, so nothing is compared.")
    else:
        lines += [_paired(comparison), *limits(comparison)]
    return [*lines, *legend(comparison)]


def limits(comparison: Comparison) -> list[str]:
    """What stands in the way of showing a difference."""
    return [*_reach(comparison), *_uneven(comparison)]


def legend(comparison: Comparison) -> list[str]:
    """What the mark means, where there is one."""
    if any(one.best for entries in comparison.measures.values() for one in entries.values()):
        return [
            f"{BEST} best mean: the highest, or the lowest of what is a loss or a cost; only of "
            "measures for which one end is better by itself."
        ]
    return []


def _unit(comparison: Comparison) -> str:
    several = {len(values) for trial in _trials(comparison) for values in trial.values()}
    if comparison.unit is Unit.SEEDS:
        inside = _numbers(several)
        what = f"each n counts seeds; the value of a seed is its mean over {inside} replicates"
    else:
        seeds = dict.fromkeys(seed for setting in comparison.settings for seed in setting.seeds)
        what = f"each n counts the replicates of one run, {_listed('seed', list(seeds))}"
    return f"Mean and 95 % BCa interval; {what}."


def _trials(comparison: Comparison) -> list[dict[str, tuple[float, ...]]]:
    return [trial.outcome.values for one in comparison.settings for trial in one.trials]


def _numbers(found: set[int]) -> str:
    return "to ".join(f"{n} " for n in sorted({min(found), max(found)})).strip() if found else "all"


def _paired(comparison: Comparison) -> str:
    by = "seed" if comparison.unit is Unit.SEEDS else "replicate"
    others = len(comparison.settings) - 1
    over = f"Holm over the {others} settings compared" if others > 1 else "a single comparison"
    return (
        f"Differences are to {comparison.baseline}, paired by {by}; p is that of the exact "
        f"sign-flip test, corrected within each measure ({over}), not over measures."
    )


def _reach(comparison: Comparison) -> list[str]:
    """Why nothing could be shown, where it could not."""
    hopeless = [
        one
        for entries in comparison.measures.values()
        for one in (entry.difference for entry in entries.values())
        if isinstance(one, Difference) and one.hopeless
    ]
    lines = list(dict.fromkeys(_beyond(one.estimate.n, one.compared) for one in hopeless))[:NAMED]
    if any(one.estimate.n < ENOUGH for one in hopeless):
        lines.append(f"Exploratory: a test needs at least {ENOUGH} {comparison.unit}.")
    return lines


def _beyond(n: int, others: int) -> str:
    least = smallest_p(n)
    times = f", {p_value(min(1.0, others * least))} after {others} comparisons"
    return (
        f"No difference can be shown with n = {n}: the smallest p is {p_value(least)}"
        f"{times if least <= ALPHA else ''}, above {p_value(ALPHA)}."
    )


def _uneven(comparison: Comparison) -> list[str]:
    """Which settings lack seeds that others have."""
    every = list(dict.fromkeys(seed for one in comparison.settings for seed in one.seeds))
    short = [one for one in comparison.settings if set(one.seeds) != set(every)]
    if not short or comparison.unit is Unit.REPLICATES:
        return []
    told = [f"{one.name} has {_seeds(one)}" for one in short[:NAMED]]
    more = [f"{len(short) - NAMED} more lack some"] if len(short) > NAMED else []
    return [
        f"Seeds are not the same everywhere ({_listed('all: seed', every)}; "
        f"{'; '.join([*told, *more])}): differences rest on those in common."
    ]


def _seeds(setting: Setting) -> str:
    return _listed("seed", list(setting.seeds))


def _listed(word: str, some: Sequence[str]) -> str:
    """``seeds 1, 2, 3``; a long list is cut."""
    shown = ", ".join(some[:NAMED]) + (f" … ({len(some)})" if len(some) > NAMED else "")
    return f"{word}{'s' if len(some) != 1 else ''} {shown}"
