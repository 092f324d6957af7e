"""What the measured rows say of a plastic tree of names."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from memlab.studies.plastic_tree.growth import ORDERS, QUADRATIC
from memlab.studies.plastic_tree.laws import CHOSEN, LOSS
from memlab.studies.plastic_tree.row import (
    AUTOMATON,
    BITS,
    CODE,
    EXPONENTS,
    FAN_OUT,
    FORMS,
    GROWTH,
    LAWS,
    LEVELS,
    NODES,
    PARTING,
    PUBLISHED,
    RADIX,
    SECONDS,
    STATES,
    TREE,
    Row,
    less,
    mean,
    those,
)
from memlab.studies.plastic_tree.structure import AT_LEVEL, WITH_CHILDREN
from memlab.studies.plastic_tree.worth import (
    EDGES,
    LEAVES,
    MOST_LED_TO,
    PER_SYMBOL,
    POWER,
    RULES,
    SHARED,
)

if TYPE_CHECKING:
    from memlab.studies.study import Saying

DEEPER = (  # each form, what it shares, and the one that does without
    ("trie", "Sharing how names begin, in a trie,", "adaptive", "of letters by their frequency"),
    (AUTOMATON, "Sharing also how they end, in an automaton,", "trie", "of the trie"),
    ("grammar", "Naming the pieces they have in common", "adaptive", "of letters by frequency"),
    (
        TREE,
        "Foretelling them from all contexts, as the tree does,",
        AUTOMATON,
        "of the automaton",
    ),
)
PACKED = {"zlib": "zlib", "lzma": "LZMA"}
FORMS_TOLD = {
    TREE: "the tree, foretelling,",
    AUTOMATON: "an automaton",
    "trie": "a trie",
    "adaptive": "letters by frequency",
    **PACKED,
}
WORTH = 0.005  # bits per symbol that are not told from none


def verdict(rows: Sequence[Row]) -> list[str]:
    """Sentences, each only if the rows bear it out."""
    said: tuple[Saying[Row], ...] = (
        _time,
        _size,
        _bits,
        _order,
        _worth,
        _packed,
        _dag,
        _shape,
        _laws,
    )
    return [sentence for part in said for sentence in part(rows)]


def _time(rows: Sequence[Row]) -> Iterator[str]:
    """How learning time grows, and how much longer others take."""
    own, largest = those(rows, EXPONENTS, TREE, SECONDS)[0], those(rows, GROWTH, TREE, SECONDS)[-1]
    kind = "no faster than linearly" if own.holds else "faster than linearly"
    yield (
        f"Learning time grows {kind}, as n^{own.measured.mean:.2f}: {largest.level:,} names take "
        f"{largest.measured.mean:.2g} s of a core, a radix trie in Python "
        f"{_times(rows, RADIX, largest):.1f} times as long."
    )
    slow = those(rows, EXPONENTS, PUBLISHED, SECONDS)[0].measured.mean
    last = those(rows, GROWTH, PUBLISHED, SECONDS)[-1]
    if slow >= QUADRATIC[0]:
        ahead = last.measured.mean * (largest.level / last.level) ** slow
        yield (
            f"The published algorithm takes n^{slow:.2f}: {last.measured.mean:.2g} s for "
            f"{last.level:,} names, and at that power {_span(ahead)} for {largest.level:,}."
        )


def _span(seconds: float) -> str:
    units = (("hours", 3600), ("minutes", 60), ("s", 1))
    unit, long = next((u for u in units if seconds >= 2 * u[1]), units[-1])
    return f"{seconds / long:.2g} {unit}"


def _times(rows: Sequence[Row], form: str, beside: Row) -> float:
    return mean(rows, GROWTH, form, SECONDS) / beside.measured.mean


def _size(rows: Sequence[Row]) -> Iterator[str]:
    """How many nodes a name takes."""
    nodes = those(rows, GROWTH, TREE, NODES)[-1]
    power = mean(rows, EXPONENTS, TREE, NODES)
    if power < 1:
        parting = mean(rows, GROWTH, TREE, PARTING)
        yield (
            f"Memory grows more slowly than what is learned, as n^{power:.2f}: "
            f"{nodes.measured.mean / nodes.level:.1f} nodes a name in the end, of which "
            f"{parting / nodes.level:.2f} are of the radix form."
        )


def _bits(rows: Sequence[Row]) -> Iterator[str]:
    """How what describes the names grows, by each code."""
    kinds = {row.form for row in rows if (row.table, row.measure) == (EXPONENTS, CODE)}
    told = sorted((mean(rows, EXPONENTS, form, CODE), form) for form in kinds)
    last = those(rows, GROWTH, TREE, CODE)[-1]
    each = ", ".join(
        f"{FORMS_TOLD[form]} n^{power:.2f} ({mean(rows, GROWTH, form, CODE) / last.level:.1f})"
        for power, form in told
    )
    yield f"Bits that describe the names, and how many a name of {last.level:,} takes: {each}."


def _order(rows: Sequence[Row]) -> Iterator[str]:
    differ = those(rows, GROWTH, TREE, ORDERS)[-1]
    if differ.holds:
        yield (
            f"The order of names leaves no trace: learned in another one, the tree of "
            f"{differ.level:,} is the same to the last byte in all {differ.measured.n} replicates."
        )
    else:
        yield "The tree depends on the order of names, which it must not."


def _worth(rows: Sequence[Row]) -> Iterator[str]:
    """What each further abstraction is worth, by its difference over replicates."""
    for form, told, other, named in DEEPER:
        one, beside = (those(rows, BITS, name, PER_SYMBOL)[0] for name in (form, other))
        found = less(one, beside)
        low = found.mean if found.low is None else found.low
        what = f"is worth {found.mean:.2f} bits per symbol" if low > WORTH else "is worth nothing"
        values = f"{one.measured.mean:.2f} instead of {beside.measured.mean:.2f}"
        yield f"{told} {what}: {values} {named}."


def _packed(rows: Sequence[Row]) -> Iterator[str]:
    """Which forms are shorter than what packs any file."""
    bits = {row.form: row.measured.mean for row in rows if row.table == BITS}
    best = min(PACKED, key=lambda form: bits[form])
    shorter = [form for form, value in bits.items() if form not in PACKED and value < bits[best]]
    if shorter:
        each = ", ".join(
            f"{form} ({bits[form]:.2f})" for form in sorted(shorter, key=lambda one: bits[one])
        )
        yield f"Shorter than {PACKED[best]} ({bits[best]:.2f} bits per symbol): {each}."


def _dag(rows: Sequence[Row]) -> Iterator[str]:
    """Whether anything is shared, and how much of it there is."""
    shared = those(rows, FORMS, AUTOMATON, SHARED)[0]
    sizes = {
        key: mean(rows, FORMS, *key)
        for key in (
            *(("trie", "nodes"), ("trie", EDGES), (AUTOMATON, STATES), (AUTOMATON, EDGES)),
            ("grammar", RULES),
        )
    }
    yield (
        f"The radix trie is a tree of {sizes['trie', 'nodes']:,.0f} nodes, each with one way in. "
        f"The automaton of the same names has {sizes['automaton', STATES]:,.0f} states and "
        f"{sizes['automaton', EDGES]:,.0f} edges, the grammar {sizes['grammar', RULES]:,.0f} rules."
    )
    if shared.holds:
        share = shared.measured.mean / sizes[AUTOMATON, STATES]
        most = mean(rows, FORMS, AUTOMATON, MOST_LED_TO)
        yield (
            f"It is no tree: {share:.0%} of its states are led to by several edges, one by "
            f"{most:,.0f}."
        )


def _shape(rows: Sequence[Row]) -> Iterator[str]:
    """Levels, and how names part."""
    levels, ways = those(rows, LEVELS, TREE, AT_LEVEL), those(rows, FAN_OUT, TREE, WITH_CHILDREN)
    two = next((row.measured.mean for row in ways if row.level == 2), 0.0)
    yield (
        f"There are {len(levels)} levels; a name ends at level "
        f"{mean(rows, FORMS, 'trie', LEAVES):.2f} on average. Of the nodes where names part, "
        f"{two:.0%} have two children and the widest {ways[-1].level}; k children are about as "
        f"frequent as k^-{mean(rows, FORMS, 'trie', POWER):.1f}."
    )


def _laws(rows: Sequence[Row]) -> Iterator[str]:
    """Which setting foretells best what was kept for the choice, and what the chosen one costs."""
    every = [row for row in rows if row.table == LAWS and row.measure == LOSS]
    last = [row for row in every if row.level == every[-1].level]
    best = min(last, key=lambda row: row.measured.mean)
    (own,) = (row for row in last if row.form == CHOSEN)
    others = [row for row in last if row.form.startswith("Witten")]
    rival = min(others, key=lambda row: row.measured.mean)
    lost = less(best, own)
    yield (
        f"Of {len(last)} laws and constants, read after {own.level:,} names on others kept for "
        f"this choice, {best.form!r} foretells best, by {lost.rounded(4)} nats per symbol over the "
        f"one chosen ({own.measured.mean:.3f}); {rival.form!r} takes {rival.measured.mean:.3f}."
    )
