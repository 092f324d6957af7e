"""Bits that describe names by every code, and what each of their forms is made of."""

from memlab.draws import Draws
from memlab.statistics import estimate
from memlab.studies.plastic_tree.corpus import taken, written
from memlab.studies.plastic_tree.planted import described, grown
from memlab.studies.plastic_tree.row import AUTOMATON, BITS, FORMS, STATES, TREE, Row
from memlab.studies.plastic_tree.structure import power_of_children
from memlab.studies.study import singles
from memlab.text.automaton import minimal
from memlab.text.grammar import induced
from memlab.text.length import lengths
from memlab.text.twigs import twigs

PER_SYMBOL = "bits per symbol"
SHARED, MOST_LED_TO = "states that several edges lead to", "edges to the state most led to"
EDGES, RULES, LEAVES = "edges", "rules", "mean level of ends"
POWER = "power with which children grow rarer"


def bits_of(names: tuple[str, ...], count: int, draws: Draws) -> list[Row]:
    """The rows of all codes, of a random sample of names per replicate."""
    each = [codes(taken(names, count, one.at("worth"))) for one in singles(draws)]
    return [
        Row(BITS, count, form, PER_SYMBOL, estimate([one[form] for one in each]))
        for form in each[0]
    ]


def codes(names: list[str]) -> dict[str, float]:
    """Bits per symbol of a set of names by every code, and told by a tree while it learns."""
    return {**lengths(names), TREE: described(written(names)) / sum(map(len, names))}


def forms_of(names: tuple[str, ...], count: int, draws: Draws) -> list[Row]:
    """The rows that say what trie, automaton and grammar of the same names consist of."""
    each = [forms(taken(names, count, one.at("worth"))) for one in singles(draws)]
    return [
        Row(
            FORMS,
            count,
            form,
            measure,
            estimate([one[form, measure] for one in each]),
            least=1 if measure == SHARED else None,
        )
        for form, measure in each[0]
    ]


def forms(names: list[str]) -> dict[tuple[str, str], float]:
    """Sizes of each form; a trie is a tree, and its nodes are led to once."""
    tree = twigs(grown(written(names)))
    machine, grammar = minimal(names), induced(names)
    return {
        ("trie", "nodes"): len(tree.labels),
        ("trie", EDGES): len(tree.labels) - 1,
        ("trie", LEAVES): float(tree.level[tree.fan_out == 0].double().mean()),
        ("trie", POWER): power_of_children(tree),
        (AUTOMATON, STATES): len(machine.states),
        (AUTOMATON, EDGES): len(machine.edges()),
        (AUTOMATON, SHARED): sum(degree > 1 for degree in machine.in_degrees()),
        (AUTOMATON, MOST_LED_TO): max(machine.in_degrees()),
        ("grammar", RULES): len(grammar.rules),
    }
